"""The forms of reports: a few words, and whether that closes it."""

from __future__ import annotations

from wtforms import BooleanField, TextAreaField

from mlarena.accounts.forms import NEEDED, Form
from mlarena.reports.service import LONGEST

WORDS = {"rows": 5, "maxlength": LONGEST, "dir": "auto", "spellcheck": "true"}


class ReportForm(Form):
    text = TextAreaField("What is wrong?", [NEEDED], render_kw=WORDS)


class ReplyForm(Form):
    text = TextAreaField("Your reply", [NEEDED], render_kw=WORDS)
    close = BooleanField("This closes it", default=True)
