"""The wing's tables: leagues and their teams, matches and what was seen of them, forecasts and the ledger."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, event
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mlarena.core.clock import utcnow
from mlarena.core.db import Base, Json, UtcDateTime
from mlarena.scoring.outcomes import outcome_of

# `awarded`: a result for the table that nobody played for; forecasts of it are void, as of `cancelled`,
# which an abandoned match is, too.
STATUSES = ("scheduled", "live", "finished", "postponed", "cancelled", "awarded")
COUNTS_IN_TABLE = ("finished", "awarded")
VOID = ("cancelled", "awarded")


class League(Base):
    """`family` says which matches teach which model: what is simulated teaches nothing of the world.

    `named_by` is the source whose spelling of teams is taken as it comes: the first that brought any.
    `codes` is what each source calls the league; `rules` names how equals are told apart (standings.py).
    """

    __tablename__ = "leagues"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    country: Mapped[str] = mapped_column(String(64))
    timezone: Mapped[str] = mapped_column(String(64), default="UTC")
    family: Mapped[str] = mapped_column(String(16), default="real")
    rules: Mapped[str] = mapped_column(String(32), default="goal_difference")
    named_by: Mapped[str | None] = mapped_column(String(32))
    codes: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)

    @property
    def simulated(self) -> bool:
        return self.family == "simulated"


class Season(Base):
    """`year` is the one it starts in; of the simulated league, whose seasons are months, a running number.
    `deducted` takes points from teams: {team id as text: points}."""

    __tablename__ = "seasons"
    __table_args__ = (UniqueConstraint("league_id", "year"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    league_id: Mapped[int] = mapped_column(ForeignKey("leagues.id", ondelete="CASCADE"))
    year: Mapped[int]
    name: Mapped[str] = mapped_column(String(32))
    deducted: Mapped[dict[str, int]] = mapped_column(Json, default=dict)

    league: Mapped[League] = relationship()


class Team(Base):
    __tablename__ = "teams"
    __table_args__ = (UniqueConstraint("league_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    league_id: Mapped[int] = mapped_column(ForeignKey("leagues.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))


class TeamAlias(Base):
    """What a source calls a team. Without a team it waits for somebody to say which one is meant, and so
    do that source's matches of it: names are never guessed."""

    __tablename__ = "team_aliases"
    __table_args__ = (UniqueConstraint("league_id", "source", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    league_id: Mapped[int] = mapped_column(ForeignKey("leagues.id", ondelete="CASCADE"))
    source: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(80))
    team_id: Mapped[int | None] = mapped_column(
        ForeignKey("teams.id", ondelete="CASCADE"), index=True
    )
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)


class Match(Base):
    """A season knows a home team against an away team once. Goals are set once there is a result, and
    while a match is live, as is `minute`. `keys` is the match's number at each source that numbers its own.

    `settled_at` is when the forecasts of it were scored; None again when its result changes.
    """

    __tablename__ = "matches"
    __table_args__ = (
        UniqueConstraint("season_id", "home_id", "away_id"),
        Index(None, "kickoff"),
        Index(None, "league_id", "kickoff"),
        Index(None, "status", "kickoff"),
        Index(None, "settled_at", "status"),
        CheckConstraint("home_id <> away_id", name="two_teams"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    league_id: Mapped[int] = mapped_column(ForeignKey("leagues.id", ondelete="CASCADE"))
    season_id: Mapped[int] = mapped_column(ForeignKey("seasons.id", ondelete="CASCADE"))
    round: Mapped[int | None]
    kickoff: Mapped[datetime] = mapped_column(UtcDateTime)
    home_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), index=True)
    away_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), index=True)
    status: Mapped[str] = mapped_column(String(16), default="scheduled")
    home_goals: Mapped[int | None]
    away_goals: Mapped[int | None]
    ht_home: Mapped[int | None]
    ht_away: Mapped[int | None]
    minute: Mapped[int | None]
    source: Mapped[str] = mapped_column(String(32))
    keys: Mapped[dict[str, Any]] = mapped_column(Json, default=dict, server_default="{}")
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    league: Mapped[League] = relationship()
    season: Mapped[Season] = relationship()
    home: Mapped[Team] = relationship(foreign_keys=home_id)
    away: Mapped[Team] = relationship(foreign_keys=away_id)

    @property
    def outcome(self) -> int | None:
        """What forecasts are scored by; None without a result that was played for."""
        if self.status != "finished" or self.home_goals is None or self.away_goals is None:
            return None
        return outcome_of(self.home_goals, self.away_goals)

    def open_at(self, now: datetime) -> bool:
        """Whether forecasts are taken: until kick-off, of a match that is to be played."""
        return self.status in ("scheduled", "postponed") and now < self.kickoff


class MatchStats(Base):
    """What one side of a match was counted for; None where nobody did."""

    __tablename__ = "match_stats"

    match_id: Mapped[int] = mapped_column(
        ForeignKey("matches.id", ondelete="CASCADE"), primary_key=True
    )
    side: Mapped[str] = mapped_column(String(4), primary_key=True)
    shots: Mapped[int | None]
    on_target: Mapped[int | None]
    corners: Mapped[int | None]
    red: Mapped[int | None]
    possession: Mapped[int | None]
    xg: Mapped[float | None]


class MatchChange(Base):
    """The trace of a source that says something else than before: a result, a date, or nothing any more."""

    __tablename__ = "match_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    match_id: Mapped[int] = mapped_column(ForeignKey("matches.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    source: Mapped[str] = mapped_column(String(32))
    field: Mapped[str] = mapped_column(String(16))
    before: Mapped[str] = mapped_column(String(40))
    after: Mapped[str] = mapped_column(String(40))


class TrainedModel(Base):
    """One training of the house model. `blob` is the artifact in the storage, named by its checksum.

    `known_until` is the day from which its figures in `metrics` were measured: it had seen nothing later.
    One of each family is in use.
    """

    __tablename__ = "forecast_models"
    __table_args__ = (Index(None, "family", "in_use"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    family: Mapped[str] = mapped_column(String(16))
    blob: Mapped[str] = mapped_column(String(64))
    code_version: Mapped[int]
    data_hash: Mapped[str] = mapped_column(String(64))
    matches: Mapped[int]
    known_until: Mapped[datetime] = mapped_column(UtcDateTime)
    metrics: Mapped[dict[str, Any]] = mapped_column(Json)
    in_use: Mapped[bool] = mapped_column(default=False)
    trained_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)


class Prediction(Base):
    """A line of the ledger: what the house said, before kick-off, and by which model. Never changed.

    The last line of a match is the house's word at kick-off. `features` is what the match looked like,
    `moved_by` what that did to home against away, in log-odds, the strongest first.
    """

    __tablename__ = "predictions"
    __table_args__ = (Index(None, "match_id", "made_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    match_id: Mapped[int] = mapped_column(ForeignKey("matches.id", ondelete="CASCADE"))
    model_id: Mapped[int] = mapped_column(ForeignKey("forecast_models.id"), index=True)
    home: Mapped[float]
    draw: Mapped[float]
    away: Mapped[float]
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    moved_by: Mapped[dict[str, float]] = mapped_column(Json, default=dict)

    match: Mapped[Match] = relationship()
    model: Mapped[TrainedModel] = relationship()

    @property
    def shares(self) -> tuple[float, float, float]:
        return self.home, self.draw, self.away

    @property
    def confidence(self) -> float:
        return max(self.shares)


@event.listens_for(Prediction, "before_update")
def _written_once(*_: object) -> None:
    raise RuntimeError("a line of the ledger of predictions is never changed")


class Forecast(Base):
    """What a learner says of a match, until its kick-off. The figures are there once it is settled:
    `score` is 100 × (RPS of the house − RPS), so above 0 is better than the house."""

    __tablename__ = "forecasts"
    __table_args__ = (
        UniqueConstraint("user_id", "match_id"),
        Index(None, "match_id"),
        CheckConstraint("home >= 0 AND draw >= 0 AND away >= 0", name="shares"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    match_id: Mapped[int] = mapped_column(ForeignKey("matches.id", ondelete="CASCADE"))
    home: Mapped[float]
    draw: Mapped[float]
    away: Mapped[float]
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    score: Mapped[float | None]
    rps: Mapped[float | None]
    house_rps: Mapped[float | None]

    match: Mapped[Match] = relationship()

    @property
    def shares(self) -> tuple[float, float, float]:
        return self.home, self.draw, self.away


class ForecastTotals(Base):
    """What a learner's forecasts of a season come to: running sums, and the row of the board.

    `standing` is the mean score drawn towards 0 as if some matches more had been entered as the house had
    them (board.py); the board is ordered by it.
    """

    __tablename__ = "forecast_totals"
    __table_args__ = (
        Index("ix_forecast_totals_order", "season_id", "standing", "reached_at", "user_id"),
    )

    season_id: Mapped[int] = mapped_column(
        ForeignKey("seasons.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    entries: Mapped[int] = mapped_column(default=0)
    total: Mapped[float] = mapped_column(default=0.0)
    squares: Mapped[float] = mapped_column(default=0.0)
    standing: Mapped[float] = mapped_column(default=0.0)
    reached_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # What has been paid: 0 nothing, 1 for taking part, 2 also for beating the house.
    rewarded: Mapped[int] = mapped_column(default=0)
