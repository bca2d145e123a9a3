"""What is said to the bot, and who answers it.

In groups it hears commands that name it and nothing else, and says there only what anybody may see.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from mlarena.bot import answers, forecast, lists, outbox, own, quiz
from mlarena.bot.chat import OLD_BUTTON, Chat, Told
from mlarena.bot.linking import holder
from mlarena.bot.updates import Membership, Message, Press, Update
from mlarena.core.db import db
from mlarena.core.errors import Problem
from mlarena.core.security import Limit

# So much may be said to us by one person; who says more hears so, once.
TALK_LIMIT = Limit("40 per minute", "telegram talk")
WORD_LIMIT = Limit("1 per minute", "telegram word")

_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{1,64}))?(?:\s+(.*))?", re.DOTALL)

LINK_FIRST = (
    "That is about you, and I do not know who you are here. Open the settings of your account on the site, "
    "choose Telegram, and follow the link there."
)
ASK_IN_PRIVATE = "That is personal: ask me in a private chat."
UNKNOWN = "I do not know that command. /help lists what I know."
TOO_LONG = "That is longer than a message of Telegram's can be, so I have not read it."


@dataclass(frozen=True)
class Command:
    """`personal` ones need somebody, and a private chat."""

    answer: Callable[[Chat, str], None]
    word: str
    personal: bool = False


COMMANDS = {
    "start": Command(own.start, "begin, or link your account"),
    "quests": Command(lists.quests, "train a model: the quests"),
    "challenges": Command(lists.challenges, "SQL, code and quizzes"),
    "quiz": Command(lists.quizzes, "answer a quiz here", personal=True),
    "sql": Command(lists.queries, "solve with a query, here", personal=True),
    "progress": Command(own.progress, "your XP, level and place", personal=True),
    "leaderboard": Command(lists.leaderboard, "who is ahead"),
    "competitions": Command(lists.competitions, "what goes on, what is to come"),
    "forecast": Command(forecast.matches, "say who wins", personal=True),
    "streak": Command(own.streak, "your days in a row", personal=True),
    "settings": Command(own.settings, "reminders, unlinking", personal=True),
    "help": Command(own.help_, "what I know"),
}
MENU = [(name, command.word) for name, command in COMMANDS.items()]

BUTTONS: dict[str, Callable[[Chat, list[int]], str]] = {
    "list": lists.turned,
    "quiz": quiz.begin,
    "pick": quiz.pick,
    "done": quiz.done,
    "skip": quiz.skip,
    "hand": quiz.hand_in,
    "sql": answers.show,
    "match": forecast.show,
    "set": forecast.set_shares,
    "enter": forecast.enter,
    "unlink": own.unlink,
    "remind": own.remind,
}


@dataclass(frozen=True)
class Pressed:
    """The press of a button, and the word that answers it."""

    id: str
    words: str


def handle(update: Update, own_name: str) -> Pressed | None:
    """One update. What comes back is to be answered at once."""
    if update.message is not None:
        _message(update.update_id, update.message, own_name)
    elif update.callback_query is not None:
        return _press(update.update_id, update.callback_query)
    elif update.my_chat_member is not None:
        _membership(update.my_chat_member)
    return None


def _message(update_id: int, message: Message, own_name: str) -> None:
    sender, private = message.sender, message.chat.type == "private"
    if sender is None or sender.is_bot or message.chat.type == "channel":
        return
    found = _COMMAND.fullmatch(message.text.strip())
    if not private and (found is None or (found[2] or "").lower() != own_name.lower()):
        return
    if found is not None and found[2] and found[2].lower() != own_name.lower():
        return  # another bot is meant
    if not TALK_LIMIT.allows(f"telegram:{sender.id}"):
        if private and WORD_LIMIT.allows(f"telegram:{sender.id}"):
            chat = Chat(message.chat.id, True, None, update_id)
            chat.say("You are faster than I am. Wait a minute, then go on.")
        return
    user = holder(sender.id) if private else None
    chat = Chat(message.chat.id, private, user, update_id, message.message_id)
    try:
        if message.too_long:
            chat.say(TOO_LONG)
        elif found is not None:
            _command(chat, found[1].lower(), (found[3] or "").strip())
        else:
            _words(chat, message)
    except Told as told:
        chat.say(told.words)
    except Problem as problem:
        db.session.rollback()
        chat.say(answers.told(problem))


def _command(chat: Chat, name: str, rest: str) -> None:
    command = COMMANDS.get(name)
    if command is None:
        chat.say(UNKNOWN)
    elif command.personal and not chat.private:
        chat.say(ASK_IN_PRIVATE)
    elif command.personal and chat.user is None:
        chat.say(LINK_FIRST)
    else:
        command.answer(chat, rest)


def _words(chat: Chat, message: Message) -> None:
    """What is no command: a reply to a task, or the answer to a quiz's question."""
    if not message.text.strip():
        chat.say("I read text only. /help lists what I know.")
        return
    if chat.user is None:
        chat.say(LINK_FIRST)
        return
    replied = message.reply_to_message
    about = answers.about(chat.id, replied.message_id) if replied else {}
    if "challenge" in about:
        answers.query(chat, about["challenge"], message.text)
    elif not quiz.written(chat, message.text):
        chat.say("Reply to a task to answer it. /sql and /quiz list them, /help what else I know.")


def _press(update_id: int, press: Press) -> Pressed:
    message = press.message
    if message is None or message.chat.type != "private":
        return Pressed(press.id, OLD_BUTTON)
    if not TALK_LIMIT.allows(f"telegram:{press.sender.id}"):
        return Pressed(press.id, "You are faster than I am. Wait a minute, then go on.")
    user = holder(press.sender.id)
    if user is None:
        return Pressed(press.id, "I do not know who you are here: link your account first. /start")
    chat = Chat(message.chat.id, True, user, update_id, message.message_id)
    name, *rest = press.data.split(":")
    if name not in BUTTONS or not all(re.fullmatch(r"[0-9]{1,10}", one) for one in rest):
        return Pressed(press.id, OLD_BUTTON)
    try:
        return Pressed(press.id, BUTTONS[name](chat, [int(one) for one in rest]))
    except Told as told:
        return Pressed(press.id, told.words)
    except Problem as problem:
        db.session.rollback()
        return Pressed(press.id, answers.told(problem))
    except ValueError:  # a button of another version of us: not as many figures, or others
        db.session.rollback()
        return Pressed(press.id, OLD_BUTTON)


def _membership(change: Membership) -> None:
    """They have blocked us, or put us out: nothing is sent there any more."""
    if change.new_chat_member.status in ("kicked", "left"):
        outbox.gone(change.chat.id, "blocked")
