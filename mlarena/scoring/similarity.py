"""How alike two programs or two queries are, whatever their names, layout and comments. Pure.

Winnowing, as in S. Schleimer, D. Wilkerson, A. Aiken: "Winnowing: Local Algorithms for Document
Fingerprinting", SIGMOD 2003 (MOSS). A text becomes its tokens, with one word for all names, one for all
numbers, one for all strings; every k tokens in a row have a hash; of every w hashes in a row the least is
kept, the rightmost of equals. Two texts that share k + w - 1 tokens in a row then share a fingerprint.
What an author gave out (the starter code) and what everybody is led to (the reference) is discounted.
"""

from __future__ import annotations

import hashlib
import keyword
import re
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

Language = Literal["python", "sql"]

# Queries are short, and their keywords come in a fixed order: fewer tokens in a row tell something.
GRAM: dict[Language, int] = {"python": 10, "sql": 6}
WINDOW: dict[Language, int] = {"python": 8, "sql": 5}
# Of the places of one hash in a text only so many are tried: `x = 0` a thousand times is no puzzle.
MOST_PLACES = 32

_PRIME, _BASE = (1 << 61) - 1, 1_000_003

_PYTHON = re.compile(
    r"""(?P<skip>\s+|\\\r?\n|\#[^\n]*)
    |(?P<string>(?i:[rbuf]{0,2})(?:\"\"\"(?:[^\\]|\\.)*?(?:\"\"\"|\Z)|'''(?:[^\\]|\\.)*?(?:'''|\Z)
        |"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?))
    |(?P<number>(?:\d[\w]*\.?[\w]*|\.\d\w*)(?:(?<=[eE])[+-]\d+)?)
    |(?P<name>\w+)
    |(?P<sign>\*\*=|//=|>>=|<<=|\.\.\.|->|:=|[-+*/%@&|^=<>!]=|\*\*|//|<<|>>|.)""",
    re.VERBOSE | re.DOTALL,
)
_SQL = re.compile(
    r"""(?P<skip>\s+|--[^\n]*|/\*.*?(?:\*/|\Z))
    |(?P<string>'(?:[^']|'')*'?)
    |(?P<name>"(?:[^"]|"")*"?|`[^`]*`?|[^\W\d][\w$]*)
    |(?P<number>(?:\d\w*\.?\w*|\.\d\w*)(?:(?<=[eE])[+-]\d+)?)
    |(?P<sign><>|!=|<=|>=|\|\||::|->>|->|.)""",
    re.VERBOSE | re.DOTALL,
)
_SQL_LIST = """
all and any as asc between by case cast collate cross current current_date current_timestamp default
delete desc distinct else end escape except exclude exists false fetch filter first following for
from full glob group groups having if ilike in inner insert intersect into is join last lateral left
like limit natural not null nulls offset on only or order outer over partition preceding qualify
range recursive right row rows select set some table then ties top true unbounded union unique
update using values when where window with within
"""
_SQL_WORDS = frozenset(_SQL_LIST.split())


@dataclass(frozen=True, slots=True)
class Token:
    """What stands for a piece of the text, and where that is."""

    word: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Region:
    """A stretch that both texts have: from `one` in the first and from `other` in the second, in tokens."""

    one: int
    other: int
    length: int


@dataclass(frozen=True)
class Alike:
    """What two texts share. A share is that of its own tokens, without those that are discounted."""

    one_tokens: Sequence[Token]
    other_tokens: Sequence[Token]
    regions: list[Region]
    one_share: float
    other_share: float
    # Tokens in the regions that are not discounted, in the text that has fewer of them.
    shared: int

    @property
    def share(self) -> float:
        return max(self.one_share, self.other_share)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of one line, and the number of the region that it belongs to, from 1; 0 for none."""

    text: str
    region: int = 0


def tokens(text: str, language: Language) -> list[Token]:
    """The text's tokens in order. Never fails: what is not the language is signs."""
    pattern = _PYTHON if language == "python" else _SQL
    found: list[Token] = []
    for piece in pattern.finditer(text):
        kind, words = piece.lastgroup, piece.group()
        if kind == "skip":
            continue
        if kind == "name":
            word = _named(words, language)
        elif kind == "sign":
            word = words
        else:
            word = "<string>" if kind == "string" else "<number>"
        found.append(Token(word, piece.start(), piece.end()))
    return found


def _named(words: str, language: Language) -> str:
    if language == "python":
        return words if keyword.iskeyword(words) else "<name>"
    return words.lower() if words.lower() in _SQL_WORDS else "<name>"


def gram_hashes(found: Sequence[Token], language: Language) -> list[int]:
    """The hash of every k tokens in a row, by where they begin. The same on every machine."""
    size = GRAM[language]
    values = [_value(token.word) for token in found]
    if len(values) < size:
        return []
    drop, rolling, hashes = pow(_BASE, size, _PRIME), 0, []
    for place, value in enumerate(values):
        rolling = (rolling * _BASE + value) % _PRIME
        if place >= size:
            rolling = (rolling - values[place - size] * drop) % _PRIME
        if place >= size - 1:
            hashes.append(rolling)
    return hashes


@cache
def _value(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest()) % _PRIME


def winnow(hashes: Sequence[int], window: int) -> list[int]:
    """The places of the least hash of every `window` in a row, the rightmost of equals, each once."""
    chosen: list[int] = []
    waiting: deque[int] = deque()  # places whose hashes rise: the first is the least
    for place, one in enumerate(hashes):
        while waiting and hashes[waiting[-1]] >= one:
            waiting.pop()
        waiting.append(place)
        if waiting[0] <= place - window:
            waiting.popleft()
        full = place >= min(window, len(hashes)) - 1
        if full and (not chosen or chosen[-1] != waiting[0]):
            chosen.append(waiting[0])
    return chosen


def fingerprints(
    text: str, language: Language, discounted: frozenset[int] = frozenset()
) -> frozenset[int]:
    """What is kept of a text, to find others like it by."""
    hashes = gram_hashes(tokens(text, language), language)
    return frozenset(hashes[place] for place in winnow(hashes, WINDOW[language])) - discounted


def discount(texts: Iterable[str], language: Language) -> frozenset[int]:
    """Every k tokens in a row of what was given out: whoever has the same has it from there."""
    return frozenset(one for text in texts for one in gram_hashes(tokens(text, language), language))


def alike(
    one: str, other: str, language: Language, discounted: frozenset[int] = frozenset()
) -> Alike:
    """The stretches that both have, each token in one of them at most, longest where there is a choice."""
    ours, theirs = tokens(one, language), tokens(other, language)
    our_hashes, their_hashes = gram_hashes(ours, language), gram_hashes(theirs, language)
    regions = _tiles(ours, theirs, our_hashes, their_hashes, language, discounted)
    our_given = _given(our_hashes, len(ours), language, discounted)
    their_given = _given(their_hashes, len(theirs), language, discounted)
    our_own = sum(
        not our_given[place]
        for region in regions
        for place in range(region.one, region.one + region.length)
    )
    their_own = sum(
        not their_given[place]
        for region in regions
        for place in range(region.other, region.other + region.length)
    )
    return Alike(
        ours,
        theirs,
        regions,
        our_own / max(1, our_given.count(False)),
        their_own / max(1, their_given.count(False)),
        min(our_own, their_own),
    )


def _given(
    hashes: Sequence[int], size: int, language: Language, discounted: frozenset[int]
) -> list[bool]:
    """By token whether it belongs to what is discounted."""
    given = [False] * size
    for place, one in enumerate(hashes):
        if one in discounted:
            given[place : place + GRAM[language]] = [True] * GRAM[language]
    return given


def _tiles(
    ours: Sequence[Token],
    theirs: Sequence[Token],
    our_hashes: Sequence[int],
    their_hashes: Sequence[int],
    language: Language,
    discounted: frozenset[int],
) -> list[Region]:
    """Greedy tiling (M. Wise, 1993) along one text, begun wherever both have the same k tokens."""
    places: dict[int, list[int]] = {}
    for place, one in enumerate(their_hashes):
        if one not in discounted and len(places.setdefault(one, [])) < MOST_PLACES:
            places[one].append(place)
    taken = [False] * len(theirs)
    regions: list[Region] = []
    here, least = 0, GRAM[language]
    while here < len(our_hashes):
        best = Region(here, 0, 0)
        for there in places.get(our_hashes[here], ()):
            length = 0
            while (
                here + length < len(ours)
                and there + length < len(theirs)
                and not taken[there + length]
                and ours[here + length].word == theirs[there + length].word
            ):
                length += 1
            if length > best.length:
                best = Region(here, there, length)
        if best.length >= least:
            regions.append(best)
            taken[best.other : best.other + best.length] = [True] * best.length
            here += best.length
        else:
            here += 1
    return regions


def marked(
    text: str, found: Sequence[Token], spans: Iterable[tuple[int, int, int]]
) -> list[list[Piece]]:
    """The text's lines in pieces. `spans` are (first token, how many, number of the region), apart."""
    lines: list[list[Piece]] = [[]]
    done = 0

    def put(stretch: str, region: int) -> None:
        for number, line in enumerate(stretch.split("\n")):
            if number:
                lines.append([])
            if line:
                lines[-1].append(Piece(line, region))

    for first, count, region in sorted(spans):
        start, end = found[first].start, found[first + count - 1].end
        put(text[done:start], 0)
        put(text[start:end], region)
        done = end
    put(text[done:], 0)
    return lines
