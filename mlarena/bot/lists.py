"""What there is: quests, challenges, boards, competitions; to each as the pages show it to them."""

from __future__ import annotations

from markupsafe import Markup

from mlarena.boards import service as boards
from mlarena.bot import answers, quiz
from mlarena.bot.chat import OLD_BUTTON, Chat, Told, joined, link
from mlarena.bot.text import cut
from mlarena.challenges import service as challenging
from mlarena.challenges.catalogue import Filter
from mlarena.competitions import service as contests
from mlarena.core.db import db
from mlarena.core.templates import score as shown_score
from mlarena.core.templates import time_left
from mlarena.quests import service as questing
from mlarena.quests.catalogue import published
from mlarena.quests.path import stretches

QUESTS_PER_LEVEL = 8
PER_PAGE = 8
ROWS = 10
COMPETITIONS = 5
# What the lists with buttons are narrowed to, by the number that a button carries.
KINDS: tuple[str | None, ...] = (None, "knowledge", "sql")
HEADS = ("Challenges", "Quizzes", "SQL")
MARKS = {"completed": "✅", "submitted": "✏️", "started": "✏️", "new": "▫️"}
STATIONS = {
    **{"locked": "🔒", "open": "▫️", "started": "✏️", "tried": "✏️", "passed": "✅", "perfect": "🌟"}
}


def quests(chat: Chat, _rest: str) -> None:
    views = questing.views(published().values(), chat.user)
    if not views:
        chat.say("There are no quests here yet.")
        return
    lines: list[Markup | str] = []
    for stretch in stretches(views, QUESTS_PER_LEVEL):
        state = "🔒 " if stretch.locked else ""
        lines.append(
            Markup("\n{}<b>{}</b> {} of {}").format(
                state, stretch.level.name, stretch.passed, stretch.total
            )
        )
        for view in stretch.views:
            where = link(f"/quests/{view.quest.id}", view.quest.title)
            lines.append(
                Markup("{} {} · {} XP").format(STATIONS[view.standing], where, view.quest.xp_reward)
            )
        if stretch.left_out:
            lines.append(f"… and {stretch.left_out} more")
    step = questing.next_of(views)
    if step is not None and chat.user is not None:
        lines.append(
            Markup("\nNext: {}").format(link(f"/quests/{step.quest.id}", step.quest.title))
        )
    chat.say(joined(lines))


def challenges(chat: Chat, _rest: str) -> None:
    _list(chat, 0, 1, instead=False)


def quizzes(chat: Chat, rest: str) -> None:
    """A list, or the one that is named by its number."""
    if rest.isascii() and rest.isdigit() and len(rest) < 10:
        quiz.begin(chat, [int(rest)])
    else:
        _list(chat, 1, 1, instead=False)


def queries(chat: Chat, rest: str) -> None:
    if rest.isascii() and rest.isdigit() and len(rest) < 10:
        answers.show(chat, [int(rest)])
    else:
        _list(chat, 2, 1, instead=False)


def turned(chat: Chat, numbers: list[int]) -> str:
    """Another page of a list."""
    kind, page = numbers
    if kind >= len(KINDS) or not 1 <= page <= 10_000:
        raise Told(OLD_BUTTON)
    _list(chat, kind, page, instead=True)
    return ""


def _list(chat: Chat, kind: int, page: int, instead: bool) -> None:
    wanted = Filter(kind=KINDS[kind])
    found = challenging.listing(chat.user, wanted, (page - 1) * PER_PAGE, PER_PAGE)
    if not found.rows:
        chat.say("There is nothing like that here yet.")
        return
    pages = -(-found.total // PER_PAGE)
    head = Markup("<b>{}</b>, page {} of {}\n").format(HEADS[kind], page, pages)
    lines: list[Markup | str] = [head]
    buttons = []
    for row in found.rows:
        entry = row.entry
        where = link(f"/challenges/{entry.id}", entry.title)
        lines.append(
            Markup("{} {} · {}, {} points").format(
                MARKS[row.state], where, entry.difficulty, entry.points
            )
        )
        verb = {"knowledge": "quiz", "sql": "sql"}.get(entry.kind)
        if verb and chat.user is not None:
            buttons.append([(cut(entry.title, 48), f"{verb}:{entry.id}")])
    turns = []
    if page > 1:
        turns.append(("← Back", f"list:{kind}:{page - 1}"))
    if page < pages:
        turns.append(("More →", f"list:{kind}:{page + 1}"))
    if turns and chat.user is not None:
        buttons.append(turns)
    chat.show(joined(lines), buttons, instead=instead)


def leaderboard(chat: Chat, rest: str) -> None:
    name = rest.lower() if rest.lower() in ("weekly", "rating") else "global"
    board = boards.check_visible(name, chat.user)
    page = boards.page(str(board), 1, ROWS, chat.user)
    if not page.rows:
        chat.say("Nobody stands on that board yet.")
        return
    lines: list[Markup | str] = [Markup("<b>{}</b>\n").format(board.title)]
    lines += [_row(row) for row in page.rows]
    if page.me is not None and page.me_elsewhere:
        lines += ["…", _row(page.me)]
    if page.me is not None:
        lines.append(f"\nYou are number {page.me.rank} of {page.total}.")
    lines.append("\n/leaderboard weekly and /leaderboard rating show the others.")
    chat.say(joined(lines))


def _row(row: boards.BoardRow) -> Markup:
    score = shown_score(row.score).removesuffix(".0000").removesuffix(".0")
    return Markup("{}. {} · {}").format(row.rank or "–", row.username, score)


def competitions(chat: Chat, _rest: str) -> None:
    lines: list[Markup | str] = []
    for phase, head, word in (
        ("ongoing", "Going on", "ends in"),
        ("upcoming", "To come", "begins in"),
    ):
        query = contests.competitions_query(phase).limit(COMPETITIONS)
        views = contests.views(db.session.scalars(query).all(), chat.user)
        if views:
            lines.append(Markup("\n<b>{}</b>").format(head))
        for view in views:
            one = view.competition
            until = one.ends_at if phase == "ongoing" else one.starts_at
            mine = " · you are in" if view.entrant is not None else ""
            lines.append(
                Markup("{} · {} {}{}").format(
                    link(f"/competitions/{one.id}", one.title), word, time_left(until), mine
                )
            )
    chat.say(joined(lines) if lines else "No competition goes on, and none is announced.")
