"""How long a matchday takes to settle, for benchmarks/forecasts.py: in a database of its own (SQLite)."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from flask_migrate import upgrade
from sqlalchemy import delete, func, insert, select, update

from mlarena.accounts.models import User
from mlarena.app import create_app
from mlarena.core.clock import utcnow
from mlarena.core.config import Settings
from mlarena.core.db import db
from mlarena.forecasts import game
from mlarena.forecasts.leagues import league_by_code, seed_leagues
from mlarena.forecasts.models import Forecast, ForecastTotals, Match, Prediction, TrainedModel
from mlarena.forecasts.record import record
from mlarena.forecasts.sources.found import Found

MATCHES = 10


def settling(forecasts: int) -> tuple[float, float]:
    """Seconds that a matchday of ten matches takes: all at once, and one match after the other."""
    with tempfile.TemporaryDirectory(prefix="mlarena-bench-") as folder, _app(Path(folder)):
        ids = _matchday(forecasts // MATCHES)
        together = _timed(lambda: game.settle(ids))
        scored = select(func.count()).select_from(Forecast).where(Forecast.score.is_not(None))
        if db.session.scalar(scored) != forecasts // MATCHES * MATCHES:
            raise RuntimeError("not every forecast was scored")
        db.session.execute(update(Match).values(settled_at=None))
        db.session.execute(update(Forecast).values(score=None, rps=None, house_rps=None))
        db.session.execute(delete(ForecastTotals))
        db.session.commit()
        apart = _timed(lambda: [game.settle([one]) for one in ids])
        db.session.remove()
        db.engine.dispose()
        return together, apart


@contextmanager
def _app(data: Path) -> Iterator[None]:
    settings = Settings(
        _env_file=None, mlarena_env="testing", mlarena_data=data, secret_key="x" * 64, mail_url="memory:",
        database_url=f"sqlite:///{data / 'bench.sqlite'}",
    )  # fmt: skip
    with create_app(settings).app_context():
        upgrade()
        yield


def _matchday(learners: int) -> list[int]:
    now = utcnow()
    seed_leagues()
    teams = [f"Team {number}" for number in range(2 * MATCHES)]
    pairs = list(zip(teams[::2], teams[1::2], strict=True))
    kickoff = now - timedelta(hours=3)
    played = [Found(2026, *pair, kickoff) for pair in pairs]
    record(league_by_code("PL"), "csv", played)
    people = [
        {
            "username": f"u{n}", "username_key": f"u{n}", "email": f"u{n}@example.org",
            "email_key": f"u{n}@example.org", "password_hash": "!",
        }
        for n in range(learners)
    ]  # fmt: skip
    db.session.execute(insert(User), people)
    model = TrainedModel(
        family="real", blob="0" * 64, code_version=1, data_hash="", matches=0, known_until=now,
        metrics={}, in_use=True,
    )  # fmt: skip
    db.session.add(model)
    db.session.flush()
    ids, users = (
        list(db.session.scalars(select(Match.id))),
        list(db.session.scalars(select(User.id))),
    )
    for match in ids:
        said = {"home": 0.5, "draw": 0.3, "away": 0.2, "made_at": kickoff - timedelta(days=1)}
        db.session.add(Prediction(match_id=match, model_id=model.id, **said))
        db.session.execute(insert(Forecast), _forecasts(match, users, kickoff))
    db.session.commit()
    done = [Found(2026, *pair, kickoff, status="finished", goals=(2, 1)) for pair in pairs]
    record(league_by_code("PL"), "csv", done)
    return ids


def _forecasts(match: int, users: list[int], kickoff: datetime) -> list[dict[str, object]]:
    chance, at = random.Random(match), kickoff - timedelta(hours=1)
    rows = []
    for user in users:
        home, draw = sorted((chance.random(), chance.random()))
        rows.append(
            {
                "user_id": user, "match_id": match, "home": home, "draw": draw - home,
                "away": 1 - draw, "entered_at": at, "changed_at": at,
            }
        )  # fmt: skip
    return rows


def _timed(do: Callable[[], object]) -> float:
    started = time.perf_counter()
    do()
    return time.perf_counter() - started
