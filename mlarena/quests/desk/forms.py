"""The author's forms. They carry what was typed; the verbs decide, and their words come back to them."""

from __future__ import annotations

import ast
from typing import Any

from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    FloatField,
    HiddenField,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from mlarena.accounts.forms import NEEDED, Form
from mlarena.accounts.moments import moments, show_moments, when
from mlarena.core.errors import Invalid
from mlarena.quests.desk import writing
from mlarena.quests.desk.generated import FEWEST, MOST, RECIPES
from mlarena.quests.models import Quest
from mlarena.rewards.levels import levels
from mlarena.scoring.metrics import METRICS
from mlarena.submissions.times import TIMES

UPLOAD = "upload"
LONG = {"maxlength": 20_000, "dir": "auto"}
CODE = {"maxlength": 20_000, "spellcheck": "false", "autocapitalize": "off", "class": "typed"}
LIMITS = ("submissions_per_day", "upload_mb", "wall_seconds", "memory_mb")
TASK_TYPES = [
    ("regression", "Regression: a number"),
    ("classification", "Classification: a class"),
    ("clustering", "Clustering: groups"),
]


def _at_most(count: int) -> Length:
    return Length(max=count, message=f"At most {count:,} characters.")


def _between(least: float, most: float) -> NumberRange:
    return NumberRange(least, most, f"A number from {least:g} to {most:,}.")


class Text(TextAreaField):
    """Several lines. A browser sends the line ends of a letter, not of a program."""

    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist:
            self.data = valuelist[0].replace("\r\n", "\n")


def _origins() -> list[tuple[str, str]]:
    return [(UPLOAD, "My CSV file"), *((name, one.label) for name, one in RECIPES.items())]


class DataForm(Form):
    """Where the rows are from, and how they are cut."""

    origin = SelectField("Where the data is from", choices=_origins, default=UPLOAD)
    data_file = FileField("The data (CSV)")
    rows = IntegerField("Rows to make", [Optional(), _between(FEWEST, MOST)], default=1000)
    noise = FloatField("Noise", [Optional(), _between(0, 1)], default=0.2)
    task_type = SelectField("What is asked", choices=lambda: TASK_TYPES, default="classification")
    target = StringField(
        "Target column", [_at_most(64)], render_kw={"maxlength": 64, "dir": "auto"}
    )
    percent = IntegerField("Hidden rows, in %", [NEEDED, _between(10, 60)], default=30)
    seed = IntegerField(
        "Seed", [InputRequired("A whole number."), _between(0, 2**31 - 1)], default=1
    )
    stratify = BooleanField("Cut by class, or by fifths of a number", default=True)

    def wanted(self) -> dict[str, Any]:
        made = self.origin.data != UPLOAD
        return {
            "task_type": self.task_type.data,
            # What is made has its target in the last column, and it is called so.
            "target": "target" if made else (self.target.data or ""),
            "percent": self.percent.data,
            "seed": self.seed.data,
            "stratify": bool(self.stratify.data),
        }

    def about(self) -> dict[str, Any]:
        """Raises Invalid for a file that is missing, or a recipe that does not fit."""
        origin = self.origin.data
        if origin == UPLOAD and not self.data_file.data:
            raise Invalid.field("data_file", "Choose the file first.")
        if origin != UPLOAD and self.task_type.data not in RECIPES[origin].task_types:
            fitting = ", ".join(RECIPES[origin].task_types)
            raise Invalid.field("task_type", f"{RECIPES[origin].label} is for {fitting}.")
        rows, noise = self.rows.data, self.noise.data
        return {
            "origin": origin,
            "rows": 1000 if rows is None else rows,
            "noise": 0.2 if noise is None else noise,
        }

    def file(self) -> Any:
        return self.data_file.data.stream if self.origin.data == UPLOAD else None


class NewQuestForm(DataForm):
    title = StringField(
        "Title of the quest", [NEEDED, _at_most(128)], render_kw={"maxlength": 128, "dir": "auto"}
    )
    dataset_title = StringField(
        "Name of the data", [_at_most(128)], render_kw={"maxlength": 128, "dir": "auto"}
    )
    dataset_description = Text(
        "What it is about", [_at_most(5000)], render_kw={"rows": 3, "dir": "auto"}
    )
    licence = StringField("Licence", [_at_most(200)], render_kw={"maxlength": 200, "dir": "auto"})
    source = StringField("Source", [_at_most(200)], render_kw={"maxlength": 200, "dir": "auto"})

    def about(self) -> dict[str, Any]:
        title = (self.dataset_title.data or self.title.data or "").strip()
        return {
            **super().about(),
            "title": title,
            "description": self.dataset_description.data or "",
            "licence": self.licence.data or "",
            "source": self.source.data or "",
        }


class QuestForm(Form):
    """Everything else that may be said of a quest. Times are in the author's own zone."""

    title = StringField(
        "Title", [NEEDED, _at_most(128)], render_kw={"maxlength": 128, "dir": "auto"}
    )
    summary = StringField(
        "In one line", [_at_most(300)], render_kw={"maxlength": 300, "dir": "auto"}
    )
    description = Text("Brief", [_at_most(20_000)], render_kw=LONG | {"rows": 10})
    level_id = SelectField("Level", coerce=int)
    position = IntegerField(
        "Place in the level", [InputRequired("A whole number."), _between(0, 1000)]
    )
    xp_reward = IntegerField("XP", [InputRequired("A whole number."), _between(1, 10_000)])
    metric = SelectField("Metric")
    threshold = FloatField("Threshold", [InputRequired("A number.")], render_kw={"step": "any"})
    starter_code = Text("Starter code", [_at_most(20_000)], render_kw=CODE | {"rows": 16})
    reference_code = Text("Reference", [_at_most(20_000)], render_kw=CODE | {"rows": 16})
    hints = Text("Hints", [_at_most(20_000)], render_kw=LONG | {"rows": 4})
    opens_at = when("Opens", Optional())
    closes_at = when("Closes", Optional())
    submissions_per_day = IntegerField("Submissions a day", [Optional(), _between(1, 10_000)])
    upload_mb = IntegerField("Largest model, in MB", [Optional(), _between(1, 1000)])
    wall_seconds = FloatField("Seconds to answer", [Optional(), _between(0.1, 600)])
    memory_mb = IntegerField("Memory, in MB", [Optional(), _between(64, 65_536)])
    dataset_title = StringField("Name of the data", [_at_most(128)], render_kw={"maxlength": 128})
    dataset_description = Text(
        "What it is about", [_at_most(5000)], render_kw={"rows": 3, "dir": "auto"}
    )
    dataset_licence = StringField("Licence", [_at_most(200)], render_kw={"maxlength": 200})
    dataset_source = StringField("Source", [_at_most(200)], render_kw={"maxlength": 200})
    read = HiddenField()

    def prepared_for(self, quest: Quest) -> QuestForm:
        """With the choices that this quest has."""
        groups = bool((quest.dataset.cut or {"groups": True}).get("groups"))
        self.level_id.choices = [(level.id, level.name) for level in levels()]
        self.metric.choices = [
            (name, f"{METRICS[name].label} ({METRICS[name].direction} is better)")
            for name in writing.metrics_for(quest.task_type, groups)
        ]
        return self

    def show_of(self, quest: Quest, zone: str) -> QuestForm:
        """Filled with what the quest says now."""
        for name in writing.ABOUT:
            if name not in ("hints", "limits", *TIMES):
                self[name].data = getattr(quest, name)
        self.hints.data = "\n".join(quest.hints)
        for name in LIMITS:
            self[name].data = quest.limits.get(name)
        show_moments(self, TIMES, zone, quest)
        for name in writing.OF_DATA:
            self[f"dataset_{name}"].data = getattr(quest.dataset, name)
        self.read.data = writing.stamp(quest)
        return self

    def values(
        self, *_fields: str, zone: str = "UTC", known: Quest | None = None
    ) -> dict[str, Any]:
        """As `writing.save` takes them. Raises Invalid for code that is no Python, and for
        hours that there are not."""
        found: dict[str, Any] = {
            name: self[name].data
            for name in writing.ABOUT
            if name not in ("hints", "limits", *TIMES)
        }
        found |= {
            name: found[name] or ""
            for name in ("summary", "description", "starter_code", "reference_code")
        }
        found["title"] = found["title"].strip()
        found["hints"] = [
            line.strip() for line in (self.hints.data or "").splitlines() if line.strip()
        ]
        found["limits"] = {name: self[name].data for name in LIMITS if self[name].data is not None}
        found |= moments(self, TIMES, zone, known)
        errors = {
            name: [words]
            for name in ("starter_code", "reference_code")
            if (words := _fault(found[name]))
        }
        if errors:
            raise Invalid("Some of the code is not right.", errors)
        return found

    def words(self) -> dict[str, str]:
        """What is said of the data."""
        return {name: self[f"dataset_{name}"].data or "" for name in writing.OF_DATA}


def _fault(code: str) -> str | None:
    """It is run by *Train here* and stands in the downloaded script, so it must be right in both."""
    if not code.strip():
        return None
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        line = f"Line {error.lineno}: " if isinstance(error, SyntaxError) and error.lineno else ""
        return f"{line}this is not Python."
    defined = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    if "train" not in defined:
        return "Define `train(X, y)` that returns the fitted model."
    if len(defined["train"].args.args) != 2:
        return "`train` takes two things: `def train(X, y):`."
    return None
