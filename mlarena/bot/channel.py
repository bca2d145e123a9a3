"""Telegram as a channel of notifications: what is told is put on its way, joined with what else waits."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from markupsafe import Markup
from sqlalchemy import Select, String, cast, literal, select

from mlarena.accounts.models import User
from mlarena.bot import outbox, verdicts
from mlarena.bot.chat import joined, link
from mlarena.bot.linking import ALIVE, available
from mlarena.bot.models import TelegramLink
from mlarena.core import wake
from mlarena.core.db import db
from mlarena.notifications.channels import Letter
from mlarena.notifications.kinds import Kind
from mlarena.notifications.models import Notification

NAME = "telegram"
# What says that a notice was put, with the number of the notice.
KEY = "notice:"
# Only who asks for them gets these: a word about what somebody has not done.
ASKED_FOR = ("streak",)
_SUBMISSION = re.compile(r"submission:([0-9]{1,18})")


class Telegram:
    """See notifications.channels.Store."""

    name = NAME
    word = "Telegram"
    digest = False

    def wants(self, kind: Kind) -> bool:
        return kind.name not in ASKED_FOR

    def reaches(self, user_ids: Collection[int]) -> set[int]:
        if not available():
            return set()
        query = select(TelegramLink.user_id).join(User, User.id == TelegramLink.user_id)
        return set(db.session.scalars(query.where(TelegramLink.user_id.in_(user_ids), ALIVE)))

    def put(self, letters: Sequence[Letter]) -> None:
        """Each notice once, by a key; Telegram's limits, and its being away, are the queue's to deal with."""
        chats = dict(
            db.session.execute(
                select(TelegramLink.user_id, TelegramLink.telegram_id).where(
                    TelegramLink.user_id.in_([user.id for user, _ in letters])
                )
            ).all()
        )
        answered = verdicts.asked_here([_submission(one) for _, told in letters for one in told])
        for user, told in letters:
            for one in told:
                if user.id in chats and _submission(one) not in answered:
                    outbox.put(
                        chats[user.id],
                        _text(one),
                        key=f"{KEY}{one.id}",
                        priority=outbox.BULK if one.bulk else outbox.NOTICE,
                        joinable=True,
                        user_id=user.id,
                    )

    def withdraw(self, notification_ids: Select[Any]) -> None:
        ids = notification_ids.subquery().c[0]
        outbox.withdraw(select(literal(KEY) + cast(ids, String)))

    def wake(self) -> None:
        wake.wake(outbox.WRITTEN)


def _submission(notice: Notification) -> int:
    """The submission whose verdict it tells; 0 for what tells of something else."""
    found = _SUBMISSION.fullmatch(notice.about) if notice.kind == "verdict" else None
    return int(found[1]) if found else 0


def _text(notice: Notification) -> Markup:
    title = Markup("<b>{}</b>").format(notice.title)
    if notice.link:
        title = Markup("<b>{}</b>").format(link(notice.link, notice.title))
    return joined([title, notice.text]) if notice.text else title
