"""Verdicts on what was handed in by chat: told by the bot process, once, whoever said that they are there."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from markupsafe import Markup
from sqlalchemy.orm.attributes import set_committed_value

from mlarena.bot import answers, outbox, verdicts
from mlarena.bot.chat import Chat
from mlarena.bot.models import TelegramAsk, TelegramMessage
from mlarena.bot.process import BotProcess
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.submissions.models import Submission, VerdictRow
from tests.bot.conftest import ADA, BEN, bot_runs, until
from tests.challenges.conftest import QUIZ
from tests.challenges.conftest import author as author
from tests.challenges.conftest import make_challenge as make_challenge
from tests.challenges.test_sql import GOALS, SOLUTION


def settled(user: Any, task: Any, attempt_no: int) -> Submission:
    """Asked for by chat and judged, and nobody has said a word of it: the worker was killed just then."""
    submission = Submission(
        user_id=user.id, task_id=task.id, attempt_no=attempt_no, payload={"answers": {}},
        status="scored", score=50.0, passed=False, finished_at=utcnow(),
    )  # fmt: skip
    db.session.add(submission)
    db.session.flush()
    db.session.add(VerdictRow(submission_id=submission.id, status="scored", created_at=utcnow()))
    db.session.add(TelegramAsk(submission_id=submission.id))
    return submission


def told_of(submission: Submission) -> bool:
    db.session.rollback()
    query = db.select(TelegramAsk.told_at).where(TelegramAsk.submission_id == submission.id)
    return db.session.scalar(query) is not None


def test_a_verdict_is_told_though_nobody_said_that_it_is_there(
    running: Any, telegram: Any, hears: Any, user: Any, link: Any, make_challenge: Any
) -> None:
    link(user, ADA)
    quiz = make_challenge(QUIZ)
    settled(user, quiz, 1)
    db.session.commit()
    hears(ADA, "attempt 1: not passed")
    settled(user, quiz, 2)
    db.session.commit()
    hears(ADA, "attempt 2: not passed")
    assert sum("attempt 1" in text for text in telegram.texts(ADA)) == 1


def test_one_that_cannot_be_put_into_words_stops_nobody_elses(
    running: Any, hears: Any, user: Any, make_user: Any, link: Any, make_challenge: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    ben, quiz, words = make_user("ben"), make_challenge(QUIZ), verdicts.text_of
    link(user, ADA)
    link(ben, BEN)

    def breaks(submission: Submission) -> Markup:
        if submission.user_id == user.id:
            raise KeyError("there is no such case")
        return words(submission)

    monkeypatch.setattr(verdicts, "text_of", breaks)
    broken = settled(user, quiz, 1)
    settled(ben, quiz, 1)
    db.session.commit()
    hears(BEN, "attempt 1: not passed")
    assert hears(ADA, "Your verdict is there")
    assert told_of(broken)


def test_who_has_unlinked_meanwhile_is_told_nothing_and_nothing_stays(
    running: Any, telegram: Any, hears: Any, user: Any, make_user: Any, link: Any,
    make_challenge: Any,
) -> None:  # fmt: skip
    quiz, ben = make_challenge(QUIZ), make_user("ben")
    link(ben, BEN)
    alone = settled(user, quiz, 1)
    settled(ben, quiz, 1)
    db.session.commit()
    hears(BEN, "attempt 1: not passed")
    until(lambda: told_of(alone))
    assert telegram.texts(ADA) == []
    assert db.session.scalar(db.select(TelegramMessage.id).filter_by(chat_id=ADA)) is None


def test_a_verdict_that_is_there_at_once_is_told_once(
    bot_app: Any, telegram: Any, user: Any, link: Any, make_challenge: Any, work: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """As an answer: a worker that is done before we have said a word sends no notice besides."""
    link(user, ADA)
    goals, submit = make_challenge(GOALS), answers.service.submit

    def swift(*given: Any, **more: Any) -> Submission:
        submission = submit(*given, **more)
        work()  # judged, settled, and its notice routed: elsewhere, we have not heard of it
        set_committed_value(submission, "verdict", None)
        return submission

    monkeypatch.setattr(answers.service, "submit", swift)
    chat = Chat(ADA, True, user, 1, 77)
    answers.query(chat, goals.id, SOLUTION)
    assert verdicts.tell() == 1
    keys = db.session.scalars(db.select(TelegramMessage.key)).all()
    number = db.session.scalar(db.select(Submission.id))
    assert [key for key in keys if key] == [f"verdict:{number}"]
    assert db.session.scalar(db.select(TelegramAsk.reply_to)) == 77


def test_a_fault_in_telling_verdicts_stops_nothing_else(
    bot_app: Any, hears: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> int:
        raise KeyError("a fault of ours")

    monkeypatch.setattr(verdicts, "tell", broken)
    outbox.say(ADA, "said all the same")
    with bot_runs(bot_app):
        hears(ADA, "said all the same")


def test_half_a_bot_does_not_go_on(bot_app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever keeps processes running sees that it has ended, and begins it again."""

    async def broken(*_given: Any) -> None:
        raise KeyError("a fault of ours")

    monkeypatch.setattr(BotProcess, "_handle", broken)
    with pytest.raises(KeyError):
        asyncio.run(asyncio.wait_for(BotProcess(bot_app).run(), 60))


def test_a_word_that_came_while_it_looked_is_heard(bot_app: Any) -> None:
    async def rests() -> None:
        process = BotProcess(bot_app)
        process._hint = asyncio.get_running_loop().create_future()
        process._hint.set_result(True)
        await asyncio.wait_for(process._rest(3600.0), 30)
        assert process._hint is None

    asyncio.run(rests())


def test_one_that_cannot_be_put_on_its_way_stops_nobody_elses(
    bot_app: Any, user: Any, make_user: Any, link: Any, make_challenge: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    ben, quiz, put = make_user("ben"), make_challenge(QUIZ), outbox.put
    link(user, ADA)
    link(ben, BEN)
    broken, fine = settled(user, quiz, 1), settled(ben, quiz, 1)
    db.session.commit()

    def breaks(chat_id: int, *given: Any, **more: Any) -> bool:
        if chat_id == ADA:
            raise ValueError("not this one")
        return put(chat_id, *given, **more)

    monkeypatch.setattr(outbox, "put", breaks)
    assert verdicts.tell() == 1
    assert told_of(fine) and not told_of(broken)
    monkeypatch.setattr(outbox, "put", put)
    assert verdicts.tell() == 1
    assert told_of(broken)
