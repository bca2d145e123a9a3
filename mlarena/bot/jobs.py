"""What the clock asks for."""

from __future__ import annotations

from mlarena.bot import reminders, upkeep


def remind() -> None:
    reminders.remind()


def tidy() -> None:
    upkeep.tidy()
