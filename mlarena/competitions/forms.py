"""The wing's forms. They carry what was typed; the verbs decide, and their words come back to the fields."""

from __future__ import annotations

from flask_wtf.file import FileField, FileRequired
from wtforms import StringField

from mlarena.accounts.forms import NEEDED, Form


class PredictionsForm(Form):
    predictions_file = FileField(
        "Your predictions", [FileRequired("Choose the CSV file of your predictions first.")]
    )


class TeamForm(Form):
    name = StringField("The team’s name", [NEEDED], render_kw={"maxlength": 40, "dir": "auto"})


class JoinForm(Form):
    code = StringField(
        "Invitation code",
        [NEEDED],
        render_kw={"maxlength": 32, "autocomplete": "off", "autocapitalize": "off"},
    )
