"""What the command palette finds of the forecasts: leagues and their teams."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import url_for
from sqlalchemy import select

from mlarena.core.db import db
from mlarena.core.search import Hit, rank
from mlarena.forecasts.models import League, Team


def find(asked: str, _viewer: Any) -> Iterator[Hit]:
    """Leagues by name, code and country, teams by name; one query."""
    rows = db.session.execute(
        select(
            League.id, League.code, League.name, League.country, League.family, Team.id, Team.name
        )
        .outerjoin(Team, Team.league_id == League.id)
        .order_by(League.id, Team.name)
    )
    seen = set()
    for league_id, code, league, country, family, team_id, team in rows:
        if league_id not in seen:
            seen.add(league_id)
            place = rank(asked, league, f"forecasts league football {code} {country}")
            if place is not None:
                where = "simulated" if family == "simulated" else country
                address = url_for("forecasts.league", league_id=league_id)
                yield Hit(league, f"Forecasts · {where}", address, place)
        place = rank(asked, team) if team is not None else None
        if place is not None:
            yield Hit(team, f"Team · {league}", url_for("forecasts.team", team_id=team_id), place)
