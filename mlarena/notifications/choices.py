"""What each user wants to be told, by which channel, and when."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from mlarena.accounts.models import User
from mlarena.core.clock import utcnow
from mlarena.core.db import db, insert
from mlarena.core.errors import Invalid
from mlarena.notifications.channels import PAGE, Channel, channels
from mlarena.notifications.kinds import KINDS, kinds_of
from mlarena.notifications.models import PERIODS, Choice, Delivery, Habits
from mlarena.notifications.quiet import DAY, is_quiet, next_at, quiet_until


@dataclass(frozen=True)
class Wishes:
    """What one user has chosen; where they said nothing, what the house does."""

    zone: str
    role: str
    habits: Habits
    said: Mapping[tuple[str, str], bool]

    def in_page(self, kind: str) -> bool:
        return self.said.get((kind, PAGE), True)

    def by(self, channel: Channel, kind: str) -> bool:
        known = KINDS.get(kind)
        return known is not None and self.said.get((kind, channel.name), channel.wants(known))

    def quiet(self, at: datetime) -> bool:
        return is_quiet(at, self.zone, self.habits.quiet_from, self.habits.quiet_to)

    def due(self, channel: Channel, at: datetime) -> datetime:
        """When what happens at `at` goes out by a channel."""
        if channel.digest:
            at = next_at(at, self.zone, self.habits.digest_hour, self.habits.digest == "weekly")
        return self.awake(at)

    def awake(self, at: datetime) -> datetime:
        """The first moment from `at` on that is not in their quiet hours."""
        return quiet_until(at, self.zone, self.habits.quiet_from, self.habits.quiet_to)


def wishes(user_ids: Collection[int]) -> dict[int, Wishes]:
    """What each of these users wants: three queries, however many they are."""
    people = db.session.execute(
        select(User.id, User.timezone, User.role).where(User.id.in_(user_ids))
    ).all()
    habits = {
        row.user_id: row
        for row in db.session.scalars(select(Habits).where(Habits.user_id.in_(user_ids)))
    }
    said: dict[int, dict[tuple[str, str], bool]] = {}
    for choice in db.session.scalars(select(Choice).where(Choice.user_id.in_(user_ids))):
        said.setdefault(choice.user_id, {})[choice.kind, choice.channel] = choice.wanted
    return {
        one.id: Wishes(one.timezone, one.role, habits.get(one.id) or _usual(one.id), said.get(one.id, {}))
        for one in people
    }  # fmt: skip


def wishes_of(user: User) -> Wishes:
    return wishes([user.id])[user.id]


def change(user: User, wanted: Mapping[str, Mapping[str, bool]], **given: Any) -> None:
    """`wanted` says by kind and channel yes or no; `given` may be quiet_from and quiet_to (minutes of the
    day, both or neither), digest and digest_hour. What is not named stays. Raises Invalid, and then nothing
    is changed. Commits."""
    rows = _checked(user, wanted)
    _check_habits(habits_of(user.id), given)
    for row in rows:
        db.session.execute(
            insert(Choice)
            .values(**row)
            .on_conflict_do_update(
                index_elements=["user_id", "kind", "channel"], set_={"wanted": row["wanted"]}
            )
        )
    _keep(user.id, **given)


def choose(user: User, wanted: Mapping[str, Mapping[str, bool]]) -> None:
    change(user, wanted)


def set_habits(user: User, **given: Any) -> None:
    change(user, {}, **given)


def _checked(user: User, wanted: Mapping[str, Mapping[str, bool]]) -> list[dict[str, Any]]:
    known, ways = {kind.name for kind in kinds_of(user)}, {PAGE, *channels()}
    for kind, by_channel in wanted.items():
        if kind not in known:
            raise Invalid.field("kinds", f"There is no kind “{kind}”. There are {_listed(known)}.")
        for channel in by_channel:
            if channel not in ways:
                raise Invalid.field(
                    "kinds", f"There is no channel “{channel}”. There are {_listed(ways)}."
                )
    return [
        {"user_id": user.id, "kind": kind, "channel": channel, "wanted": yes}
        for kind, by_channel in wanted.items()
        for channel, yes in by_channel.items()
    ]


def _check_habits(now: Habits, given: Mapping[str, Any]) -> None:
    begin, end = given.get("quiet_from", now.quiet_from), given.get("quiet_to", now.quiet_to)
    if (begin is None) != (end is None):
        missing = "quiet_from" if begin is None else "quiet_to"
        raise Invalid.field(missing, "Quiet hours have a beginning and an end: give both or none.")
    if any(minute is not None and not 0 <= minute < DAY for minute in (begin, end)):
        raise Invalid.field("quiet_from", "A time of the day is from 00:00 to 23:59.")
    if begin is not None and begin == end:
        raise Invalid.field("quiet_to", "Quiet hours begin and end at different times.")
    if given.get("digest", now.digest) not in PERIODS:
        raise Invalid.field("digest", f"A digest is {_listed(PERIODS)}.")
    if not 0 <= given.get("digest_hour", now.digest_hour) < 24:
        raise Invalid.field("digest_hour", "An hour is from 0 to 23.")


def habits_of(user_id: int) -> Habits:
    return db.session.get(Habits, user_id, populate_existing=True) or _usual(user_id)


def confirm_email(user: User) -> None:
    """The user's address, as it is now, has been shown to be theirs. Commits."""
    _keep(user.id, confirmed_email=user.email_key)


def stop_letters(user: User) -> None:
    """No digest goes to the user until they confirm their address again. Commits."""
    _keep(user.id, confirmed_email=None)
    forget_channel(user.id, "mail")


def forget_channel(user_id: int, channel: str) -> None:
    """What waits to go out to them by that channel is dropped: it was unlinked. Commits."""
    db.session.execute(
        delete(Delivery).where(Delivery.user_id == user_id, Delivery.channel == channel)
    )
    db.session.commit()


def quiet_now(user: User) -> bool:
    """Whether these are the user's quiet hours."""
    return wishes_of(user).quiet(utcnow())


def _keep(user_id: int, **fields: Any) -> None:
    if fields:
        row = insert(Habits).values(
            {"user_id": user_id, "digest": "daily", "digest_hour": 8} | fields
        )
        db.session.execute(row.on_conflict_do_update(index_elements=["user_id"], set_=fields))
    db.session.commit()


def _usual(user_id: int) -> Habits:
    return Habits(user_id=user_id, digest="daily", digest_hour=8)


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names))
