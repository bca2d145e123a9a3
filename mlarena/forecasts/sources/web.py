"""Asking a source over the net: one GET, with a time-out, nothing larger than it may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from mlarena.forecasts.sources.found import SourceProblem

SECONDS = 20
LARGEST = 16 << 20


@dataclass(frozen=True)
class Answer:
    status: int
    text: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def get(address: str, headers: dict[str, str] | None = None) -> Answer:
    """What is there; an error's answer too, for it has words. Raises SourceProblem where nothing answers."""
    if not address.startswith(("https://", "http://")):
        raise SourceProblem(f"{address[:80]!r} is no web address.")
    asked = Request(address, headers={"User-Agent": "MLArena", **(headers or {})})  # noqa: S310
    try:
        with urlopen(asked, timeout=SECONDS) as found:  # noqa: S310
            return Answer(found.status, _read(found, address), dict(found.headers))
    except HTTPError as error:
        return Answer(error.code, _read(error, address))
    except (URLError, OSError) as error:
        raise SourceProblem(f"{address} does not answer: {error}") from None


def _read(found: object, address: str) -> bytes:
    text: bytes = found.read(LARGEST + 1)  # type: ignore[attr-defined]
    if len(text) > LARGEST:
        raise SourceProblem(f"{address} answers with more than {LARGEST >> 20} MB.")
    return text
