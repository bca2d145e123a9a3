"""The verdict on what was handed in by chat: told there once, as soon as it is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import structlog
from markupsafe import Markup
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError

from mlarena.bot import outbox
from mlarena.bot.chat import joined, link
from mlarena.bot.linking import available
from mlarena.bot.models import TelegramAsk, TelegramLink
from mlarena.bot.text import cut
from mlarena.core import wake
from mlarena.core.clock import utcnow
from mlarena.core.db import db, insert
from mlarena.core.templates import score as shown_score
from mlarena.submissions import signals
from mlarena.submissions.listing import submissions_query
from mlarena.submissions.models import FINAL, Submission

log = structlog.get_logger(__name__)

AT_ONCE = 50
MOST_CASES = 12
LONGEST_WORDS = 300


_asking: ContextVar[tuple[int | None] | None] = ContextVar("asking", default=None)


def connect() -> None:
    signals.accepted.connect(_accepted, Submission)
    signals.settled.connect(_settled, Submission)


@contextmanager
def asking(reply_to: int | None) -> Iterator[None]:
    """What is taken in meanwhile is asked for by chat: noted with it, so that no verdict is there before, and
    told by a notice besides."""
    token = _asking.set((reply_to,))
    try:
        yield
    finally:
        _asking.reset(token)


def _accepted(_sender: Any, submission: Submission) -> None:
    asked = _asking.get()
    if asked is not None:
        _ask(submission.id, asked[0])


def _ask(submission_id: int, reply_to: int | None) -> None:
    row = {"submission_id": submission_id, "reply_to": reply_to}
    db.session.execute(insert(TelegramAsk).values(row).on_conflict_do_nothing())


def expect(submission: Submission, reply_to: int | None) -> None:
    """Tell its verdict here, when it comes; at once, if it is there already. Commits."""
    db.session.commit()
    _ask(submission.id, reply_to)
    db.session.commit()
    status = db.session.scalar(select(Submission.status).where(Submission.id == submission.id))
    if status in FINAL:  # it was settled before we had written that somebody waits
        wake.wake(outbox.WRITTEN)


def _settled(_sender: Any, submission: Submission) -> None:
    if available() and asked_here([submission.id]):
        wake.wake(outbox.WRITTEN)


def tell() -> int:
    """Tell who asked by chat what is there by now, the oldest first; how many. Once: the row says that it was
    told. The bot process' own work, so that no verdict waits for it. Commits."""
    ready = db.session.execute(
        select(TelegramAsk.submission_id, TelegramAsk.reply_to, TelegramLink.telegram_id)
        .join(Submission, Submission.id == TelegramAsk.submission_id)
        .outerjoin(TelegramLink, TelegramLink.user_id == Submission.user_id)
        .where(TelegramAsk.told_at.is_(None), Submission.status.in_(FINAL))
        .order_by(TelegramAsk.submission_id)
        .limit(AT_ONCE)
    ).all()
    try:
        return _tell(ready)
    except Exception:
        db.session.rollback()
        if len(ready) == 1:
            raise
    return sum(map(_tell_alone, ready))  # one that cannot be told stops nobody else's


def _tell_alone(one: Any) -> int:
    try:
        return _tell([one])
    except Exception:
        db.session.rollback()
        log.exception("a verdict could not be told", submission_id=one.submission_id)
        return 0


def _tell(ready: Sequence[Any]) -> int:
    if not ready:
        db.session.commit()
        return 0
    ids = [one.submission_id for one in ready]
    query = submissions_query().where(Submission.id.in_(ids))
    found = db.session.scalars(query.execution_options(populate_existing=True))
    texts = {one.id: _text_or_link(one) for one in found}
    # The reading is over: what others wait for begins with a write, and is short.
    db.session.commit()
    taken = set(
        db.session.scalars(
            update(TelegramAsk)
            .where(TelegramAsk.submission_id.in_(ids), TelegramAsk.told_at.is_(None))
            .values(told_at=utcnow())
            .returning(TelegramAsk.submission_id)
            .execution_options(synchronize_session=False)
        )
    )
    for number, reply_to, chat_id in ready:
        if number in taken and number in texts and chat_id is not None:
            user_id, text = texts[number]
            more: dict[str, Any] = {"reply_to": reply_to, "key": f"verdict:{number}"}
            outbox.put(chat_id, text, joinable=True, user_id=user_id, **more)
    db.session.commit()
    return len(taken)


def _text_or_link(submission: Submission) -> tuple[int | None, Markup]:
    """Whose it is, and the words; one that cannot be put into words stops nobody else's."""
    try:
        return submission.user_id, text_of(submission)
    except SQLAlchemyError:
        raise
    except Exception:
        log.exception("a verdict has no words", submission_id=submission.id)
        return submission.user_id, link(f"/submissions/{submission.id}", "Your verdict is there")


def asked_here(submission_ids: list[int]) -> set[int]:
    """Those of them whose verdict is told as an answer, and needs no notice besides."""
    query = select(TelegramAsk.submission_id).where(TelegramAsk.submission_id.in_(submission_ids))
    return set(db.session.scalars(query))


def text_of(submission: Submission) -> Markup:
    """A verdict in a few lines: how it went, what was wrong, what it earned, where there is more."""
    verdict, task = submission.verdict, submission.task
    lines: list[Markup | str] = [
        Markup("{} <b>{}</b>, attempt {}: {}").format(
            "✅" if submission.passed else "❌" if submission.status != "error" else "⚠️",
            task.title,
            submission.attempt_no,
            _word(submission),
        )
    ]
    if verdict is not None:
        if verdict.error:
            lines.append(Markup("<pre>{}</pre>").format(verdict.error[:LONGEST_WORDS]))
        lines += _cases(verdict.cases)
        lines += _earned(verdict.earned)
    lines.append(link(f"/submissions/{submission.id}", "The whole verdict"))
    return joined(lines)


def _word(submission: Submission) -> str:
    if submission.status == "error":
        return "the arena could not judge it, which is not your fault. Hand it in again."
    if submission.status == "failed":
        return "it could not be judged."
    score = shown_score(submission.score).removesuffix(".0000")
    if not submission.task.has_a_bar:
        return f"score {score}."
    return f"{'passed' if submission.passed else 'not passed'}, score {score}."


def _cases(cases: list[dict[str, Any]]) -> list[Markup | str]:
    """How many were right, and of the first that were not, what is to be told of it."""
    if not cases:
        return []
    right = sum(_right(case) for case in cases)
    quiz = "question_id" in cases[0]
    lines: list[Markup | str] = [
        f"{right} of {len(cases)} {'questions' if quiz else 'cases'} right."
    ]
    if quiz:
        return lines + [_question(case) for case in cases[:MOST_CASES] if not _right(case)]
    for number, case in enumerate(cases, 1):
        if not _right(case):
            why = str(case.get("error") or "the result is another one than was expected")
            seen = "" if case.get("is_visible") else " (hidden)"
            lines.append(f"Case {number}{seen}: {cut(why, LONGEST_WORDS)}")
            break
    return lines


def _right(case: dict[str, Any]) -> bool:
    return bool(case.get("passed", case.get("status") == "COMPLETED"))


def _question(case: dict[str, Any]) -> Markup:
    line = Markup("Question {}: <i>{}</i>").format(
        case["question_id"], _said(case.get("actual_result"))
    )
    if case.get("expected_result") is not None:
        line += Markup(" Right: <b>{}</b>").format(_said(case["expected_result"]))
    if case.get("explanation"):
        line += Markup(" {}").format(cut(str(case["explanation"]), LONGEST_WORDS))
    return line


def _said(answer: Any) -> str:
    if answer is None or answer == []:
        return "no answer"
    return cut(", ".join(map(str, answer)) if isinstance(answer, list) else str(answer), 120)


def _earned(earned: dict[str, Any]) -> list[Markup | str]:
    lines: list[Markup | str] = []
    if earned.get("xp"):
        lines.append(f"+{earned['xp']} XP: {earned['xp_total']} in all, level {earned['level']}.")
    for words, things in (("🏅 New badge", "new_badges"), ("🔓 Open now", "opened_levels")):
        lines += [
            Markup("{}: <b>{}</b>").format(words, one["name"]) for one in earned.get(things, [])
        ]
    return lines
