"""The game's verbs: say what one believes until kick-off, and be scored against the house.

A score is 100 × (RPS of the house − RPS of the learner). Who enters nothing is not scored, which is as good
as having said what the house said: 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, literal, select, update
from sqlalchemy.orm import joinedload

from mlarena.accounts.models import User
from mlarena.core.clock import utcnow
from mlarena.core.db import db, insert
from mlarena.core.errors import Conflict, Invalid, NotFound
from mlarena.core.security import Limit
from mlarena.forecasts import ledger
from mlarena.forecasts.models import VOID, Forecast, ForecastTotals, Match, Prediction

# How far three probabilities may be from summing to 1, for rounding; and a hair more, for what 0.333 is to a
# computer.
ROUNDING = 0.001 + 1e-9
# Somebody's mean of few matches is drawn to the house's 0 as if so many more had gone like the house's.
# Scores of a match scatter by some 7 points, learners' skill by perhaps 1.5: (7 / 1.5)² ≈ 20.
SHRINK = 20
AT_ONCE = 200
# Settled in one transaction: what a weekend's day may have of all leagues.
MATCHDAY = 50
# What settles a match for forecasts: a result that was played for, or that there will be none.
SETTLING = ("finished", *VOID)
ENTER_LIMIT = Limit("240 per minute", "forecasts")


def find_match(match_id: int) -> Match:
    """Raises NotFound."""
    whole = (
        joinedload(Match.home),
        joinedload(Match.away),
        joinedload(Match.league),
        joinedload(Match.season),
    )
    found = db.session.scalars(select(Match).where(Match.id == match_id).options(*whole)).first()
    if found is None:
        raise NotFound("There is no such match.")
    return found


def enter(user: User, match_id: int, shares: Sequence[float]) -> Forecast:
    """Say what one believes of a match, for the first time or anew. Commits.

    Raises NotFound, Invalid (no three probabilities), Conflict (it has begun, or is off).
    """
    match, now = find_match(match_id), utcnow()
    if match.status in VOID:
        raise Conflict("This match is off, so there is nothing to forecast.")
    if not match.open_at(now):
        raise Conflict("This match has kicked off: forecasts are taken until then.")
    home, draw, away = checked(shares)
    entered = insert(Forecast).values(
        user_id=user.id, match_id=match.id, home=home, draw=draw, away=away,
        entered_at=now, changed_at=now,
    )  # fmt: skip
    db.session.execute(
        entered.on_conflict_do_update(
            index_elements=["user_id", "match_id"],
            set_={"home": home, "draw": draw, "away": away, "changed_at": now},
        )
    )
    db.session.commit()
    return own_forecasts(user.id, [match.id])[match.id]


def checked(shares: Sequence[float]) -> tuple[float, float, float]:
    """The three, summing to 1 exactly. Raises Invalid."""
    names = ("home", "draw", "away")
    for name, share in zip(names, shares, strict=True):
        if not 0 <= share <= 1:  # nor NaN
            raise Invalid.field(name, "A probability is between 0 and 1.")
    whole = sum(shares)
    if abs(whole - 1) > ROUNDING:
        raise Invalid(
            f"The three probabilities sum to {whole:.3f}: they must sum to 1.",
            {name: ["The three must sum to 1."] for name in names},
        )
    home, draw, away = (share / whole for share in shares)
    return home, draw, away


def own_forecasts(user_id: int, match_ids: Iterable[int]) -> dict[int, Forecast]:
    """The user's forecasts of these matches, by match."""
    query = select(Forecast).where(
        Forecast.user_id == user_id, Forecast.match_id.in_(list(match_ids))
    )
    rows = db.session.scalars(query.execution_options(populate_existing=True))
    return {row.match_id: row for row in rows}


def settle_due() -> list[int]:
    """Score the forecasts of matches that are over, and of those that were scored by what is no longer so.
    Returns the leagues whose boards have changed. Commits by matchday."""
    over = (
        select(Match.id)
        .where(Match.settled_at.is_(None), Match.status.in_(SETTLING))
        .order_by(Match.kickoff, Match.id)
        .limit(AT_ONCE)
    )
    scored = select(Forecast.match_id).where(Forecast.score.is_not(None))
    undone = select(Match.id).where(
        Match.settled_at.is_(None), Match.status.not_in(SETTLING), Match.id.in_(scored)
    )
    due = [*db.session.scalars(over), *db.session.scalars(undone.limit(AT_ONCE))]
    db.session.rollback()  # a transaction that has read may not begin to write
    changed: set[int] = set()
    for at in range(0, len(due), MATCHDAY):
        changed |= settle(due[at : at + MATCHDAY])
    return sorted(changed)


def settle(match_ids: Sequence[int]) -> set[int]:
    """Score all forecasts of these matches, or void them, in as many statements however many they are. What
    they counted before is taken back first, so it may be called again after a correction. Returns the leagues
    of those that had any. Commits."""
    now = utcnow()
    # The write that makes a second worker wait, and then find nothing to do.
    claimed = db.session.execute(
        update(Match)
        .where(Match.id.in_(match_ids), Match.settled_at.is_(None))
        .values(settled_at=case((Match.status.in_(SETTLING), literal(now, Match.kickoff.type))))
        .returning(Match.id)
        .execution_options(synchronize_session=False)
    )
    ids = list(claimed.scalars())
    if not ids:
        db.session.rollback()
        return set()
    _count(ids, now, -1)
    words = [line.id for line in ledger.words_of(ids).values()]
    _void(ids)
    _score(words)
    _count(ids, now, 1)
    forecast = select(Forecast.id).where(Forecast.match_id == Match.id).exists()
    leagues = set(db.session.scalars(select(Match.league_id).where(Match.id.in_(ids), forecast)))
    db.session.commit()
    db.session.expire_all()  # what was read of these matches and forecasts is another now
    return leagues


def _void(match_ids: Sequence[int]) -> None:
    db.session.execute(
        update(Forecast)
        .where(Forecast.match_id.in_(match_ids), Forecast.score.is_not(None))
        .values(score=None, rps=None, house_rps=None)
        .execution_options(synchronize_session=False)
    )


def _score(words: Sequence[int]) -> None:
    """One statement for a matchday, which may have 100,000 of them: every forecast beside the house's line of
    the ledger. Matches that nobody played for, or of which the house has said nothing, stay void."""
    won = case((Match.home_goals > Match.away_goals, 1.0), else_=0.0)
    not_lost = case((Match.home_goals < Match.away_goals, 0.0), else_=1.0)
    house = (
        select(
            Match.id.label("match_id"),
            Match.kickoff,
            won.label("won"),
            not_lost.label("not_lost"),
            _rps(Prediction.home, Prediction.draw, won, not_lost).label("rps"),
        )
        .join(Prediction, Prediction.match_id == Match.id)
        .where(
            Prediction.id.in_(words),
            Match.status == "finished",
            Match.home_goals.is_not(None),
            Match.away_goals.is_not(None),
        )
        .subquery()
    )
    own = _rps(Forecast.home, Forecast.draw, house.c.won, house.c.not_lost)
    db.session.execute(
        update(Forecast)
        .where(
            Forecast.match_id == house.c.match_id,
            # A match that was moved forward may have begun before somebody changed their mind.
            Forecast.changed_at < house.c.kickoff,
        )
        .values(rps=own, house_rps=house.c.rps, score=100 * (house.c.rps - own))
        .execution_options(synchronize_session=False)
    )


def _rps(home: Any, draw: Any, won: Any, not_lost: Any) -> Any:
    """scoring.outcomes.rps, said to the database. `won` is 1 where home won, `not_lost` 0 where away did."""
    below, through = home - won, home + draw - not_lost
    return (below * below + through * through) / 2


def _count(match_ids: Sequence[int], now: datetime, sign: int) -> None:
    """Add the matches' scores to the learners' totals, or take them back: one row a learner and season,
    however many of the matches they forecast."""
    totals, score = ForecastTotals, Forecast.score
    many, whole = sign * func.count(), sign * func.sum(score)
    rows = (
        select(
            Match.season_id,
            Forecast.user_id,
            many,
            whole,
            sign * func.sum(score * score),
            whole / (many + literal(float(SHRINK))),
            literal(now, type_=Match.kickoff.type),
            literal(0),
        )
        .join(Match, Match.id == Forecast.match_id)
        .where(Forecast.match_id.in_(match_ids), score.is_not(None))
        .group_by(Match.season_id, Forecast.user_id)
    )
    columns = (
        "season_id", "user_id", "entries", "total", "squares", "standing", "reached_at", "rewarded",
    )  # fmt: skip
    added = insert(ForecastTotals).from_select(columns, rows)
    new = added.excluded
    db.session.execute(
        added.on_conflict_do_update(
            index_elements=["season_id", "user_id"],
            set_={
                "entries": totals.entries + new.entries,
                "total": totals.total + new.total,
                "squares": totals.squares + new.squares,
                "standing": (totals.total + new.total)
                / (totals.entries + new.entries + literal(float(SHRINK))),
                "reached_at": new.reached_at,
            },
        )
    )


def crowd(match_id: int) -> dict[str, float] | None:
    """What learners said on average, and how many; None where nobody did."""
    many, home, draw, away = db.session.execute(
        select(
            func.count(), func.avg(Forecast.home), func.avg(Forecast.draw), func.avg(Forecast.away)
        ).where(Forecast.match_id == match_id)
    ).one()
    return {"n": many, "home": home, "draw": draw, "away": away} if many else None
