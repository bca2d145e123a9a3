"""Forecasting a match with buttons. The buttons carry the three figures, so nothing is kept meanwhile."""

from __future__ import annotations

from datetime import timedelta

from markupsafe import Markup

from mlarena.bot.chat import OLD_BUTTON, Chat, Told, joined, link, require_within
from mlarena.bot.text import cut
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.forecasts import game, service, shown
from mlarena.forecasts.models import Match

AHEAD = timedelta(days=7)
MOST = 10
LOOKED_AT = 40
STEP = 5
EVEN = (34, 33, 33)
USUAL = ((60, 25, 15), (45, 30, 25), EVEN, (25, 30, 45), (15, 25, 60))
Shares = tuple[int, int, int]


def matches(chat: Chat, _rest: str) -> None:
    """What kicks off within a week, and what one has said of it."""
    query = service.soon_query(utcnow() + AHEAD).limit(LOOKED_AT)
    found = [one for one in db.session.scalars(query) if one.open_at(utcnow())][:MOST]
    if not found:
        chat.say("No match is open to forecasts this week.")
        return
    known = shown.Known.of(found, chat.person)
    lines: list[Markup | str] = [Markup("<b>Forecast</b>: press a match\n")]
    for one in found:
        own = known.own.get(one.id)
        said = f" · you: {_words(_percent(own.shares))}" if own else ""
        lines.append(f"{_title(one)}, {chat.time(one.kickoff)}{said}")
    buttons = [[(cut(_title(one), 60), f"match:{one.id}")] for one in found]
    chat.say(joined(lines), buttons)


def show(chat: Chat, numbers: list[int]) -> str:
    """One match, with what one has said, or even chances."""
    [match_id] = numbers
    match = _open(match_id)
    own = game.own_forecasts(chat.person.id, [match_id]).get(match_id)
    _page(chat, match, _percent(own.shares) if own else EVEN, instead=False)
    return ""


def set_shares(chat: Chat, numbers: list[int]) -> str:
    """Other figures, not entered yet."""
    match_id, *rest = numbers
    _page(chat, _open(match_id), _shares(rest), instead=True)
    return ""


def enter(chat: Chat, numbers: list[int]) -> str:
    """Say it, by the verb of the page; and hear what the house says."""
    match_id, *rest = numbers
    shares = _shares(rest)
    require_within(game.ENTER_LIMIT, chat.person)
    entered = game.enter(chat.person, match_id, [one / 100 for one in shares])
    match = game.find_match(match_id)
    known = shown.Known.of([match], chat.person)
    word = known.houses.get(match.id)
    lines: list[Markup | str] = [
        Markup("<b>{}</b>, {}").format(_title(match), chat.time(match.kickoff)),
        f"You: {_words(_percent(entered.shares))}",
    ]
    if word is not None and known.revealed(match):
        lines.append(f"The house: {_words(_percent(word.shares))}")
    lines.append(link(f"/forecasts/matches/{match.id}", "The match"))
    again = [[("Change it", f"set:{match.id}:{shares[0]}:{shares[1]}:{shares[2]}")]]
    chat.show(joined(lines), again, instead=True)
    return "Entered."


def _open(match_id: int) -> Match:
    match = game.find_match(match_id)
    if not match.open_at(utcnow()):
        raise Told("This match has kicked off, or is off: forecasts are taken until then.")
    return match


def _shares(numbers: list[int]) -> Shares:
    home, draw, away = numbers
    if home + draw + away != 100:
        raise Told(OLD_BUTTON)
    return home, draw, away


def _page(chat: Chat, match: Match, now: Shares, instead: bool) -> None:
    def button(words: str, to: Shares, verb: str = "set") -> tuple[str, str]:
        return words, f"{verb}:{match.id}:{to[0]}:{to[1]}:{to[2]}"

    text = joined(
        [
            Markup("<b>{}</b>, {}").format(_title(match), chat.time(match.kickoff)),
            Markup("{} <b>{} %</b> · draw <b>{} %</b> · {} <b>{} %</b>").format(
                match.home.name, now[0], now[1], match.away.name, now[2]
            ),
        ]
    )
    names = (cut(match.home.name, 20), "Draw", cut(match.away.name, 20))
    rows = [[button(" ".join(map(str, one)), one) for one in USUAL if one != now]]
    for place, name in enumerate(names):
        rows.append(
            [
                button(f"{name} −{STEP}", moved(now, place, -STEP)),
                button(f"{name} +{STEP}", moved(now, place, STEP)),
            ]
        )
    rows.append([button(f"Enter {_words(now)}", now, "enter")])
    chat.show(text, rows, instead=instead)


def moved(now: Shares, place: int, by: int) -> Shares:
    """One of the three by so much, the others by what that leaves, as they are to each other."""
    target = min(100, max(0, now[place] + by))
    others = [at for at in range(3) if at != place]
    rest, before = 100 - target, sum(now[at] for at in others)
    first = round(rest * now[others[0]] / before) if before else rest // 2
    found = [0, 0, 0]
    found[place], found[others[0]], found[others[1]] = target, first, rest - first
    return found[0], found[1], found[2]


def _percent(shares: tuple[float, float, float]) -> Shares:
    """Whole per cent that sum to 100."""
    home, away = round(100 * shares[0]), round(100 * shares[2])
    return home, 100 - home - away, away


def _words(shares: Shares) -> str:
    return " / ".join(map(str, shares))


def _title(match: Match) -> str:
    return f"{match.home.name} – {match.away.name}"
