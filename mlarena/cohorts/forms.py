"""The forms of cohorts. Times are on the cohort's own clock; the verbs decide, and their words come back."""

from __future__ import annotations

import math
from typing import Any

from flask import request
from flask_wtf.file import FileField, FileRequired
from wtforms import (
    BooleanField,
    FloatField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Optional

from mlarena.accounts import names
from mlarena.accounts.clashes import Reread
from mlarena.accounts.forms import NEEDED, Form
from mlarena.accounts.moments import moments, show_moments, when
from mlarena.cohorts.models import Assignment, Cohort

TIMES = ("opens_at", "due_at")
PAGE = {"rows": 5, "maxlength": 10_000, "dir": "auto", "spellcheck": "true"}


class CohortForm(Reread, Form):
    title = StringField("Name", [NEEDED], render_kw={"maxlength": 128, "dir": "auto"})
    description = TextAreaField("About it", render_kw=PAGE)
    timezone = SelectField("Time zone", choices=lambda: sorted(names.timezones()))
    names = RadioField(
        "On its board stand",
        choices=lambda: [
            ("usernames", "user names"),
            ("nicknames", "nicknames that learners choose"),
        ],
        default="usernames",
    )
    drop_lowest = IntegerField(
        "Lowest assignments that do not count",
        [Optional()],
        default=0,
        render_kw={"min": 0, "max": 20},
    )

    def fields(self) -> dict[str, Any]:
        given = self.values("title", "description", "timezone", "names")
        return given | {"drop_lowest": self.drop_lowest.data or 0}

    def show_of(self, cohort: Cohort) -> CohortForm:
        for name in ("title", "description", "timezone", "names", "drop_lowest"):
            self[name].data = getattr(cohort, name)
        return self


class AssignmentForm(Reread, Form):
    title = StringField("Title", [NEEDED], render_kw={"maxlength": 128, "dir": "auto"})
    note = TextAreaField("What to say about it (Markdown)", render_kw=PAGE)
    opens_at = when("Opens", Optional())
    due_at = when("Due", Optional())
    late_days = IntegerField(
        "Days late that are accepted", [Optional()], default=0, render_kw={"min": 0, "max": 365}
    )
    late_percent = FloatField(
        "Percent off for each day late",
        [Optional()],
        default=0,
        render_kw={"min": 0, "max": 100, "step": "any", "type": "number"},
    )
    weight = FloatField(
        "Weight", [Optional()], default=1, render_kw={"min": 0, "step": "any", "type": "number"}
    )
    counts = RadioField(
        "Of several attempts counts",
        choices=lambda: [("best", "the best"), ("last", "the last")],
        default="best",
    )
    partial = BooleanField("A score below passing counts for what it is", default=True)

    def fields(self, zone: str, known: Assignment | None = None) -> dict[str, Any]:
        """As `assignments` takes them. Raises Invalid naming each field at fault."""
        given: dict[str, Any] = self.values("title", "note", "counts")
        given |= moments(self, TIMES, zone, known)
        weight = self.weight.data
        return given | {
            "late_days": self.late_days.data or 0,
            "late_percent": self.late_percent.data or 0.0,
            "weight": 1.0 if weight is None else weight,
            "partial": bool(self.partial.data),
        }

    def show_of(self, assignment: Assignment, zone: str) -> AssignmentForm:
        for name in ("title", "note", "late_days", "late_percent", "weight", "counts", "partial"):
            value = getattr(assignment, name)
            whole = isinstance(value, float) and value.is_integer()
            self[name].data = int(value) if whole else value
        show_moments(self, TIMES, zone, assignment)
        return self


def chosen_tasks() -> dict[int, float]:
    """The tasks ticked in the form and their points. Raises Invalid for points that are no number."""
    chosen: dict[int, float] = {}
    for task_id in request.form.getlist("tasks", type=int):
        typed = request.form.get(f"points-{task_id}", "").strip() or "1"
        try:
            chosen[task_id] = float(typed.replace(",", "."))
        except ValueError:
            chosen[task_id] = math.nan
    return chosen


class RosterForm(Form):
    roster_file = FileField("A class list (CSV)", [FileRequired("Choose the list first.")])


class StaffForm(Form):
    instructor = StringField("User name or e-mail of an instructor", [NEEDED])


class SayingForm(Form):
    title = StringField("Headline", [NEEDED], render_kw={"maxlength": 128, "dir": "auto"})
    body = TextAreaField("Text (Markdown)", render_kw=PAGE)


class AnnouncementForm(Reread, SayingForm):
    audience = SelectField("To")


class ExtensionForm(Form):
    due_at = when("Due for this learner", NEEDED)
    why = StringField("Why", render_kw={"maxlength": 300, "dir": "auto"})


class OverrideForm(Form):
    percent = FloatField(
        "Grade in percent",
        [Optional()],
        render_kw={"min": 0, "max": 100, "step": "any", "type": "number"},
    )
    reason = StringField("Why", [NEEDED], render_kw={"maxlength": 300, "dir": "auto"})


class JoinForm(Form):
    code = StringField(
        "Join code",
        [NEEDED],
        render_kw={"maxlength": 16, "autocomplete": "off", "spellcheck": "false"},
    )
    nickname = StringField("Nickname", render_kw={"maxlength": 40, "dir": "auto"})
