"""The organiser's forms. What they carry is held against the same shapes as the API's bodies (schemas.py)."""

from __future__ import annotations

from typing import Any

from flask_wtf.file import FileField, FileRequired
from pydantic import ValidationError
from wtforms import (
    BooleanField,
    FloatField,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Optional

from mlarena.accounts.clashes import Reread
from mlarena.accounts.forms import NEEDED, Form
from mlarena.accounts.moments import moments, show_moments, when
from mlarena.competitions.models import Competition
from mlarena.competitions.schemas import CompetitionIn
from mlarena.core.errors import Invalid
from mlarena.scoring.metrics import METRICS

TIMES = ("starts_at", "ends_at", "teams_until")
WHOLE = ("daily_limit", "failed_limit", "team_size", "upload_mb", "xp_reward")
TEXTS = ("title", "summary", "metric", "description", "data_page", "evaluation_page", "rules_page")
# What is Kaggle's to say of a competition that is held there.
OF_HOSTED = (
    *("metric", "public_share", "ladder_step", "starts_at", "ends_at", "teams_until"),
    *("daily_limit", "failed_limit", "team_size", "upload_mb"),
)
PAGE = {"rows": 8, "maxlength": 50_000, "dir": "auto", "spellcheck": "true"}


def _metrics() -> list[tuple[str, str]]:
    return [(name, one.label) for name, one in METRICS.items() if one.takes]


class CompetitionForm(Reread, Form):
    """Everything that may be said of a competition. Times are in the organiser's own zone."""

    title = StringField("Title", [NEEDED], render_kw={"maxlength": 128, "dir": "auto"})
    summary = StringField("In one line", render_kw={"maxlength": 300, "dir": "auto"})
    metric = SelectField("Metric", choices=_metrics)
    starts_at = when("Opens")
    ends_at = when("Closes")
    description = TextAreaField("Overview", render_kw=PAGE | {"rows": 12})
    data_page = TextAreaField("About the data", render_kw=PAGE)
    evaluation_page = TextAreaField("How it is evaluated", render_kw=PAGE)
    rules_page = TextAreaField("Rules of your own", render_kw=PAGE)
    public_percent = IntegerField(
        "Public rows, in %", default=30, render_kw={"min": 1, "max": 99, "inputmode": "numeric"}
    )
    daily_limit = IntegerField("Submissions a day", default=5, render_kw={"min": 1, "max": 1000})
    failed_limit = IntegerField(
        "Uploads a day that may fail", default=20, render_kw={"min": 1, "max": 1000}
    )
    team_size = IntegerField("People in a team", default=1, render_kw={"min": 1, "max": 50})
    teams_until = when("Teams form until", Optional())
    upload_mb = IntegerField("Largest file, in MB", [Optional()], render_kw={"min": 1, "max": 2048})
    xp_reward = IntegerField("XP", default=100, render_kw={"min": 0, "max": 10_000})
    ladder_step = FloatField(
        "The Ladder’s step", [Optional()], render_kw={"min": 0, "step": "any", "type": "number"}
    )
    rated = BooleanField("It changes ratings", default=True)

    def show_of(self, competition: Competition, zone: str) -> CompetitionForm:
        """Filled with what the competition says now."""
        for name in (*TEXTS, *WHOLE, "ladder_step", "rated"):
            self[name].data = getattr(competition, name)
        show_moments(self, TIMES, zone, competition)
        self.public_percent.data = round(competition.public_share * 100)
        return self

    def for_kaggle(self) -> CompetitionForm:
        """Without the fields that are not asked for where the competition is held at Kaggle."""
        for name in {*OF_HOSTED, "public_percent"} - {"public_share"}:
            del self[name]
        return self

    def fields(self, zone: str, known: Competition | None = None) -> dict[str, Any]:
        """As `authoring` takes them. Raises Invalid naming each field at fault."""
        if known is not None and not known.hosted:
            return self._of_mirror(known)
        given: dict[str, Any] = {name: self[name].data or "" for name in TEXTS}
        given |= moments(self, TIMES, zone, known)
        given |= {name: self[name].data for name in WHOLE}
        given |= {"ladder_step": self.ladder_step.data, "rated": bool(self.rated.data)}
        # A share that nobody has touched stays what it was to the last digit.
        percent = self.public_percent.data
        if known is not None and percent == round(known.public_share * 100):
            given["public_share"] = known.public_share
        elif percent is not None:
            given["public_share"] = percent / 100
        else:
            given["public_share"] = None
        return _checked(given)

    def _of_mirror(self, known: Competition) -> dict[str, Any]:
        ours = [name for name in (*TEXTS, *WHOLE) if name not in OF_HOSTED]
        given = {name: self[name].data for name in ours} | {"rated": bool(self.rated.data)}
        given |= {name: given[name] or "" for name in TEXTS if name in given}
        return _checked(given, metric="rmse", starts_at=known.starts_at, ends_at=known.ends_at)


def _checked(given: dict[str, Any], **besides: Any) -> dict[str, Any]:
    """`given` as the API's body has it, which wants to hear `besides` as well."""
    try:
        checked = CompetitionIn.model_validate(besides | given)
    except ValidationError as error:
        raise Invalid("Some of the values are not right.", _by_field(error)) from None
    return {name: getattr(checked, name) for name in given}


def _by_field(error: ValidationError) -> dict[str, list[str]]:
    """Pydantic's findings by the names of the form's fields, in words for who filled it in."""
    found: dict[str, list[str]] = {}
    for detail in error.errors(include_url=False, include_input=False):
        name, limits = str(detail["loc"][0]), detail.get("ctx", {})
        words = detail["msg"].removeprefix("Value error, ")
        if detail["type"] in ("datetime_type", "int_type", "float_type", "missing"):
            words = "This cannot be empty."
        elif name == "public_share":
            words = "A whole number from 1 to 99."
        elif "ge" in limits:
            words = f"At least {limits['ge']:,}."
        elif "gt" in limits:
            words = f"More than {limits['gt']:g}."
        elif "le" in limits:
            words = f"At most {limits['le']:,}."
        found.setdefault("public_percent" if name == "public_share" else name, []).append(words)
    return found


class AnswersForm(Form):
    answers_file = FileField("The answers (CSV)", [FileRequired("Choose the answer file first.")])
    sample_file = FileField("A sample submission (CSV, optional)")


class DataForm(Form):
    data_file = FileField("A file for everybody", [FileRequired("Choose the file first.")])
    note = StringField("What it is, in a few words", render_kw={"maxlength": 300, "dir": "auto"})


class BaselineForm(Form):
    predictions_file = FileField(
        "Predictions (CSV)", [FileRequired("Choose the file of predictions first.")]
    )
    name = StringField("The baseline’s name", [NEEDED], render_kw={"maxlength": 40, "dir": "auto"})
