"""What Telegram tells us: taken in once by its number, handled in order, and then forgotten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Literal

import structlog
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import func, or_, select, update

from mlarena.bot.models import TelegramUpdate
from mlarena.core.clock import utcnow
from mlarena.core.db import db, insert
from mlarena.core.errors import Malformed

log = structlog.get_logger(__name__)

# A message of Telegram's has 4096 characters; what is longer did not come from there.
LONGEST_UPDATE = 1 << 18
LONGEST_TEXT = 16_384
LEASE = timedelta(seconds=60)
TRIES = 3


def _clean(text: Any) -> Any:
    """What PostgreSQL does not take in a JSON column: NUL, and halves of a pair."""
    if not isinstance(text, str):
        return text
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


Text = Annotated[str, BeforeValidator(_clean)]
Id = Annotated[int, Field(strict=True, gt=-(1 << 52), lt=1 << 52)]


class _Shape(BaseModel):
    """Of what Telegram sends we read and keep what is named, and no names of people."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class Person(_Shape):
    id: Id
    is_bot: bool = False


class Chat(_Shape):
    id: Id
    type: Literal["private", "group", "supergroup", "channel"]


class RepliedTo(_Shape):
    message_id: Id


class Message(_Shape):
    message_id: Id
    chat: Chat
    sender: Person | None = Field(None, alias="from")
    text: Text = ""
    reply_to_message: RepliedTo | None = None
    # It had more than LONGEST_TEXT, and that was thrown away.
    too_long: bool = False

    @model_validator(mode="after")
    def _has_an_end(self) -> Message:
        if len(self.text) > LONGEST_TEXT:
            self.text, self.too_long = "", True
        return self


class Press(_Shape):
    """A button was pressed."""

    id: Text
    sender: Person = Field(alias="from")
    message: Message | None = None
    data: Text = ""


class Member(_Shape):
    status: Text = ""


class Membership(_Shape):
    """We were let in or put out; in a private chat: blocked, or not any more."""

    chat: Chat
    new_chat_member: Member


class Update(_Shape):
    update_id: Annotated[int, Field(strict=True, ge=0, lt=1 << 52)]
    message: Message | None = None
    callback_query: Press | None = None
    my_chat_member: Membership | None = None


def receive(told: Any) -> bool:
    """Keep an update until it is handled. False where it was there before. Commits. Raises Malformed."""
    try:
        found = Update.model_validate(told)
    except ValidationError as error:
        raise Malformed(f"That is no update: {error.error_count()} faults.") from None
    written = db.session.scalar(
        insert(TelegramUpdate)
        .values(
            update_id=found.update_id,
            payload=found.model_dump(by_alias=True, exclude_none=True),
            received_at=utcnow(),
            attempts=0,
        )
        .on_conflict_do_nothing()
        .returning(TelegramUpdate.update_id)
    )
    db.session.commit()
    return written is not None


def last() -> int:
    """The number of the latest update that was taken in."""
    return db.session.scalar(select(func.max(TelegramUpdate.update_id))) or -1


def handle_next(handle: Callable[[Update], Any]) -> tuple[bool, Any]:
    """Handle the oldest that waits: whether there was one, and what `handle` has returned.

    One that fails is tried again a few times; then it is let go, and the log has why.
    """
    found = _claim()
    if found is None:
        return False, None
    number, attempts, payload = found
    if attempts > TRIES:  # whoever was at it ended each time, and could not say why
        log.error("an update is let go", update_id=number)
        _set(number, handled_at=utcnow(), payload={}, lease_until=None)
        return True, None
    with structlog.contextvars.bound_contextvars(update_id=number):
        try:
            answer = handle(Update.model_validate(payload))
        except Exception:
            db.session.rollback()
            log.exception("an update was not handled")
            if attempts < TRIES:
                _set(number, lease_until=utcnow() + timedelta(seconds=attempts))
                return True, None
            answer = None
    _set(number, handled_at=utcnow(), payload={}, lease_until=None)
    return True, answer


def _claim() -> tuple[int, int, dict[str, Any]] | None:
    now = utcnow()
    free = or_(TelegramUpdate.lease_until.is_(None), TelegramUpdate.lease_until < now)
    oldest = (
        select(TelegramUpdate.update_id)
        .where(TelegramUpdate.handled_at.is_(None), free)
        .order_by(TelegramUpdate.update_id)
        .limit(1)
    )
    number = db.session.scalar(oldest)
    db.session.commit()
    if number is None:
        return None
    row = db.session.execute(
        update(TelegramUpdate)
        .where(TelegramUpdate.update_id == number, TelegramUpdate.handled_at.is_(None), free)
        .values(lease_until=now + LEASE, attempts=TelegramUpdate.attempts + 1)
        .returning(TelegramUpdate.attempts, TelegramUpdate.payload)
        .execution_options(synchronize_session=False)
    ).first()
    db.session.commit()
    return None if row is None else (number, row.attempts, row.payload)


def _set(number: int, **values: Any) -> None:
    db.session.execute(
        update(TelegramUpdate)
        .where(TelegramUpdate.update_id == number)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
