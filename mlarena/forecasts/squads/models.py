"""Players, what they did in a season, who misses a match, and who scored in it."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mlarena.core.clock import utcnow
from mlarena.core.db import Base, UtcDateTime
from mlarena.forecasts.models import Match, Season, Team

POSITIONS = ("goalkeeper", "defender", "midfielder", "attacker")
# `out` misses the next match, `doubtful` may; None where nobody has said anything.
INJURY_STATUSES = ("fit", "doubtful", "out")


class Player(Base):
    """One source's player, by its own number for them (`key`). `market_value` is in whole euros."""

    __tablename__ = "players"
    __table_args__ = (UniqueConstraint("league_id", "source", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    league_id: Mapped[int] = mapped_column(ForeignKey("leagues.id", ondelete="CASCADE"))
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"), index=True)
    source: Mapped[str] = mapped_column(String(32))
    key: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(80))
    full_name: Mapped[str | None] = mapped_column(String(120))
    position: Mapped[str | None] = mapped_column(String(16))
    born: Mapped[date | None] = mapped_column(Date)
    nationality: Mapped[str | None] = mapped_column(String(64))
    injury_status: Mapped[str | None] = mapped_column(String(16))
    injury_reason: Mapped[str | None] = mapped_column(String(120))
    market_value: Mapped[int | None]
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)

    team: Mapped[Team] = relationship()


class PlayerSeason(Base):
    """What a source counts of a player in a league's season; None where it does not say."""

    __tablename__ = "player_seasons"
    __table_args__ = (Index(None, "season_id", "goals"),)

    season_id: Mapped[int] = mapped_column(
        ForeignKey("seasons.id", ondelete="CASCADE"), primary_key=True
    )
    player_id: Mapped[int] = mapped_column(
        ForeignKey("players.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"))
    appearances: Mapped[int | None]
    minutes: Mapped[int | None]
    goals: Mapped[int | None]
    assists: Mapped[int | None]
    shots: Mapped[int | None]
    on_target: Mapped[int | None]
    rating: Mapped[float | None]

    season: Mapped[Season] = relationship()
    player: Mapped[Player] = relationship()
    team: Mapped[Team] = relationship()


class Absence(Base):
    """A player who misses a match, or may (`status`, as of INJURY_STATUSES), and why."""

    __tablename__ = "absences"

    match_id: Mapped[int] = mapped_column(
        ForeignKey("matches.id", ondelete="CASCADE"), primary_key=True
    )
    player_id: Mapped[int] = mapped_column(
        ForeignKey("players.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    status: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(120))

    match: Mapped[Match] = relationship()
    player: Mapped[Player] = relationship()


class Goal(Base):
    """One goal of a match, in its order (`number`, from 1), where a source tells who scored.

    `team_id` is the side that it counts for.
    """

    __tablename__ = "goals"

    match_id: Mapped[int] = mapped_column(
        ForeignKey("matches.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    minute: Mapped[int]
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"))
    player_id: Mapped[int] = mapped_column(ForeignKey("players.id", ondelete="CASCADE"), index=True)

    player: Mapped[Player] = relationship()
