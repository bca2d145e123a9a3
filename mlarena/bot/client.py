"""The one place that knows Telegram's client library. What goes wrong comes out as one of five faults.

No words of a fault hold the token: it stands in the address of every call.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from telegram import (
    Bot,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    ReplyParameters,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
)
from telegram.request import HTTPXRequest

# What we ask Telegram to tell us. Edited messages are not among it: a query that was handed in is an
# attempt, and mending its text afterwards must not make another.
UPDATES = ("message", "callback_query", "my_chat_member")
POLL_SECONDS = 25
CALL_SECONDS = 10.0


# The library's own switch to what its next version gives: a timedelta. Without it each 429 is a warning more.
os.environ["PTB_TIMEDELTA"] = "1"


class Away(Exception):
    """No answer, or one of the kind that another try may get over."""


class TooFast(Exception):
    """429: again after `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"again after {seconds:g} s")
        self.seconds = seconds


class Refused(Exception):
    """Telegram will not have this call, now or later."""


class Closed(Exception):
    """The chat is closed to us: blocked, left, or gone."""


class Moved(Exception):
    """The group is another chat now."""

    def __init__(self, chat_id: int) -> None:
        super().__init__("the group has another number")
        self.chat_id = chat_id


class Client:
    """The calls that we make. Use it inside `async with`."""

    def __init__(self, token: str, url: str) -> None:
        self._token = token
        self._requests = _request(CALL_SECONDS), _request(POLL_SECONDS + CALL_SECONDS)
        calls, polls = self._requests
        self._bot = Bot(token, f"{url.rstrip('/')}/bot", request=calls, get_updates_request=polls)

    async def __aenter__(self) -> Client:
        # Not the bot's own beginning, which asks Telegram who it is and fails where that is away.
        for request in self._requests:
            await request.initialize()
        return self

    async def __aexit__(self, *_error: object) -> None:
        for request in self._requests:
            await request.shutdown()

    async def name(self) -> str:
        """Our own user name, by which a group's commands are addressed to us."""
        found = await self._call(self._bot.get_me())
        return str(found.username)

    async def introduce(self, commands: Sequence[tuple[str, str]]) -> None:
        """Tell Telegram's menus what we understand."""
        await self._call(self._bot.set_my_commands(list(commands)))

    async def be_called(self, url: str, secret: str) -> None:
        """Telegram calls `url` from now on, and shows `secret` there."""
        await self._call(
            self._bot.set_webhook(url, secret_token=secret, allowed_updates=list(UPDATES))
        )

    async def not_be_called(self) -> None:
        await self._call(self._bot.delete_webhook())

    async def updates(self, after: int) -> list[dict[str, Any]]:
        """What has happened behind `after`; waits for it for a while."""
        found = await self._call(
            self._bot.get_updates(
                offset=after + 1, timeout=POLL_SECONDS, allowed_updates=list(UPDATES)
            )
        )
        return [update.to_dict() for update in found]

    async def answer(self, press_id: str, words: str) -> None:
        """Answer the press of a button, with a word that shows for a moment."""
        await self._call(self._bot.answer_callback_query(press_id, words[:200] or None))

    async def call(self, method: str, chat_id: int, payload: dict[str, Any]) -> int | None:
        """Say or edit; the number of the message."""
        common: dict[str, Any] = {
            "text": payload["text"],
            "parse_mode": None if payload.get("plain") else "HTML",
            "reply_markup": _markup(payload),
            "link_preview_options": LinkPreviewOptions(is_disabled=True),
        }
        if method == "editMessageText":
            number = payload["message_id"]
            await self._call(
                self._bot.edit_message_text(chat_id=chat_id, message_id=number, **common)
            )
            return int(number)
        if reply_to := payload.get("reply_to"):
            # What we answer may have been deleted meanwhile: then it is said all the same.
            common["reply_parameters"] = ReplyParameters(reply_to, allow_sending_without_reply=True)
        message = await self._call(self._bot.send_message(chat_id, **common))
        return int(message.message_id)

    async def _call(self, asked: Any) -> Any:
        try:
            return await asked
        except RetryAfter as error:
            wait = error.retry_after
            assert isinstance(wait, timedelta)  # noqa: S101 – PTB_TIMEDELTA
            raise TooFast(wait.total_seconds()) from None
        except ChatMigrated as error:
            raise Moved(error.new_chat_id) from None
        except Forbidden as error:
            raise Closed(self._words(error)) from None
        except (InvalidToken, EndPointNotFound):
            raise Away("Telegram does not know the bot: see TELEGRAM_BOT_TOKEN") from None
        except Conflict:
            raise Away("somebody else asks for this bot's updates") from None
        except BadRequest as error:
            words = self._words(error)
            if "chat not found" in words.lower() or "user is deactivated" in words.lower():
                raise Closed(words) from None
            raise Refused(words) from None
        except TelegramError as error:
            raise Away(self._words(error)) from None

    def _words(self, error: Exception) -> str:
        return str(error).replace(self._token, "TOKEN")


def _request(seconds: float) -> HTTPXRequest:
    return HTTPXRequest(
        connection_pool_size=40,
        read_timeout=seconds,
        write_timeout=seconds,
        connect_timeout=5.0,
        pool_timeout=seconds,
    )


def _markup(payload: dict[str, Any]) -> Any:
    if rows := payload.get("buttons"):
        return InlineKeyboardMarkup(
            [
                [InlineKeyboardButton(words, callback_data=data) for words, data in row]
                for row in rows
            ]
        )
    if hint := payload.get("ask_reply"):
        return ForceReply(input_field_placeholder=hint)
    return None
