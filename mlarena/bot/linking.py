"""Who a Telegram account is: linked by a code that works once, for minutes, and only one way round."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from mlarena.accounts.models import User
from mlarena.bot.models import TelegramCode, TelegramLink, TelegramMessage, TelegramTalk
from mlarena.core.clock import utcnow
from mlarena.core.config import settings
from mlarena.core.db import db, insert
from mlarena.core.errors import Conflict, Invalid
from mlarena.core.installation import Note
from mlarena.notifications.choices import forget_channel

CODE_MINUTES = 10
CODE_LIMIT = "20 per hour"
BOT_NAME = "telegram bot"

ALIVE = TelegramLink.credentials_version == User.credentials_version

NO_BOT = "This arena has no Telegram bot. Its operator can set one up."
STALE = (
    "That code is not valid: it works once, and for {minutes} minutes. "
    "Make a new one in the settings of your account."
)
OTHERS = (
    "This Telegram account is linked to another account of this arena. "
    "Unlink it there first (/settings), then send the code again."
)
LINKED = "Your account is linked to a Telegram account already. Unlink that one first."


@dataclass(frozen=True)
class Code:
    """What is shown once: the code, the address that sends it (None while the bot's name is not known)."""

    text: str
    address: str | None
    expires_at: datetime


def available() -> bool:
    return bool(settings().telegram_bot_token)


def bot_name() -> str | None:
    """The bot's user name, as the bot process has learnt it."""
    return db.session.scalar(select(Note.value).where(Note.name == BOT_NAME))


def remember_name(name: str) -> None:
    db.session.merge(Note(name=BOT_NAME, value=name))
    db.session.commit()


def make_code(user: User) -> Code:
    """A new code for `user`; the one before stops working. Commits. Raises Conflict: linked, or no bot."""
    if not available():
        raise Conflict(NO_BOT)
    if link_of(user) is not None:
        raise Conflict(LINKED)
    # 128 random bits, in letters that a deep link may have: at most 64 of A-Z a-z 0-9 _ -
    text, expires_at = secrets.token_urlsafe(16), utcnow() + timedelta(minutes=CODE_MINUTES)
    user_id, name = user.id, bot_name()
    db.session.commit()
    fields = {"code_hash": _hash(text), "expires_at": expires_at}
    db.session.execute(
        insert(TelegramCode)
        .values(user_id=user_id, **fields)
        .on_conflict_do_update(index_elements=["user_id"], set_=fields)
    )
    db.session.commit()
    return Code(text, f"https://t.me/{name}?start={text}" if name else None, expires_at)


def redeem(telegram_id: int, code: str) -> User:
    """Link the Telegram account to whoever made `code`. Commits.

    Raises Invalid (no such code, used, or too late) and Conflict (either of the two is linked elsewhere).
    """
    now = utcnow()
    user_id = db.session.scalar(
        select(TelegramCode.user_id).where(
            TelegramCode.code_hash == _hash(code), TelegramCode.expires_at > now
        )
    )
    if user_id is None:
        raise Invalid(STALE.format(minutes=CODE_MINUTES))
    held = holder(telegram_id)
    if held is not None and held.id != user_id:
        raise Conflict(OTHERS)
    db.session.commit()
    # The one delete that finds it is the one use.
    used = db.session.scalar(
        delete(TelegramCode)
        .where(TelegramCode.code_hash == _hash(code), TelegramCode.expires_at > now)
        .returning(TelegramCode.user_id)
    )
    if used is None:
        db.session.rollback()
        raise Invalid(STALE.format(minutes=CODE_MINUTES))
    user = db.session.get_one(User, used)
    try:
        _clear_dead(user.id, telegram_id)
        db.session.add(
            TelegramLink(
                user_id=user.id,
                telegram_id=telegram_id,
                credentials_version=user.credentials_version,
            )
        )
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        raise Conflict(LINKED if holder(telegram_id) is None else OTHERS) from None
    return user


def _clear_dead(user_id: int, telegram_id: int) -> None:
    """Links that died with a change of the password make room."""
    now = select(User.credentials_version).where(User.id == TelegramLink.user_id).scalar_subquery()
    either = or_(TelegramLink.user_id == user_id, TelegramLink.telegram_id == telegram_id)
    db.session.execute(
        delete(TelegramLink)
        .where(either, TelegramLink.credentials_version != now)
        .execution_options(synchronize_session=False)
    )


def link_of(user: User) -> TelegramLink | None:
    """The user's link, if it is alive."""
    found = db.session.get(TelegramLink, user.id, populate_existing=True)
    alive = found is not None and found.credentials_version == user.credentials_version
    return found if alive else None


def holder(telegram_id: int) -> User | None:
    """Who this Telegram account is here; None for a stranger."""
    query = (
        select(TelegramLink)
        .join(User, User.id == TelegramLink.user_id)
        .where(TelegramLink.telegram_id == telegram_id, ALIVE)
        .options(joinedload(TelegramLink.user))
        .execution_options(populate_existing=True)
    )
    found = db.session.scalar(query)
    return found.user if found else None


def unlink(user: User) -> bool:
    """Nothing is said to that chat any more, and nobody there is `user`. Commits."""
    user_id = user.id
    db.session.commit()
    gone = db.session.scalar(
        delete(TelegramLink)
        .where(TelegramLink.user_id == user_id)
        .returning(TelegramLink.telegram_id)
    )
    db.session.execute(delete(TelegramCode).where(TelegramCode.user_id == user_id))
    db.session.execute(delete(TelegramTalk).where(TelegramTalk.user_id == user_id))
    db.session.execute(
        delete(TelegramMessage).where(
            TelegramMessage.user_id == user_id, TelegramMessage.done_at.is_(None)
        )
    )
    db.session.commit()
    forget_channel(user_id, "telegram")
    return gone is not None


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode("utf-8", "replace")).hexdigest()
