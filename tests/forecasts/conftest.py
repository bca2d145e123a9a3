"""Six teams, their thirty matches to come, and a house that says the same of all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from mlarena.core import clock
from mlarena.core.db import db
from mlarena.forecasts.leagues import league_by_code, seed_leagues
from mlarena.forecasts.models import Match, Prediction, TrainedModel
from mlarena.forecasts.record import record
from mlarena.forecasts.sources.found import Found

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
NAMES = ("Alba", "Brent", "Clyde", "Derwent", "Esk", "Fal")
FIXTURES = [
    Found(2026, home, away, NOW + timedelta(hours=1 + n), round=1 + n // 3)
    for n, (home, away) in enumerate((one, two) for one in NAMES for two in NAMES if one != two)
]
HOUSE = (0.5, 0.3, 0.2)


@pytest.fixture
def league(app: Any) -> Iterator[Any]:
    """Thirty matches to come, of all of which the house has said the same."""
    with clock.freeze(NOW):
        seed_leagues()
        league = league_by_code("PL")
        record(league, "csv", FIXTURES)
        model = TrainedModel(
            family="real", blob="0" * 64, code_version=1, data_hash="", matches=0,
            known_until=NOW, metrics={"n": 0}, in_use=True,
        )  # fmt: skip
        db.session.add(model)
        db.session.flush()
        for match in db.session.scalars(select(Match)):
            home, draw, away = HOUSE
            db.session.add(
                Prediction(
                    match_id=match.id, model_id=model.id, home=home, draw=draw, away=away,
                    made_at=NOW - timedelta(hours=1), moved_by={"elo": 0.4},
                )
            )  # fmt: skip
        db.session.commit()
        yield league


def matches() -> list[Match]:
    return list(db.session.scalars(select(Match).order_by(Match.kickoff)))


def play(league: Any, many: int, goals: tuple[int, int] = (1, 0), **more: Any) -> None:
    done = [replace(one, status="finished", goals=goals, **more) for one in FIXTURES[:many]]
    record(league, "csv", done)
