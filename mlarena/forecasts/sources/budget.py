"""How often a source may still be asked today, kept where every process sees it.

API-Football gives 100 requests a day of UTC. What can wait (players, statistics) leaves a part of them for
what cannot (live scores): `leaving`. A source that asks to be left alone is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

from sqlalchemy import Date, Select, String, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from mlarena.core.clock import utcnow
from mlarena.core.db import Base, UtcDateTime, db, insert
from mlarena.forecasts.sources import api_football, football_data
from mlarena.forecasts.sources.found import SourceProblem

# Requests a day. football-data.org counts by the minute only; ten a minute are 14,400 a day.
DAILY = {api_football.NAME: 100, football_data.NAME: 14_400}


class SourceDay(Base):
    """What was asked of a source on one day of UTC, and until when it wants to be left alone."""

    __tablename__ = "source_days"

    source: Mapped[str] = mapped_column(String(32), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    asked: Mapped[int] = mapped_column(default=0)
    quiet_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SourceMark(Base):
    """How far the reading of something long has come, so that the next day goes on from there."""

    __tablename__ = "source_marks"

    source: Mapped[str] = mapped_column(String(32), primary_key=True)
    what: Mapped[str] = mapped_column(String(64), primary_key=True)
    place: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcDateTime)


def take(source: str, leaving: int = 0) -> None:
    """Count one request, before it is made. Commits, so that it is spent whatever comes of it.

    Raises SourceProblem, with the seconds to wait: the day's requests but `leaving` are spent, or the source
    wants to be left alone.
    """
    now = utcnow()
    most = DAILY[source] - leaving
    spent = insert(SourceDay).values(source=source, day=now.date(), asked=1)
    done = db.session.execute(
        spent.on_conflict_do_update(
            index_elements=["source", "day"],
            set_={"asked": SourceDay.asked + 1},
            where=(SourceDay.asked < most)
            & or_(SourceDay.quiet_until.is_(None), SourceDay.quiet_until <= now),
        ).returning(SourceDay.asked)
    ).all()
    db.session.commit()
    if done:
        return
    row = db.session.scalars(_today(source).execution_options(populate_existing=True)).one()
    if row.quiet_until is not None and row.quiet_until > now:
        wait = (row.quiet_until - now).total_seconds()
        raise SourceProblem(f"{source} wants to be left alone for {wait:.0f} s.", wait=wait)
    kept = f"; {leaving} are kept for live scores" if leaving else ""
    raise SourceProblem(
        f"{row.asked} of {DAILY[source]} requests of today are spent on {source}{kept}.",
        wait=_until_tomorrow(now),
    )


@contextmanager
def asking(source: str, leaving: int = 0) -> Iterator[None]:
    """Around one request: counted before it, and where the answer asks for patience, that is remembered.

    Raises SourceProblem as `take` does, and whatever the block raises."""
    take(source, leaving)
    try:
        yield
    except SourceProblem as problem:
        if problem.wait is not None:
            be_quiet(source, problem.wait)
        raise


def be_quiet(source: str, seconds: float) -> None:
    """Ask nothing for so long: the source has said so. Commits."""
    now = utcnow()
    # A limit of the day is one until midnight, whatever hour it is.
    until = now + timedelta(seconds=min(seconds, _until_tomorrow(now)))
    db.session.execute(
        update(SourceDay)
        .where(SourceDay.source == source, SourceDay.day == now.date())
        .values(quiet_until=until)
    )
    db.session.commit()


def left(source: str) -> int:
    """How many requests of today are left."""
    row = db.session.scalars(_today(source).execution_options(populate_existing=True)).first()
    return DAILY[source] - (row.asked if row else 0)


def mark(source: str, what: str) -> int:
    """How far the reading has come; 0 where it has not begun."""
    query = select(SourceMark.place).where(SourceMark.source == source, SourceMark.what == what)
    return db.session.scalar(query) or 0


def move_mark(source: str, what: str, place: int) -> None:
    """Not committed: with what was read, or not at all."""
    now = utcnow()
    moved = insert(SourceMark).values(source=source, what=what, place=place, at=now)
    db.session.execute(
        moved.on_conflict_do_update(
            index_elements=["source", "what"], set_={"place": place, "at": now}
        )
    )


def _today(source: str) -> Select[SourceDay]:
    return select(SourceDay).where(SourceDay.source == source, SourceDay.day == utcnow().date())


def _until_tomorrow(now: datetime) -> float:
    start = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return (start + timedelta(days=1) - now).total_seconds()
