"""A quiz in the chat: one message that turns from question to question, and is handed in at the end.

Questions and choices come in the reader's own order, as on the page. A button carries which question of
which version it is of: of any other than the one that is on, it is an old one.
"""

from __future__ import annotations

from typing import Any

from markupsafe import Markup
from sqlalchemy import delete

from mlarena.bot import verdicts
from mlarena.bot.answers import elsewhere
from mlarena.bot.chat import OLD_BUTTON, Chat, Told, joined, require_within
from mlarena.bot.models import TelegramTalk
from mlarena.bot.text import cut, rendered
from mlarena.challenges import service
from mlarena.challenges.views import View
from mlarena.core.clock import utcnow
from mlarena.core.db import db, insert

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LONGEST_LABEL = 48
LONGEST_ANSWER = 500


def begin(chat: Chat, numbers: list[int]) -> str:
    """From the first question on; what was answered before and not handed in is forgotten."""
    [challenge_id] = numbers
    view = service.view(challenge_id, chat.person)
    if view.challenge.kind != "knowledge":
        chat.say(elsewhere(view))
        return ""
    if view.challenge.status != "published":
        raise Told(f"This quiz is {view.challenge.status}: nothing can be handed in.")
    if view.attempts_left == 0:
        raise Told("You have used all attempts at this quiz.")
    service.start(chat.person, view.challenge)
    first = view.task["questions"][0]["id"]
    fields = {
        **{"challenge_id": challenge_id, "version": view.version.number, "answers": {}},
        **{"question": first, "updated_at": utcnow()},
    }
    db.session.execute(
        insert(TelegramTalk)
        .values(user_id=chat.person.id, **fields)
        .on_conflict_do_update(index_elements=["user_id"], set_=fields)
    )
    db.session.commit()
    _show(chat, view, _talk(chat), instead=False)
    return ""


def pick(chat: Chat, numbers: list[int]) -> str:
    """A choice: the answer to a question with one, one more or one less of a question with several."""
    challenge_id, version, number, place = numbers
    talk, view, question = _on(chat, challenge_id, version, number)
    choices = question["choices"] or []
    if place >= len(choices):
        raise Told(OLD_BUTTON)
    if question["kind"] == "multiple":
        chosen = list(talk.answers.get(str(number)) or [])
        chosen.remove(choices[place]) if choices[place] in chosen else chosen.append(choices[place])
        _keep(talk, number, chosen)
        _show(chat, view, talk, instead=True)
        return ""
    _answer(chat, view, talk, number, choices[place])
    return ""


def done(chat: Chat, numbers: list[int]) -> str:
    """Several were chosen, or none."""
    challenge_id, version, number = numbers
    talk, view, _question = _on(chat, challenge_id, version, number)
    _answer(chat, view, talk, number, talk.answers.get(str(number)) or [])
    return ""


def skip(chat: Chat, numbers: list[int]) -> str:
    challenge_id, version, number = numbers
    talk, view, _question = _on(chat, challenge_id, version, number)
    _answer(chat, view, talk, number, None)
    return ""


def written(chat: Chat, text: str) -> bool:
    """An answer in words or figures to the question that is on; False where none is."""
    talk = db.session.get(TelegramTalk, chat.person.id, populate_existing=True)
    if talk is None or talk.question is None:
        return False
    talk, view, question = _on(chat, talk.challenge_id, talk.version, talk.question)
    if question["kind"] not in ("text", "number"):
        chat.say("Answer that question with its buttons.")
        return True
    if len(text) > LONGEST_ANSWER:
        raise Told(f"An answer has {LONGEST_ANSWER} characters at most.")
    _answer(chat, view, talk, question["id"], text.strip(), instead=False)
    return True


def hand_in(chat: Chat, numbers: list[int]) -> str:
    """All of it, by the verb of the page. What is wrong in form can be answered again.

    The talk goes last. Until then the update may be handled again, and since the last answer was given
    the same answers are one attempt.
    """
    challenge_id, version = numbers
    talk = _talk(chat)
    if (talk.challenge_id, talk.version) != (challenge_id, version) or talk.question is not None:
        raise Told(OLD_BUTTON)
    user, answered_at = chat.person, talk.updated_at
    require_within(service.SUBMIT_LIMIT, user)
    view = service.view(challenge_id, user)
    if view.version.number != version:
        raise Told("The quiz has changed since you began. Begin again: /quiz")
    answers = {str(one["id"]): talk.answers.get(str(one["id"])) for one in view.task["questions"]}
    with verdicts.asking(chat.message_id):
        submission = service.submit(user, challenge_id, {"answers": answers}, since=answered_at)
    number, title = submission.attempt_no, view.challenge.title
    chat.show(Markup("<b>{}</b>: attempt {} is handed in.").format(title, number), instead=True)
    verdicts.expect(submission, chat.message_id)
    # Not one that was begun meanwhile.
    mine = TelegramTalk.user_id == user.id, TelegramTalk.updated_at == answered_at
    db.session.execute(delete(TelegramTalk).where(*mine))
    db.session.commit()
    return "Handed in."


def _talk(chat: Chat) -> TelegramTalk:
    found = db.session.get(TelegramTalk, chat.person.id, populate_existing=True)
    if found is None:
        raise Told(f"{OLD_BUTTON} /quiz begins a new one.")
    return found


def _on(
    chat: Chat, challenge_id: int, version: int, number: int
) -> tuple[TelegramTalk, View, dict[str, Any]]:
    """The talk, the quiz and the question, if it is the one that is on. Raises Told, NotFound."""
    talk = _talk(chat)
    if (talk.challenge_id, talk.version, talk.question) != (challenge_id, version, number):
        raise Told(OLD_BUTTON)
    view = service.view(challenge_id, chat.person)
    if view.version.number != version:
        raise Told("The quiz has changed since you began. Begin again: /quiz")
    return talk, view, next(one for one in view.task["questions"] if one["id"] == number)


def _keep(talk: TelegramTalk, number: int, answer: Any) -> None:
    talk.answers = {**talk.answers, str(number): answer}
    talk.updated_at = utcnow()
    db.session.commit()


def _answer(
    chat: Chat, view: View, talk: TelegramTalk, number: int, answer: Any, instead: bool = True
) -> None:
    """Note it, and on to the next question."""
    order = [one["id"] for one in view.task["questions"]]
    place = order.index(number) + 1
    talk.question = order[place] if place < len(order) else None
    _keep(talk, number, answer)
    _show(chat, view, talk, instead=instead)


def _show(chat: Chat, view: View, talk: TelegramTalk, instead: bool) -> None:
    questions = view.task["questions"]
    if talk.question is None:
        chat.show(*_summary(view, talk), instead=instead)
        return
    place = next(at for at, one in enumerate(questions) if one["id"] == talk.question)
    question, about = questions[place], f"{talk.challenge_id}:{talk.version}:{talk.question}"
    lines: list[Markup | str] = [
        Markup("<b>{}</b>, question {} of {}\n").format(
            view.challenge.title, place + 1, len(questions)
        ),
        rendered(question["prompt"]),
        "",
    ]
    buttons = []
    chosen = talk.answers.get(str(question["id"])) or []
    for at, choice in enumerate(question["choices"] or []):
        mark = "☑ " if choice in chosen and question["kind"] == "multiple" else ""
        lines.append(Markup("{}. {}").format(LETTERS[at], choice))
        label = f"{mark}{LETTERS[at]}. {cut(choice, LONGEST_LABEL)}"
        buttons.append([(label, f"pick:{about}:{at}")])
    if question["kind"] == "multiple":
        lines.append("\nChoose all that are right, then press Done.")
        buttons.append([("Done", f"done:{about}")])
    elif not question["choices"]:
        what = "a number" if question["kind"] == "number" else "a word or two"
        lines.append(f"Write {what}.")
    buttons.append([("Skip", f"skip:{about}")])
    chat.show(joined(lines), buttons, instead=instead)


def _summary(view: View, talk: TelegramTalk) -> tuple[Markup, list[list[tuple[str, str]]]]:
    lines: list[Markup | str] = [Markup("<b>{}</b>: your answers\n").format(view.challenge.title)]
    for place, question in enumerate(view.task["questions"], 1):
        answer = talk.answers.get(str(question["id"]))
        said = ", ".join(answer) if isinstance(answer, list) else answer
        lines.append(Markup("{}. <i>{}</i>").format(place, cut(str(said or "no answer"), 120)))
    if view.attempts_left is not None:
        lines.append(f"\nAttempts left: {view.attempts_left}")
    about = f"{talk.challenge_id}:{talk.version}"
    return joined(lines), [
        [("Hand in", f"hand:{about}")],
        [("Begin again", f"quiz:{talk.challenge_id}")],
    ]
