"""/styleguide: every component in all its states. In development and tests only: it is a tool, not a page."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from apiflask import APIFlask
from flask import Blueprint, current_app, render_template
from flask_wtf import FlaskForm
from wtforms import BooleanField, FileField, PasswordField, SelectField, StringField, TextAreaField

from mlarena.accounts.clashes import Clash, Difference
from mlarena.core.config import settings
from mlarena.rewards.levels import user_level
from mlarena.scoring.texts import text_change
from mlarena.submissions.models import Task
from mlarena.submissions.times import Coming

blueprint = Blueprint("styleguide", __name__)

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
BRIEFS = ("Guess the rent.\nIn euros.", "Guess the rent\nof a flat.\nIn euros.")
# Names as people have them: one letter, the longest, right to left, emoji only, and no name at all.
NAMES = (
    "Ada Lovelace",
    "x",
    "W" * 64,
    "محمد بن موسى الخوارزمي",
    "👩‍🔬🏳️‍🌈",
    "a_very-long.name_with-breaks_" * 2,
    "<script>alert(1)</script>",
)


class SampleForm(FlaskForm):
    class Meta:
        csrf = False

    name = StringField("User name")
    password = PasswordField("Password")
    zone = SelectField("Time zone", choices=["Europe/Prague", "UTC"])
    about = TextAreaField("About you")
    listed = BooleanField("Show me on public boards and lists")
    file = FileField("Your model")
    wrong = StringField("E-mail")


def samples() -> dict[str, Any]:
    """What the template shows: fixed, so that two screenshots of it are the same."""
    form = SampleForm(formdata=None, data={"name": "ada", "wrong": "ada@", "listed": True})
    form.form_errors.append("That user name and password do not belong together.")
    form.wrong.errors = ["That is not an e-mail address we can write to. It ends after the @."]
    return {
        "form": form,
        "names": NAMES,
        "icons": _icons(),
        "now": NOW,
        "levels": [user_level(xp) for xp in (0, 240, 12_345_678)],
        "days": _days(14),
        "year": _days(365),
        "everybody": [round(0.55 + 0.4 * _wave(n), 4) for n in range(87)],
        "rmse_field": [round(30 + 40 * _wave(n), 2) for n in range(40)],
        "history": [
            (
                "Rating",
                [
                    (date(2026, 6, 1) + timedelta(days=9 * n), 1200 + 14 * n + 60 * _wave(n))
                    for n in range(18)
                ],
            )
        ],
        "reliability": [
            ("Yours", [(0.05 + 0.1 * n, min(1.0, 0.02 + 0.105 * n)) for n in range(10)]),
            ("House", [(0.05 + 0.1 * n, 0.25 + 0.055 * n) for n in range(10)]),
        ],
        "many_lines": [
            (f"League {n + 1}", [(x, _wave(x + 3 * n) + n / 4) for x in range(12)])
            for n in range(8)
        ],
        "gaps": [("With gaps", [(n, None if n % 4 == 2 else n * n) for n in range(12)])],
        "cloud": [(100 + 9 * n, 90 + 9 * n + 60 * (_wave(n) - 0.5), 1 + n % 7) for n in range(42)],
        "edges": list(range(0, 110, 10)),
        "counts": [3, 9, 21, 34, 40, 31, 18, 9, 4, 1],
        "iris": ["setosa", "versicolor", "virginica"],
        "iris_counts": [[30, 0, 0], [0, 24, 6], [1, 3, 26]],
        "many": [f"class {n}" for n in range(50)],
        "many_counts": [
            [60 if row == column else (row * 7 + column * 3) % 11 // 9 for column in range(50)]
            for row in range(50)
        ],
        "saved_twice": text_change(*BRIEFS),
        "clash": Clash(
            "f00d",
            [
                Difference("tables", "Threshold", "0.8", "0.85", None),
                Difference("tables", "Brief", *BRIEFS, text_change(*BRIEFS)),
            ],
        ),
        "timed": [
            Task(title="Rents", scheduled=True, opens_at=NOW + timedelta(days=2)),
            Task(title="Buses", scheduled=False, closes_at=NOW + timedelta(days=900)),
            Task(title="Tides", scheduled=False, closes_at=NOW - timedelta(days=9)),
        ],
        "coming": [Coming("Rents", NOW + timedelta(days=2))],
        "tables": [
            _table("author", "id", "name"),
            _table("book", "id", "title", "author_id", refers=("author_id", "author")),
            _table("a_table_with_a_very_long_name", "id", "book_id", refers=("book_id", "book")),
        ],
    }


def _table(name: str, *columns: str, refers: tuple[str, str] | None = None) -> dict[str, Any]:
    """A table as a challenge describes it, whose first column is its key."""
    keys = [{"columns": [refers[0]], "table": refers[1], "references": ["id"]}] if refers else []
    return {
        "name": name,
        "kind": "table",
        "columns": [{"name": one, "primary_key": one == columns[0]} for one in columns],
        "foreign_keys": keys,
    }


def _icons() -> list[str]:
    sprite = Path(current_app.static_folder or "", "vendor", "icons.svg").read_text()
    return re.findall(r'<symbol id="([\w-]+)"', sprite)


def _wave(n: float) -> float:
    """Something between 0 and 1 that looks like life and is the same each time."""
    return 0.5 + 0.3 * math.sin(n * 1.7) + 0.2 * math.sin(n * 0.37 + 1)


def _days(count: int) -> list[dict[str, Any]]:
    first = NOW.date() - timedelta(days=count - 1)
    days = []
    for n in range(count):
        busy = _wave(n * 1.3)
        submissions = round(busy * 9 - 3) if busy > 0.4 else 0
        days.append(
            {
                "day": first + timedelta(days=n),
                "submissions": submissions,
                "frozen": n % 11 == 7 and not submissions,
            }
        )
    return days


@blueprint.get("/styleguide")
def show() -> str:
    return render_template("site/styleguide.html", **samples())


def init_styleguide(app: APIFlask) -> None:
    with app.app_context():
        if not settings().production:
            app.register_blueprint(blueprint)
