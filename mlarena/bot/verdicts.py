"""The verdict on what was handed in by chat: told there once, as soon as it is there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from markupsafe import Markup
from sqlalchemy import select, update

from mlarena.bot import outbox
from mlarena.bot.chat import joined, link
from mlarena.bot.linking import available
from mlarena.bot.models import TelegramAsk, TelegramLink
from mlarena.bot.text import cut
from mlarena.core.clock import utcnow
from mlarena.core.db import db, insert
from mlarena.core.templates import score as shown_score
from mlarena.submissions import signals
from mlarena.submissions.listing import submissions_query
from mlarena.submissions.models import FINAL, Submission

# A hint that has not come after so long is taken for lost.
MISSED = timedelta(seconds=3)
MOST_CASES = 12
LONGEST_WORDS = 300


def connect() -> None:
    signals.settled.connect(_settled, Submission)


def expect(submission: Submission, reply_to: int | None) -> None:
    """Tell its verdict here, when it comes; at once, if it is there already. Commits."""
    db.session.commit()
    db.session.execute(
        insert(TelegramAsk)
        .values(submission_id=submission.id, reply_to=reply_to)
        .on_conflict_do_nothing()
    )
    db.session.commit()
    status = db.session.scalar(select(Submission.status).where(Submission.id == submission.id))
    if status in FINAL:  # it was settled before we had written that somebody waits
        tell(submission.id)


def _settled(_sender: Any, submission: Submission) -> None:
    if available():
        tell(submission.id)


def tell(submission_id: int) -> bool:
    """Tell it to whoever asked by chat. Once: the row says that it was told. Commits."""
    asked = select(TelegramAsk.submission_id).where(
        TelegramAsk.submission_id == submission_id, TelegramAsk.told_at.is_(None)
    )
    if db.session.scalar(asked) is None:
        return False
    db.session.commit()
    claimed = db.session.execute(
        update(TelegramAsk)
        .where(TelegramAsk.submission_id == submission_id, TelegramAsk.told_at.is_(None))
        .values(told_at=utcnow())
        .returning(TelegramAsk.reply_to)
        .execution_options(synchronize_session=False)
    ).first()
    found = _submission(submission_id)
    link_of = select(TelegramLink.telegram_id).join(
        Submission, Submission.user_id == TelegramLink.user_id
    )
    chat_id = db.session.scalar(link_of.where(Submission.id == submission_id))
    if claimed is None or found is None or chat_id is None:
        db.session.commit()
        return False
    return outbox.say(
        chat_id,
        text_of(found),
        reply_to=claimed.reply_to,
        key=f"verdict:{submission_id}",
        joinable=True,
        user_id=found.user_id,
    )


def asked_here(submission_ids: list[int]) -> set[int]:
    """Those of them whose verdict is told as an answer, and needs no notice besides."""
    query = select(TelegramAsk.submission_id).where(TelegramAsk.submission_id.in_(submission_ids))
    return set(db.session.scalars(query))


def tell_missed() -> int:
    """Verdicts that are there and were not told: whoever settled them was killed before the word to us."""
    query = (
        select(TelegramAsk.submission_id)
        .join(Submission, Submission.id == TelegramAsk.submission_id)
        .where(TelegramAsk.told_at.is_(None), Submission.status.in_(FINAL))
        .where(Submission.finished_at < utcnow() - MISSED)
        .order_by(TelegramAsk.submission_id)
        .limit(100)
    )
    missed = list(db.session.scalars(query))
    db.session.commit()
    return sum(tell(one) for one in missed)


def _submission(submission_id: int) -> Submission | None:
    query = submissions_query().where(Submission.id == submission_id)
    return db.session.scalars(query.execution_options(populate_existing=True)).first()


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
