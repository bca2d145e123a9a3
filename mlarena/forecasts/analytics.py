"""How good the house's words were: the last line of the ledger before each kick-off, and what happened."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from mlarena.core.clock import rfc3339, utcnow
from mlarena.core.db import db
from mlarena.forecasts.models import League, Match, Prediction, TrainedModel
from mlarena.forecasts.progress import Say, silent
from mlarena.scoring.outcomes import calibration, measure, outcome_of

MOST_MODELS = 50


def _settled(days: int, league_id: int | None) -> list[Any]:
    """(league, model, home, draw, away, outcome, kick-off) of every match of the last days that the house
    forecast."""
    last = (
        select(func.max(Prediction.id).label("id"))
        .join(Match, Match.id == Prediction.match_id)
        .where(Match.status == "finished", Match.kickoff >= utcnow() - timedelta(days=days))
        .where(Prediction.made_at < Match.kickoff)
        .group_by(Prediction.match_id)
    )
    if league_id is not None:
        last = last.where(Match.league_id == league_id)
    rows = db.session.execute(
        select(
            Match.league_id, Prediction.model_id, Prediction.home, Prediction.draw, Prediction.away,
            Match.home_goals, Match.away_goals, Match.kickoff,
        )
        .join(Match, Match.id == Prediction.match_id)
        .where(Prediction.id.in_(last))
    )  # fmt: skip
    return [(*row[:5], outcome_of(row.home_goals, row.away_goals), row.kickoff) for row in rows]


def _figures(rows: list[Any]) -> dict[str, Any]:
    import numpy as np

    said = np.array([row[2:5] for row in rows], float).reshape(-1, 3)
    return measure(said, np.array([row[5] for row in rows], int))


def accuracy(days: int, league_id: int | None = None, say: Say = silent) -> dict[str, Any]:
    """Of all of them and by league, with the calibration plot's rows and what the leagues' own rates would
    have scored, which is known only afterwards and so flatters them."""
    import numpy as np

    rows = _settled(days, league_id)
    leagues = sorted({row[0] for row in rows})
    names = {one.id: one.name for one in db.session.scalars(select(League))}
    told: dict[str, Any] = {"days": days, **_figures(rows), "by_league": [], "calibration": []}
    told["by_month"] = _by_month(rows)
    told["base_rates"] = None
    if rows:
        said = np.array([row[2:5] for row in rows], float)
        happened = np.array([row[5] for row in rows], int)
        rates = np.bincount(happened, minlength=3) / len(happened)
        told["calibration"] = calibration(said, happened)
        told["base_rates"] = measure(np.tile(rates, (len(happened), 1)), happened)
    for league in leagues:
        figures = _figures([row for row in rows if row[0] == league])
        told["by_league"].append({"league_id": league, "league": names[league], **figures})
        say(names[league], len(leagues))
    return told


def _by_month(rows: list[Any]) -> list[dict[str, Any]]:
    """By the month of the kick-offs (UTC), the latest first."""
    months: dict[str, list[Any]] = {}
    for row in rows:
        months.setdefault(f"{row[6]:%Y-%m}", []).append(row)
    return [{"month": month, **_figures(months[month])} for month in sorted(months, reverse=True)]


def performance(days: int, league_id: int | None = None) -> list[dict[str, Any]]:
    """Every model: what it was measured by when it was trained, and what its words were worth since."""
    rows = _settled(days, league_id)
    models = select(TrainedModel).order_by(TrainedModel.id.desc()).limit(MOST_MODELS)
    return [
        {
            "model_version": model.id,
            "family": model.family,
            "trained_at": rfc3339(model.trained_at),
            "in_use": model.in_use,
            "matches": model.matches,
            "artifact": model.blob,
            "trained": model.metrics,
            "ledger": _figures([row for row in rows if row[1] == model.id]),
        }
        for model in db.session.scalars(models)
    ]
