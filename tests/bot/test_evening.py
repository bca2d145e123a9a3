"""A whole evening in Telegram, with the real client, worker and jail: link, quiz, query, forecast, verdicts,
and on the day after a word about the streak."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from mlarena.bot.models import TelegramLink, TelegramMessage, TelegramTalk, TelegramUpdate
from mlarena.core import clock
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.forecasts import game
from mlarena.notifications import jobs
from mlarena.rewards.models import ActivityDay, LearnerTotals
from mlarena.rewards.streaks import local_day
from mlarena.submissions.models import Submission
from tests.bot.conftest import ADA, until
from tests.bot.stub import NAME
from tests.challenges.conftest import QUIZ
from tests.challenges.conftest import author as author
from tests.challenges.conftest import make_challenge as make_challenge
from tests.challenges.test_sql import GOALS, SOLUTION, WITHOUT_GREENS
from tests.security.worlds import match_to_come


def three_days(user: Any) -> None:
    """A streak of three days, up to yesterday."""
    today, at = local_day(utcnow(), user.timezone), utcnow() - timedelta(days=1)
    db.session.add(
        LearnerTotals(
            user_id=user.id, xp=0, passed=0, perfect=0, current_streak=3, longest_streak=3,
            freezes=0, last_active_day=today - timedelta(days=1),
        )
    )  # fmt: skip
    for back in (3, 2, 1):
        day = today - timedelta(days=back)
        seen = {"first_at": at, "first_zone": "UTC", "last_at": at, "last_zone": "UTC"}
        db.session.add(ActivityDay(user_id=user.id, day=day, submissions=1, frozen=False, **seen))
    db.session.commit()


def test_an_evening(
    running: Any, telegram: Any, hears: Any, user: Any, signed_in: Any, send_form: Any,
    make_challenge: Any, work: Any,
) -> None:  # fmt: skip
    quiz, goals, match_id = make_challenge(QUIZ), make_challenge(GOALS), match_to_come()
    three_days(user)
    browser = signed_in(user)

    # linked from the settings, by the address that opens Telegram
    assert "/settings/telegram" in browser.get("/settings").text
    until(lambda: f"@{NAME}" in browser.get("/settings/telegram").text)
    page = send_form(browser, "/settings/telegram/code", page="/settings/telegram").text
    code = page.split(f"https://t.me/{NAME}?start=")[1].split('"')[0]
    telegram.write(ADA, f"/start {code}")
    hears(ADA, "linked to ada")
    assert "is linked since" in browser.get("/settings/telegram").text

    # a quiz, answered with buttons and in words
    telegram.write(ADA, "/quiz")
    hears(ADA, "Quizzes, page 1 of 1")
    telegram.press(ADA, QUIZ["name"])
    right = {
        "Which falls": ["precision"],
        "Which are": ["hinge", "log loss"],
        "TP /": "Sensitivity",
        "F1 of": "1.0",
    }
    for place in range(1, 5):
        shown = hears(ADA, f"question {place} of 4")
        answer = next(found for words, found in right.items() if words in shown)
        if isinstance(answer, str):
            telegram.write(ADA, answer)
            continue
        letters = {line[3:]: line[:2] for line in shown.splitlines() if line[1:3] == ". "}
        for nth, choice in enumerate(answer, 1):
            telegram.press(ADA, letters[choice])
            if len(answer) > 1:
                ticked = f"☑ {letters[choice]}"
                until(lambda words=ticked: words in str(telegram.messages[ADA][-1]["reply_markup"]))
                assert str(telegram.messages[ADA][-1]).count("☑") == nth
        if len(answer) > 1:
            telegram.press(ADA, "Done")
    hears(ADA, "your answers")
    telegram.press(ADA, "Hand in")
    until(lambda: any("is handed in" in text for text in telegram.texts(ADA)))
    work()
    verdict = hears(ADA, f"✅ {quiz.title}, attempt 1: passed, score 100")
    assert "4 of 4 questions right" in verdict and "+20 XP" in verdict

    # a query, as a reply to the task; the same verbs as the page's, and so the same refusals
    telegram.write(ADA, f"/sql {goals.id}")
    task = hears(ADA, "Reply to this message with your query")
    assert "player (id INTEGER" in task
    number = telegram.messages[ADA][-1]["message_id"]
    telegram.write(ADA, "DROP TABLE team", reply_to=number)
    hears(ADA, "DROP is not allowed")
    telegram.write(ADA, WITHOUT_GREENS, reply_to=number)
    until(lambda: waits(goals))
    work()
    assert "Case 1:" in hears(ADA, "❌ Goals by team, attempt 1: not passed")
    asked = telegram.write(ADA, f"```sql\n{SOLUTION}```", reply_to=number)
    until(lambda: waits(goals))
    work()
    hears(ADA, "✅ Goals by team, attempt 2: passed", "+50 XP")
    replied = telegram.messages[ADA][-1]["reply_parameters"]
    assert replied["message_id"] == asked["message"]["message_id"]

    # a forecast
    telegram.write(ADA, "/forecast")
    hears(ADA, "press a match")
    telegram.press(ADA, "Home – Away")
    hears(ADA, "Home 34 %")
    telegram.press(ADA, "60 25 15")
    hears(ADA, "Home 60 %")
    telegram.press(ADA, "Draw +5")
    hears(ADA, "draw 30 %")
    telegram.press(ADA, "Enter 56 / 30 / 14")
    hears(ADA, "You: 56 / 30 / 14")
    db.session.expire_all()
    assert game.own_forecasts(user.id, [match_id])[match_id].home == 0.56

    # where one stands
    telegram.write(ADA, "/progress")
    assert "70 XP" in hears(ADA, "ada, level 1")
    telegram.write(ADA, "/streak")
    hears(ADA, "4 days in a row")

    # reminded on the next evening, since it was asked for
    telegram.write(ADA, "/settings")
    hears(ADA, "would end: off")
    telegram.press(ADA, "Remind me")
    hears(ADA, "would end: on")
    until(nothing_waits)  # the clock is about to jump, over leases, too
    tomorrow = datetime.combine(utcnow().date(), datetime.min.time(), utcnow().tzinfo)
    with clock.freeze(tomorrow + timedelta(days=1, hours=17)):
        jobs.remind()
        jobs.route()
        work()
    with clock.freeze(tomorrow + timedelta(days=1, hours=19)):
        jobs.remind()
        jobs.remind()
        jobs.route()
        work()
        hears(ADA, "Your 4-day streak ends today")
    assert sum("streak ends today" in text for text in telegram.texts(ADA)) == 1

    # what was said is not kept, and each verdict was told once
    db.session.expire_all()
    until(
        lambda: (
            not db.session.scalar(select(TelegramUpdate).where(TelegramUpdate.handled_at.is_(None)))
        )
    )
    assert set(map(str, db.session.scalars(select(TelegramUpdate.payload)))) == {"{}"}
    assert db.session.scalar(select(TelegramTalk)) is None
    for words in ("attempt 1: passed", "attempt 1: not passed", "attempt 2: passed"):
        assert sum(words in text for text in telegram.texts(ADA)) == 1, words
    assert [one for one in telegram.calls if not one.ok and one.method != "getUpdates"] == []

    # and farewell
    telegram.write(ADA, "/settings")
    hears(ADA, "would end: on")
    telegram.press(ADA, "Unlink")
    hears(ADA, "Unlink? Nothing will be sent")
    telegram.press(ADA, "Unlink")
    hears(ADA, "Unlinked.")
    assert db.session.scalar(select(TelegramLink)) is None


def nothing_waits() -> bool:
    query = select(TelegramMessage.id).where(TelegramMessage.done_at.is_(None))
    found = db.session.scalar(query.limit(1))
    db.session.rollback()
    return found is None


def waits(task: Any) -> bool:
    db.session.expire_all()
    query = select(Submission.id).where(
        Submission.task_id == task.id, Submission.status == "queued"
    )
    found = db.session.scalar(query) is not None
    db.session.rollback()
    return found
