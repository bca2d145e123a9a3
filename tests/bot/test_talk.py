"""What is said to the bot in ways that it should not be: groups, strangers, forgeries, floods."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from mlarena.bot import outbox, talk, updates, verdicts, webhook
from mlarena.bot.models import TelegramAsk, TelegramMessage, TelegramTalk, TelegramUpdate
from mlarena.challenges import service
from mlarena.core.clock import freeze, utcnow
from mlarena.core.db import db
from mlarena.submissions.models import Submission
from tests.bot.conftest import ADA, BEN
from tests.bot.stub import LONGEST, NAME, TOKEN, _unparsed, bare, units
from tests.challenges.conftest import QUIZ
from tests.challenges.conftest import author as author
from tests.challenges.conftest import make_challenge as make_challenge
from tests.challenges.test_sql import GOALS

GROUP = -100123
SECOND = timedelta(seconds=1)
PERSONAL = ("quiz", "sql", "progress", "forecast", "streak", "settings")


@pytest.fixture
def tell(bot_app: Any) -> Any:
    """tell(update) -> handled, as the bot process does: the word that answers a press, or ""."""

    def go(update: dict[str, Any]) -> str:
        updates.receive(update)
        _, pressed = updates.handle_next(lambda one: talk.handle(one, NAME))
        return pressed.words if pressed else ""

    return go


def said() -> list[str]:
    """What was put on its way since the last time."""
    rows = list(db.session.scalars(select(TelegramMessage).order_by(TelegramMessage.id)))
    texts = [str(row.payload["text"]) for row in rows]
    for row in rows:
        db.session.delete(row)
    db.session.commit()
    return texts


def test_in_a_group_it_hears_its_name_and_says_nothing_personal(
    tell: Any, telegram: Any, user: Any, link: Any
) -> None:
    link(user, ADA)
    for words in ("/leaderboard", "/nonsense", "hello", "/progress@another_bot", f"@{NAME} hello"):
        tell(telegram.write(ADA, words, chat=GROUP))
    assert said() == []
    tell(telegram.write(ADA, f"/nonsense@{NAME}", chat=GROUP))
    assert said() == [talk.UNKNOWN]
    for name in PERSONAL:
        tell(telegram.write(ADA, f"/{name}@{NAME.upper()}", chat=GROUP))
        assert said() == [talk.ASK_IN_PRIVATE]
    for name in sorted(set(talk.COMMANDS) - set(PERSONAL)):
        tell(telegram.write(ADA, f"/{name}@{NAME}", chat=GROUP))
        [text] = said()
        assert "ada" not in text and "You " not in text, name


def test_a_code_sent_to_a_group_links_nobody(
    tell: Any, telegram: Any, user: Any, link: Any
) -> None:
    from mlarena.bot import linking

    tell(telegram.write(ADA, f"/start@{NAME} {linking.make_code(user).text}", chat=GROUP))
    assert "private" in said()[0] and linking.holder(ADA) is None


def test_strangers_see_what_anybody_sees(tell: Any, telegram: Any, quest: Any) -> None:
    tell(telegram.write(BEN, "/quests"))
    assert quest.title in said()[0]
    for name in PERSONAL:
        tell(telegram.write(BEN, f"/{name}"))
        assert said() == [talk.LINK_FIRST]
    shown = {"message_id": 5, "date": 1, "chat": {"id": BEN, "type": "private"}}
    for data in ("quiz:1", "unlink:1", "enter:1:50:25:25"):
        assert "link your account" in tell(telegram.press_data(BEN, data, shown))
    assert said() == []


def test_a_start_without_a_code_says_how_to_link_and_to_who_is_linked_what_there_is(
    tell: Any, telegram: Any, user: Any, link: Any
) -> None:
    tell(telegram.write(BEN, "/start"))
    [hello] = said()
    assert "link your account: open its settings on the site, choose Telegram, and" in hello
    link(user, ADA)
    tell(telegram.write(ADA, "/start"))
    [known] = said()
    assert known.startswith("What I know:") and "settings on the site" not in known


def test_nothing_is_shown_that_the_page_would_not_show(
    tell: Any, telegram: Any, user: Any, link: Any, make_quest: Any, make_challenge: Any
) -> None:
    link(user, ADA)
    draft = make_challenge(QUIZ, publish=False)
    make_quest("iris", slug="far", level_xp=500, title="Far away")
    for name in ("quests", "challenges", "quiz", f"quiz {draft.id}", f"sql {draft.id}"):
        tell(telegram.write(ADA, f"/{name}"))
    texts = "\n".join(said())
    assert draft.title not in texts and "There is no such challenge." in texts
    assert "🔒" in texts  # locked, and shown as locked
    tell(telegram.write(ADA, "SELECT 1", reply_to=99))  # a message that is not ours
    assert "Reply to a task" in said()[0]


def test_buttons_of_old_messages_are_answered_with_a_word(
    tell: Any, telegram: Any, user: Any, link: Any, make_challenge: Any
) -> None:
    link(user, ADA)
    quiz = make_challenge(QUIZ)
    shown = {"message_id": 5, "date": 1, "chat": {"id": ADA, "type": "private"}}
    for data in (
        *("", "x", "pick", "pick:1", f"pick:{quiz.id}:1:1:0", "pick:1:1:1:99999999999", "set:1:2"),
        *(
            f"hand:{quiz.id}:1",
            "list:9:1",
            "list:1:0",
            "remind:1:2",
            "enter:1:200:0:0",
            "done:a:b:c",
        ),
    ):
        words = tell(telegram.press_data(ADA, data, shown))
        assert words, data
    assert said() == [] and db.session.scalar(select(func.count(Submission.id))) == 0
    tell(telegram.press_data(ADA, f"quiz:{quiz.id}", shown))
    [row] = db.session.scalars(select(TelegramMessage))
    picks = [one for line in row.payload["buttons"] for one in line if "pick" in one[1]]
    for _, data in picks[:1] or [("", f"skip:{quiz.id}:1:3")]:
        other = data.replace(f":{quiz.id}:1:", f":{quiz.id}:2:")
        assert "old message" in tell(telegram.press_data(ADA, other, shown))
    # a button in a group, and one of a message that Telegram no longer has
    assert "old message" in tell(telegram.tell({"callback_query": {
        "id": "7", "from": {"id": ADA, "is_bot": False, "first_name": "A"}, "data": "unlink:1",
        "chat_instance": "1",
    }}))  # fmt: skip


def test_repeated_edited_and_garbled_updates_do_nothing(
    tell: Any, telegram: Any, user: Any, link: Any
) -> None:
    link(user, ADA)
    update = telegram.write(ADA, "/progress")
    tell(update)
    assert len(said()) == 1
    for _ in range(3):
        assert updates.receive(update) is False
        tell(update)
    edited = telegram.write(ADA, "/progress")
    tell({"update_id": edited["update_id"], "edited_message": edited["message"]})
    assert said() == []
    for garbled in (
        *({}, [], None, "x", {"update_id": "1"}, {"update_id": -1}, {"update_id": 1 << 60}),
        {"update_id": 5, "message": {"message_id": 1}},
        {"update_id": 5, "message": {"message_id": 1, "chat": {"id": "1", "type": "private"}}},
    ):
        with pytest.raises(updates.Malformed):
            updates.receive(garbled)


def test_texts_that_are_no_texts(tell: Any, telegram: Any, user: Any, link: Any) -> None:
    link(user, ADA)
    tell(telegram.write(ADA, "x" * (1 << 20)))
    assert said() == [talk.TOO_LONG]
    tell(telegram.write(ADA, "/quiz \x00 \ud800 " + "9" * 400))
    tell(telegram.write(ADA, "\x00"))
    tell(telegram.write(ADA, ""))
    assert all(said())
    rows = db.session.scalars(select(TelegramUpdate.payload)).all()
    assert all(row == {} for row in rows)


def test_a_long_task_comes_in_as_many_messages_as_it_takes(
    tell: Any, telegram: Any, user: Any, link: Any, make_challenge: Any
) -> None:
    link(user, ADA)
    lines = [f"Line *{number}* of <b>_[it" for number in range(600)]
    goals = make_challenge(GOALS, description="\n\n".join(lines))
    tell(telegram.write(ADA, f"/sql {goals.id}"))
    rows = db.session.scalars(select(TelegramMessage).order_by(TelegramMessage.id)).all()
    parts = [str(row.payload["text"]) for row in rows]
    assert len(parts) > 2
    for part in parts:
        assert _unparsed(part) is None
        assert units(bare(part)) <= LONGEST
    whole = "".join(map(bare, parts))
    assert [n for n in range(600) if f"Line {n} of <b>_[it" not in whole] == []
    assert ["ask_reply" in row.payload for row in rows] == [False] * (len(rows) - 1) + [True]
    # Whichever of them is replied to, it is a reply to the task.
    for number, row in enumerate(rows, 1):
        row.message_id, row.done_at = number, row.created_at
    db.session.commit()
    tell(telegram.write(ADA, "DROP TABLE team", reply_to=1))
    assert "DROP is not allowed" in said()[-1]


def test_a_flood_is_answered_once(tell: Any, telegram: Any, another_app: Any) -> None:
    with another_app(ratelimit_enabled=True, telegram_bot_token=TOKEN).app_context():
        for _ in range(50):
            tell(telegram.write(ADA, "/help"))
    texts = said()
    assert sum("faster than I am" in text for text in texts) == 1
    assert len(texts) == 41


@pytest.fixture
def handled(bot_app: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """handled(at, times, error) -> whether anything was there to be handled at that time. Handling it answers
    as ever, after it has failed so `times` in all; two failures are let go."""
    monkeypatch.setattr(updates, "TRIES", 2)
    failed = 0

    def go(at: datetime, times: int, error: type[BaseException] = RuntimeError) -> bool:
        def handle(one: updates.Update) -> Any:
            nonlocal failed
            if failed < times:
                failed += 1
                raise error
            return talk.handle(one, NAME)

        with freeze(at):
            return bool(updates.handle_next(handle)[0])

    return go


def test_what_fails_once_is_tried_again_after_a_pause(handled: Any, telegram: Any) -> None:
    now = utcnow()
    updates.receive(telegram.write(ADA, "/help"))
    assert handled(now, times=1)
    assert not handled(now, times=1)  # not at once
    assert said() == []
    assert handled(now + 2 * SECOND, times=1)
    [answer] = said()
    assert "/quests" in answer
    assert not handled(now + timedelta(days=1), times=1)


def test_what_fails_again_and_again_is_let_go(handled: Any, telegram: Any) -> None:
    now = utcnow()
    updates.receive(telegram.write(ADA, "/help"))
    assert handled(now, times=2)
    assert handled(now + 2 * SECOND, times=2)
    row = db.session.scalars(select(TelegramUpdate)).one()
    assert row.handled_at is not None and row.payload == {}
    assert not handled(now + timedelta(days=1), times=2)
    assert said() == []


def test_what_was_being_handled_when_it_was_killed_is_handled_again(
    handled: Any, telegram: Any
) -> None:
    class Killed(BaseException):
        """Nothing is written any more, as after SIGKILL."""

    now = utcnow()
    updates.receive(telegram.write(ADA, "/help"))
    with pytest.raises(Killed):
        handled(now, times=1, error=Killed)
    db.session.rollback()
    assert not handled(now + updates.LEASE - SECOND, times=1)  # somebody has it
    assert said() == []
    assert handled(now + updates.LEASE + SECOND, times=1)
    assert len(said()) == 1


@pytest.mark.parametrize("module, name", [(service, "submit"), (outbox, "edit")])
def test_a_quiz_whose_handing_in_was_interrupted_is_one_attempt(
    tell: Any, telegram: Any, user: Any, link: Any, make_challenge: Any, work: Any,
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str,
) -> None:  # fmt: skip
    link(user, ADA)
    quiz = make_challenge(QUIZ)
    shown = {"message_id": 5, "date": 1, "chat": {"id": ADA, "type": "private"}}

    def press(data: str) -> str:
        return str(tell(telegram.press_data(ADA, data, shown)))

    def answered() -> None:
        """To the end, by skipping: the same answers each time."""
        press(f"quiz:{quiz.id}")
        while question := db.session.scalars(select(TelegramTalk)).one().question:
            press(f"skip:{quiz.id}:1:{question}")

    def count(model: Any) -> int:
        return db.session.scalar(select(func.count()).select_from(model)) or 0

    answered()
    whole, left = getattr(module, name), [RuntimeError("database is locked")]

    def interrupted(*args: Any, **more: Any) -> Any:
        done = whole(*args, **more)
        if left:
            work()  # the verdict is there by then
            raise left.pop()
        return done

    monkeypatch.setattr(module, name, interrupted)
    assert press(f"hand:{quiz.id}:1") == ""
    assert left == [] and count(Submission) == 1
    assert db.session.scalars(select(Submission.status)).one() == "scored"
    with freeze(utcnow() + timedelta(seconds=10)):  # past the wait before it is tried again
        _, pressed = updates.handle_next(lambda one: talk.handle(one, NAME))
    assert pressed is not None and pressed.words == "Handed in."
    assert (count(Submission), count(TelegramAsk), count(TelegramTalk)) == (1, 1, 0)
    assert updates.handle_next(lambda one: talk.handle(one, NAME)) == (False, None)
    # Answered anew, the same answers are another attempt.
    answered()
    assert press(f"hand:{quiz.id}:1") == "Handed in."
    assert (count(Submission), count(TelegramAsk), count(TelegramTalk)) == (2, 2, 0)


def test_handing_in_does_not_end_a_quiz_that_was_begun_meanwhile(
    tell: Any, telegram: Any, user: Any, link: Any, make_challenge: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """By another bot process."""
    link(user, ADA)
    quiz, expect = make_challenge(QUIZ), verdicts.expect
    shown = {"message_id": 5, "date": 1, "chat": {"id": ADA, "type": "private"}}
    tell(telegram.press_data(ADA, f"quiz:{quiz.id}", shown))
    while question := db.session.scalars(select(TelegramTalk)).one().question:
        tell(telegram.press_data(ADA, f"skip:{quiz.id}:1:{question}", shown))

    def begun_anew(*args: Any) -> None:
        expect(*args)
        talk_of = update(TelegramTalk).values(question=1, answers={}, updated_at=utcnow())
        db.session.execute(talk_of.execution_options(synchronize_session=False))
        db.session.commit()

    monkeypatch.setattr(verdicts, "expect", begun_anew)
    assert tell(telegram.press_data(ADA, f"hand:{quiz.id}:1", shown)) == "Handed in."
    assert db.session.scalars(select(TelegramTalk.question)).one() == 1


def test_only_telegram_gets_in_at_its_door(
    bot_app: Any, client: Any, telegram: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    polling = bot_app.extensions["settings"]
    settings = polling.model_copy(update={"telegram_updates": "webhook"})
    monkeypatch.setitem(bot_app.extensions, "settings", settings)
    place = webhook.address(settings).removeprefix("https://arena.example")
    update = telegram.write(ADA, "/start")
    header = "X-Telegram-Bot-Api-Secret-Token"
    right = {header: webhook.secret(settings)}
    assert TOKEN not in place and len(place.rsplit("/", 1)[1]) == 64
    for path, headers in (
        (place, {}),
        (place, {header: "x"}),
        (place, {header: "Ä" * 64}),
        ("/telegram/" + "0" * 64, right),
        ("/telegram/webhook", right),
    ):
        assert client.post(path, json=update, headers=headers).status_code == 404
    assert client.get(place, headers=right).status_code in (404, 405)
    assert client.post(place, json=update, headers=right).status_code == 200
    assert client.post(place, json=update, headers=right).status_code == 200
    assert db.session.scalar(select(func.count(TelegramUpdate.update_id))) == 1
    for body, status in ((b"{", 400), (b"[]", 400), (b'{"a": "' + b"x" * (1 << 20) + b'"}', 413)):
        answer = client.post(place, data=body, headers=right | {"Content-Type": "application/json"})
        assert answer.status_code == status
    # nobody is there where Telegram is asked for updates
    monkeypatch.setitem(bot_app.extensions, "settings", polling)
    assert client.post(place, json=update, headers=right).status_code == 404


def test_what_ends_us_each_time_is_let_go(
    bot_app: Any, telegram: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed in the middle of it, again and again: others wait behind it."""
    monkeypatch.setattr(updates, "TRIES", 2)
    updates.receive(telegram.write(ADA, "/help"))

    class Killed(BaseException):
        """Nothing of ours runs after it."""

    def ends(_update: Any) -> None:
        raise Killed

    now = utcnow()
    for nth in range(2):
        with freeze(now + nth * 2 * updates.LEASE), pytest.raises(Killed):
            updates.handle_next(ends)
        db.session.rollback()
    with freeze(now + 4 * updates.LEASE):
        assert updates.handle_next(ends) == (True, None)
        assert updates.handle_next(ends) == (False, None)
