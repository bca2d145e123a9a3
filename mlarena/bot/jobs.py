"""What the clock asks for."""

from __future__ import annotations

from mlarena.bot import upkeep


def tidy() -> None:
    upkeep.tidy()
