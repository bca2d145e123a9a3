"""Asking a source over the net: one GET, with a time-out, nothing larger than it may be, and nothing behind
our own walls (core/outgoing.py): a feed's address is what somebody gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mlarena.core import outgoing
from mlarena.forecasts.sources.found import SourceProblem

SECONDS = 20
LARGEST = 16 << 20
HOPS = 5


@dataclass(frozen=True)
class Answer:
    status: int
    text: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def get(address: str, headers: dict[str, str] | None = None) -> Answer:
    """What is there; an error's answer too, for it has words. Raises SourceProblem where nothing answers."""
    asked = {"User-Agent": "MLArena", **(headers or {})}
    try:
        found = outgoing.request(
            "GET", address, headers=asked, seconds=SECONDS, largest=LARGEST, hops=HOPS
        )
    except outgoing.Refused as refused:
        raise SourceProblem(f"{address[:80]!r} is not asked: {refused}") from None
    except outgoing.Away as away:
        raise SourceProblem(f"{address} does not answer: {away}") from None
    if found.cut:
        raise SourceProblem(f"{address} answers with more than {LARGEST >> 20} MB.")
    return Answer(found.status, found.body, found.headers)
