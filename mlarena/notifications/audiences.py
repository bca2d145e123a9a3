"""Who is meant by an audience. Rooms above register theirs; a name is a word and an id: "cohort:7"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Select, select

from mlarena.accounts.models import User

# An audience's id → a query of one column, the ids of its users.
Audience = Callable[[int], Select[Any]]


def everyone(_number: int) -> Select[Any]:
    return select(User.id)


_known: dict[str, Audience] = {"everyone": everyone}


def register_audience(name: str, audience: Audience) -> None:
    _known[name] = audience


def audience(name: str) -> Select[Any]:
    """The query of the ids of whom `name` means. Raises LookupError for what nobody registered."""
    word, _, number = name.partition(":")
    return _known[word](int(number or 0))
