"""What a rule of advice is, and the register of all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mlarena.scoring.facts import Facts


@dataclass(frozen=True)
class Advice:
    """`title` names it in a few words, `text` says what to try, `fact` what it was seen by."""

    title: str
    text: str
    fact: str


Rule = Callable[[Facts], Advice | None]
RULES: list[tuple[int, str, Rule]] = []


def rule(place: int) -> Callable[[Rule], Rule]:
    """Enter a rule: of all that apply, those with the smallest `place` are shown."""

    def enter(function: Rule) -> Rule:
        RULES.append((place, function.__name__, function))
        RULES.sort(key=lambda entry: entry[:2])
        return function

    return enter


def names(names: list[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:3])
    return shown + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def number(value: float) -> str:
    """About three figures, as one would say it."""
    short = float(f"{value:.3g}")
    return f"{short:,.0f}" if abs(short) >= 100 else f"{short:g}"
