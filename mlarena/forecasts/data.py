"""Matches of the database as the house model's table. Read by the worker and by commands only: pandas."""

from __future__ import annotations

import hashlib
from datetime import datetime

import pandas as pd
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import aliased

from mlarena.core.db import db
from mlarena.forecasts.house.matches import Matches, from_frame
from mlarena.forecasts.models import League, Match, MatchStats, Season

COLUMNS = (
    "id", "date", "league", "season", "home", "away", "home_goals", "away_goals",
    "home_shots", "home_sot", "home_corners", "home_red",
    "away_shots", "away_sot", "away_corners", "away_red",
)  # fmt: skip


def known_matches(family: str, since: int | None = None, until: datetime | None = None) -> Matches:
    """What was played in the family's leagues, and what is to be played up to `until`.

    Only what was played for: awarded results and abandoned matches teach nothing. `since` is the first
    season.
    """
    at_home, abroad = aliased(MatchStats), aliased(MatchStats)
    done = Match.status == "finished"
    wanted = done
    if until is not None:
        coming = and_(Match.status.in_(("scheduled", "live")), Match.kickoff < until)
        wanted = or_(done, coming)
    query = (
        select(
            Match.id, Match.kickoff, League.code, Season.year, Match.home_id, Match.away_id,
            Match.home_goals, Match.away_goals,
            at_home.shots, at_home.on_target, at_home.corners, at_home.red,
            abroad.shots, abroad.on_target, abroad.corners, abroad.red,
        )
        .join(League, League.id == Match.league_id)
        .join(Season, Season.id == Match.season_id)
        .outerjoin(at_home, and_(at_home.match_id == Match.id, at_home.side == "home"))
        .outerjoin(abroad, and_(abroad.match_id == Match.id, abroad.side == "away"))
        .where(League.family == family, wanted)
        .order_by(Match.kickoff, Match.id)
    )  # fmt: skip
    if since is not None:
        query = query.where(Season.year >= since)
    frame = pd.DataFrame([tuple(row) for row in db.session.execute(query)], columns=list(COLUMNS))
    live = frame["id"].isin(_under_way(family))
    frame.loc[live, ["home_goals", "away_goals"]] = None
    return from_frame(_once_a_day(frame))


def _under_way(family: str) -> list[int]:
    query = select(Match.id).join(League).where(League.family == family, Match.status == "live")
    return list(db.session.scalars(query))


def _once_a_day(frame: pd.DataFrame) -> pd.DataFrame:
    """Where a source has put a team into two matches of a day, the first one stays: one mistaken date must
    not stop the training of everything else."""
    playing = frame.assign(day=frame["date"].dt.floor("D") if len(frame) else None).melt(
        ["day"], ["home", "away"], value_name="team", ignore_index=False
    )
    twice = playing.index[playing.duplicated(["day", "team"])]
    return frame.drop(index=twice.unique())


def fingerprint(matches: Matches) -> str:
    """The same for the same matches, whatever order they came in."""
    digest = hashlib.sha256()
    for row in pd.util.hash_pandas_object(matches.frame, index=False).sort_values():
        digest.update(int(row).to_bytes(8, "big"))
    return digest.hexdigest()
