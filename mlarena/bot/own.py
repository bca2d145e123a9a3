"""What is about oneself: linking, progress, streak, settings; and what the bot knows."""

from __future__ import annotations

from markupsafe import Markup

from mlarena.boards import service as boards
from mlarena.bot import linking
from mlarena.bot.chat import Chat, Told, joined, link
from mlarena.core.clock import utcnow
from mlarena.core.security import Limit
from mlarena.notifications import choices
from mlarena.notifications.channels import channels
from mlarena.rewards import service as rewards
from mlarena.rewards.levels import user_level
from mlarena.rewards.streaks import local_day

DAYS = 14
# Who guesses at codes does it often; a code has 128 bits.
CODE_LIMIT = Limit("10 per 10 minutes", "telegram code")

HELLO = (
    "This is MLArena’s bot. To answer quizzes, hand in queries and forecast from here, link your account: "
    "open its settings on the site, choose Telegram, and follow the link there. /help lists what I know."
)


def start(chat: Chat, code: str) -> None:
    """Link, where a code came along; else say what this is."""
    if not chat.private:
        chat.say(
            "Write to me in a private chat: I talk about boards and tasks here, about you there."
        )
        return
    if not code:
        chat.say(help_text(chat) if chat.user else HELLO)
        return
    if not CODE_LIMIT.allows(f"telegram:{chat.id}"):
        raise Told("Those are many codes. Wait ten minutes, then try again.")
    chat.user = linking.redeem(chat.id, code)
    chat.say(
        joined(
            [
                Markup("This chat is linked to <b>{}</b> at {}.").format(
                    chat.user.username, link("/", "MLArena")
                ),
                "If that is not you, unlink it: /settings",
                "/help lists what you can do here.",
            ]
        )
    )


def help_(chat: Chat, _rest: str) -> None:
    chat.say(help_text(chat))


def help_text(chat: Chat) -> Markup:
    from mlarena.bot.talk import COMMANDS

    lines: list[Markup | str] = ["What I know:"]
    for name, command in COMMANDS.items():
        if chat.private or not command.personal:
            lines.append(f"/{name}: {command.word}")
    if not chat.private:
        lines.append("In a group, put my name behind a command. The rest is for a private chat.")
    return joined(lines)


def progress(chat: Chat, _rest: str) -> None:
    user = chat.person
    totals = rewards.totals_of(user.id)
    level = user_level(totals.xp)
    lines: list[Markup | str] = [
        Markup("<b>{}</b>, level {}").format(user.username, level.level),
        f"{totals.xp} XP; {level.needed - level.into} more to level {level.level + 1}",
        f"Tasks passed: {totals.passed}, perfectly: {totals.perfect}",
    ]
    rank = boards.rank("global", user.id)
    if rank is not None:
        lines.append(f"Place on the board of all XP: {rank}")
    rating = boards.standing("rating", user.id)
    if rating is not None:
        lines.append(f"Rating: {rating.score:.0f}, place {rating.rank}")
    if user.streak_shown:
        lines.append(f"Streak: {_days(rewards.streak_of(user, utcnow()))}")
    lines.append(link(f"/users/{user.id}", "Your profile"))
    chat.say(joined(lines))


def streak(chat: Chat, _rest: str) -> None:
    user, now = chat.person, utcnow()
    if not user.streak_shown:
        chat.say(
            "You have chosen not to see your streak. The settings of your account change that."
        )
        return
    totals = rewards.totals_of(user.id)
    days = rewards.calendar(user, now, DAYS)
    drawn = "".join("🧊" if one["frozen"] else "🟩" if one["submissions"] else "⬜" for one in days)
    lines: list[Markup | str] = [
        Markup("🔥 <b>{}</b> in a row, the longest {}").format(
            _days(rewards.streak_of(user, now)), totals.longest_streak
        ),
        drawn,
    ]
    if totals.freezes:
        lines.append(f"Freezes: {totals.freezes}. One saves a missed day.")
    today = local_day(now, user.timezone)
    if totals.last_active_day != today and rewards.streak_of(user, now):
        lines.append("Nothing handed in today yet: /quiz or /sql keeps it going.")
    chat.say(joined(lines))


def _days(number: int) -> str:
    return f"{number} day{'' if number == 1 else 's'}"


def settings(chat: Chat, _rest: str) -> None:
    chat.say(*_settings(chat))


def _settings(chat: Chat) -> tuple[Markup, list[list[tuple[str, str]]]]:
    reminded = choices.wishes_of(chat.person).by(channels()["telegram"], "streak")
    lines: list[Markup | str] = [
        Markup("This chat is linked to <b>{}</b>.").format(chat.person.username),
        f"A word in the evening when your streak would end: {'on' if reminded else 'off'}.",
        Markup("What else you are told, and when you want quiet: {}").format(
            link("/settings/notifications", "notifications")
        ),
    ]
    other = "Do not remind me" if reminded else "Remind me of my streak"
    return joined(lines), [
        [(other, f"remind:{int(not reminded)}")],
        [("Unlink this chat", "unlink:0")],
    ]


def unlink(chat: Chat, numbers: list[int]) -> str:
    """0 asks, 1 does it."""
    [sure] = numbers
    if not sure:
        chat.show(
            "Unlink? Nothing will be sent here any more. Your account stays as it is.",
            [[("Unlink", "unlink:1")]],
            instead=True,
        )
        return ""
    linking.unlink(chat.person)
    chat.user = None
    chat.say("Unlinked. To come back, make a new link in the settings of your account.")
    return "Unlinked."


def remind(chat: Chat, numbers: list[int]) -> str:
    """Whether an evening word comes when the streak would end: 0 no, 1 yes."""
    [wanted] = numbers
    choices.choose(chat.person, {"streak": {"telegram": bool(wanted)}})
    text, buttons = _settings(chat)
    chat.show(text, buttons, instead=True)
    return "I will remind you." if wanted else "No reminders."
