"""The forms that challenges are written with. They carry what was typed; `contents` and the verbs decide, and
their words come back to the fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, FormField, HiddenField, SelectField, StringField
from wtforms import Form as Part
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Optional

from mlarena.accounts.moments import when
from mlarena.challenges.catalogue import catalogue
from mlarena.challenges.contents.base import MOST_CASES as MOST_CODING_CASES
from mlarena.challenges.contents.knowledge import MOST_QUESTIONS
from mlarena.challenges.form_fields import (
    Arguments,
    Faulty,
    Figure,
    Json,
    Lines,
    Rows,
    Text,
    Whole,
)
from mlarena.challenges.models import DIFFICULTIES
from mlarena.challenges.sql.spec import MOST_CASES as MOST_SQL_CASES
from mlarena.challenges.sql.spec import MOST_TIME_LIMIT_MS

NEEDED = InputRequired("This cannot be empty.")
MOST_HINTS, MOST_CHOICES = 20, 20
NEW_QUESTION: dict[str, Any] = {"choices": [{}, {}, {}, {}]}


def _choices(words: Mapping[str, str]) -> list[SelectChoice]:
    return [SelectChoice(value, word) for value, word in words.items()]


def _categories() -> list[SelectChoice]:
    return _choices({"": "None"} | {one.slug: one.name for one in catalogue().categories})


class HintRow(Part):
    text = Text("Hint")
    cost = Whole("Costs", 0, 10_000, default=0)


class CaseRow(Part):
    name = StringField("Name", render_kw={"maxlength": 80})
    weight = Whole("Weight", 1, 1000, default=1)
    is_visible = BooleanField("Visible")


class SqlCaseRow(CaseRow):
    script = Text("Data")
    is_benchmark = BooleanField("Benchmark")


class CodingCaseRow(CaseRow):
    args = Arguments("Called with")
    expected = Json("Expected")


class ChoiceRow(Part):
    text = StringField("Choice", render_kw={"maxlength": 500})
    is_right = BooleanField("Right")


class QuestionRow(Part):
    """One question, with the fields of all kinds: what was typed for one stays when another is chosen."""

    kind = SelectField(
        "Kind",
        choices=_choices(
            {
                "single": "One choice is right",
                "multiple": "Several choices are right",
                "text": "A short text",
                "number": "A number",
            }
        ),
    )
    prompt = Text("Question")
    weight = Whole("Counts", 1, 1000, default=1)
    choices = Rows(FormField(ChoiceRow), "Choices", MOST_CHOICES, skips_blank=True)
    accepted = Text("Accepted answers, one a line")
    number = StringField("Right number")
    tolerance = Figure("Tolerance (±)", 0, 1e12, default=0.0)
    case_sensitive = BooleanField("Capitals count")
    accents_count = BooleanField("Accents count")
    spaces_count = BooleanField("Spaces count")
    explanation = Text("Explanation")

    def validate(self, extra_validators: Any = None) -> bool:
        fine: bool = super().validate(extra_validators)
        right = sum(row.form.is_right.data for row in self.choices.counted())
        if self.kind.data == "single" and right != 1:
            self.choices.told.append("Tick the one choice that is right.")
        return fine


class ChallengeForm(Faulty, FlaskForm):
    """What every kind of challenge has. `read` names the state that the editor began with."""

    read = HiddenField()
    name = StringField("Name", [NEEDED], render_kw={"maxlength": 128})
    summary = StringField("Summary", render_kw={"maxlength": 300})
    description = Text("Description")
    category = SelectField("Category", choices=_categories)
    difficulty = SelectField(
        "Difficulty", choices=_choices({one: one.title() for one in DIFFICULTIES})
    )
    points = Whole("Points", 0, 10_000, default=10)
    pass_mark = Figure("Pass mark", 0, 100, default=100.0)
    attempts_allowed = Whole("Attempts allowed", 1, 1000, blank=True)
    opens_at = when("Opens", Optional())
    closes_at = when("Closes", Optional())
    position = Whole("Place in its category", 0, 1_000_000, default=0)
    hints = Rows(FormField(HintRow), "Hints", MOST_HINTS, skips_blank=True)
    editorial = Text("Editorial")


class SqlForm(ChallengeForm):
    engine = SelectField(
        "Engine",
        choices=_choices({"sqlite": "SQLite", "duckdb": "DuckDB", "postgres": "PostgreSQL"}),
    )
    type = SelectField(
        "The board looks for",
        choices=_choices({"FE": "the fastest (FE)", "LE": "the longest (LE)"}),
    )
    init = Text("Tables")
    solution = Text("Solution")
    require_names = BooleanField("The names of the columns count")
    no_difference = Lines("What makes no difference")
    time_limit_ms = Whole("Time limit, in ms", 100, MOST_TIME_LIMIT_MS, default=2000)
    test_cases = Rows(FormField(SqlCaseRow), "Test cases", MOST_SQL_CASES)


class CodingForm(ChallengeForm):
    function = StringField("Function", render_kw={"maxlength": 64, "spellcheck": "false"})
    signature = StringField("Signature", render_kw={"maxlength": 500, "spellcheck": "false"})
    solution = Text("Solution")
    starter_code = Text("Starter code")
    comparison = SelectField(
        "Answers are compared",
        choices=_choices(
            {
                "float": "with a tolerance for numbers",
                "exact": "exactly",
                "unordered": "as a list in any order",
            }
        ),
    )
    tolerance = Figure("Tolerance", 0, 1, default=1e-6)
    wall_seconds = Figure("Time limit, in s", 0.1, 10, default=2.0)
    memory_mb = Whole("Memory limit, in MB", 32, 1024, default=256)
    test_cases = Rows(FormField(CodingCaseRow), "Test cases", MOST_CODING_CASES)


class KnowledgeForm(ChallengeForm):
    questions = Rows(FormField(QuestionRow), "Questions", MOST_QUESTIONS, NEW_QUESTION)


FORMS: dict[str, type[ChallengeForm]] = {
    "sql": SqlForm,
    "coding": CodingForm,
    "knowledge": KnowledgeForm,
}
