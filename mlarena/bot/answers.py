"""Answering with a query: the task, the reply to it, and what a refusal says."""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup
from sqlalchemy import select

from mlarena.bot import verdicts
from mlarena.bot.chat import Chat, joined, link, require_within
from mlarena.bot.models import TelegramMessage
from mlarena.bot.text import rendered
from mlarena.challenges import service
from mlarena.challenges.views import View
from mlarena.core.db import db
from mlarena.core.errors import Problem

_FENCE = re.compile(r"\s*```[a-zA-Z]*\n?(.*?)```\s*", re.DOTALL)
MOST_COLUMNS = 40


def told(problem: Problem) -> str:
    """A refusal in words, with what is wrong where."""
    said = [words for messages in problem.errors.values() for words in messages]
    more = [words for words in said if words != problem.message]
    return " ".join([problem.message, *more[:3]])


def about(chat_id: int, message_id: int) -> dict[str, Any]:
    """What a message of ours was about; {} for any other."""
    query = select(TelegramMessage.about).where(
        TelegramMessage.chat_id == chat_id, TelegramMessage.message_id == message_id
    )
    return db.session.scalars(query.order_by(TelegramMessage.id)).first() or {}


def show(chat: Chat, numbers: list[int]) -> str:
    """The task, and how it is answered."""
    [challenge_id] = numbers
    view = service.view(challenge_id, chat.person)
    if view.challenge.kind != "sql":
        chat.say(elsewhere(view))
        return ""
    chat.say(
        joined(
            [
                Markup("<b>{}</b>").format(view.challenge.title),
                *([rendered(view.challenge.description)] if view.challenge.description else []),
                *_tables(view.task["tables"]),
                "",
                Markup("Reply to this message with your query ({}).").format(view.challenge.engine),
                view.not_offered or "",
            ]
        ),
        ask_reply="SELECT …",
        about={"challenge": challenge_id},
    )
    return ""


def elsewhere(view: View) -> Markup:
    return joined(
        [
            Markup("<b>{}</b>").format(view.challenge.title),
            Markup("This one is solved on the site: {}").format(
                link(f"/challenges/{view.challenge.id}", "open it there")
            ),
        ]
    )


def _tables(tables: list[dict[str, Any]]) -> list[Markup]:
    lines = []
    for table in tables:
        columns = ", ".join(_column(one) for one in table["columns"][:MOST_COLUMNS])
        lines.append(Markup("\n<b>{}</b> ({})").format(table["name"], columns))
    return lines


def _column(one: Any) -> str:
    if isinstance(one, dict):
        return " ".join(str(part) for part in (one.get("name"), one.get("type")) if part)
    return str(one)


def query(chat: Chat, challenge_id: int, text: str) -> None:
    """Hand it in, by the verb of the page; its verdict comes as an answer to it."""
    user = chat.person
    require_within(service.SUBMIT_LIMIT, user)
    fenced = _FENCE.fullmatch(text)
    with verdicts.asking(chat.message_id):
        submission = service.submit(user, challenge_id, {"query": fenced[1] if fenced else text})
    if submission.verdict is not None:
        chat.say(verdicts.text_of(submission), reply=True)
        return
    verdicts.expect(submission, chat.message_id)
