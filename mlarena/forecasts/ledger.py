"""The ledger of honest forecasts: what the house says of every match, written before its kick-off.

Nothing in it is changed. A match that looks otherwise after other results gets another line; the last one
before kick-off is the house's word.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.forecasts.models import League, Match, Prediction

DAYS = 14
# Less than this is not another opinion.
NOTABLE = 1e-4
# Of what moved a forecast, so many features are told.
TOLD = 8


def generate(family: str, days: int = DAYS) -> int:
    """Write what the model in use says of the matches of the next days, where it is something new; how
    many lines. 0 where no model is in use. Commits."""
    from mlarena.forecasts.data import known_matches
    from mlarena.forecasts.house.features import build
    from mlarena.forecasts.house.model import teaching
    from mlarena.forecasts.training import loaded, model_in_use

    in_use = model_in_use(family)
    if in_use is None:
        return 0
    model = loaded(in_use.blob)
    matches = known_matches(family, until=utcnow() + timedelta(days=days))
    ids = matches.frame["id"].to_numpy()
    now = utcnow()
    coming = np.flatnonzero(~matches.played & (matches.frame["date"] > now).to_numpy())
    if not len(coming):
        return 0
    features = build(matches)
    usual = features.matrix[teaching(matches)].mean(axis=0)
    known = features.of(coming)
    said, moved = model.predict(known), model.moved_by(known, usual)
    last = words_of(int(ids[row]) for row in coming)
    lines = []
    for row, shares, why in zip(coming, said, moved, strict=True):
        before = last.get(int(ids[row]))
        same = before is not None and before.model_id == in_use.id
        if same and np.abs(np.array(before.shares) - shares).max() < NOTABLE:  # type: ignore[union-attr]
            continue
        home, draw, away = (float(share) for share in shares)
        lines.append(
            Prediction(
                match_id=int(ids[row]),
                model_id=in_use.id,
                home=home,
                draw=draw,
                away=away,
                made_at=now,
                moved_by={name: round(pull, 4) for name, pull in list(why.items())[:TOLD]},
            )
        )
    db.session.add_all(lines)
    db.session.commit()
    return len(lines)


def words_of(match_ids: Iterable[int]) -> dict[int, Prediction]:
    """The house's last word before kick-off, by match."""
    wanted = list(match_ids)
    newest = (
        select(func.max(Prediction.id))
        .join(Match, Match.id == Prediction.match_id)
        .where(Prediction.match_id.in_(wanted), Prediction.made_at < Match.kickoff)
        .group_by(Prediction.match_id)
    )
    query = (
        select(Prediction).where(Prediction.id.in_(newest)).options(joinedload(Prediction.model))
    )
    return {line.match_id: line for line in db.session.scalars(query)}


def families() -> list[str]:
    return list(db.session.scalars(select(League.family).distinct().order_by(League.family)))
