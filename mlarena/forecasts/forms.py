"""The wing's forms. A page asks for per cent, the verbs take shares of 1; what was typed stays as it was."""

from __future__ import annotations

import math
from typing import Any

from flask_wtf.file import FileRequired, MultipleFileField
from wtforms import SelectField, StringField, TextAreaField, URLField
from wtforms.validators import Length, Optional, Regexp

from mlarena.accounts.forms import NEEDED, Form
from mlarena.forecasts.documents.cleaning import LONGEST_TITLE
from mlarena.forecasts.game import ROUNDING
from mlarena.forecasts.models import Forecast, Match, Team, TeamAlias

OUTCOMES = ("home", "draw", "away")
# As much as the API takes.
LONGEST_PASTE = 100_000
# Where one begins who has said nothing yet: nobody's opinion.
EVEN = ("34", "33", "33")
SURE = {"type": "number", "min": "0", "max": "100", "step": "any", "inputmode": "decimal"}


class ForecastForm(Form):
    home = StringField("Home", render_kw=SURE)
    draw = StringField("Draw", render_kw=SURE)
    away = StringField("Away", render_kw=SURE)

    @classmethod
    def of(cls, match: Match, own: Forecast | None, formdata: Any = None) -> ForecastForm:
        """As it stands for a match: what one has said, or even chances."""
        said = [percent(share) for share in own.shares] if own else EVEN
        form = cls(formdata=formdata, data=dict(zip(OUTCOMES, said, strict=True)))
        form.home.label.text = f"{match.home.name} win"
        form.away.label.text = f"{match.away.name} win"
        return form

    def shares(self) -> tuple[float, float, float] | None:
        """The three as shares of 1, or None with errors by the fields."""
        found = []
        for name in OUTCOMES:
            field = self._fields[name]
            share = _read(field.data)
            if share is None:
                field.errors = [*field.errors, "Write a number of per cent from 0 to 100."]
            else:
                found.append(share)
        if len(found) < 3:
            return None
        whole = sum(found)
        if abs(whole - 1) > ROUNDING:
            self.form_errors.append(_off(whole))
            return None
        return found[0], found[1], found[2]


class AliasForm(Form):
    """One name that waits, and the teams of its league."""

    team_id = SelectField("Team", coerce=int)

    @classmethod
    def of(cls, alias: TeamAlias, teams: list[Team], formdata: Any = None) -> AliasForm:
        form = cls(formdata=formdata, prefix=f"name-{alias.id}-")
        form.team_id.choices = [(0, "Choose a team"), *((team.id, team.name) for team in teams)]
        form.team_id.label.text = f"The team that {alias.source} calls {alias.name}"
        return form


class FeedForm(Form):
    url = URLField(
        "Address of the feed",
        [NEEDED],
        render_kw={"maxlength": 500, "placeholder": "https://…/rss", "autocomplete": "off"},
    )


class PasteForm(Form):
    title = StringField(
        "Title",
        [NEEDED, Length(max=LONGEST_TITLE)],
        render_kw={"maxlength": LONGEST_TITLE, "dir": "auto"},
    )
    text = TextAreaField(
        "Text", [NEEDED, Length(max=LONGEST_PASTE)], render_kw={"rows": 8, "dir": "auto"}
    )
    address = URLField(
        "Where it stands (optional)",
        [Optional(), Length(max=1000), Regexp("^https?://", message="It begins with https://.")],
        render_kw={"maxlength": 1000},
    )


class NewsFilesForm(Form):
    news_files = MultipleFileField(
        "Files",
        [FileRequired("Choose a file first.")],
        render_kw={"accept": ".txt,.md,.html,.htm,.xml,.rss,.atom"},
    )


def percent(share: float) -> str:
    """A share of 1 as somebody would type it: 45, 33.3."""
    return f"{round(100 * share, 2):g}"


def _read(typed: str | None) -> float | None:
    """Per cent as people write it: 45, 45.5, 45,5, 45 %."""
    text = (typed or "").strip().removesuffix("%").strip().replace(",", ".")
    try:
        value = float(text)
    except ValueError:
        return None
    return value / 100 if math.isfinite(value) and 0 <= value <= 100 else None


def _off(whole: float) -> str:
    said = f"{100 * whole:.1f}".removesuffix(".0")
    if 0.009 < whole < 0.011:
        return f"The three sum to {said} %: write per cent, such as 50, 30 and 20."
    by = f"{abs(100 - 100 * whole):.1f}".removesuffix(".0")
    return (
        f"The three sum to {said} %: they must sum to 100 %. "
        f"{'Take away' if whole > 1 else 'Give out'} {by} more."
    )
