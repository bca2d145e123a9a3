"""What the command palette and the search page look through. Each room tells what of its own can be found.

A source gets what was typed and who asks; it gives what that person may see. It must cost a constant number
of queries: the palette asks with every letter.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

LONGEST = 100  # characters of a question; what is beyond is not looked at


@dataclass(frozen=True)
class Hit:
    """Something found: what it is called, a few words beside it, where it is. `rank`: 0 is best."""

    title: str
    detail: str
    url: str
    rank: int = 0
    key: int = 0  # of a person: chooses the colour of their initials

    def shown(self) -> dict[str, str]:
        return {"title": self.title, "detail": self.detail, "url": self.url}


Source = Callable[[str, Any], Iterable[Hit]]

_sources: dict[str, list[Source]] = {}


def tell_search(group: str, source: Source) -> None:
    """From now on `source(asked, viewer)` is called too; `group` is "tasks", "people" or "pages"."""
    held = _sources.setdefault(group, [])
    if source not in held:  # the tests make several apps in one process
        held.append(source)


def find(group: str, asked: str, viewer: Any, limit: int) -> list[Hit]:
    """The best `limit` of a group for what was typed, the best first."""
    hits = [hit for source in _sources.get(group, []) for hit in source(asked, viewer)]
    return sorted(hits, key=lambda hit: hit.rank)[:limit]


@lru_cache(maxsize=8192)
def fold(text: str) -> str:
    """`text` as it is compared: "Café  Regression" is found by "cafe regr"."""
    plain = unicodedata.normalize("NFKD", text[:LONGEST]).casefold()
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())


def rank(asked: str, title: str, more: str = "") -> int | None:
    """How well `title` (or `more` words about it) answers what was typed; None: not at all.

    0: it begins with it. 1: each word begins a word of it. 2: each word is somewhere in it. 3: only with
    the words about it.
    """
    question, name = fold(asked), fold(title)
    words = question.split()
    if name.startswith(question):
        return 0
    if all(name.startswith(word) or f" {word}" in name for word in words):
        return 1
    if all(word in name for word in words):
        return 2
    about = f"{name} {fold(more)}"
    return 3 if all(word in about for word in words) else None
