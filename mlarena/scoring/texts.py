"""What changed between two texts, line by line: for two attempts of one's own."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

CONTEXT = 3  # equal lines that stay on either side of a change
# Beyond this many lines the middle is shown as taken out and put in: aligning it could take seconds.
MOST_ALIGNED = 400
MOST_SHOWN = 600


@dataclass(frozen=True)
class Part:
    """A stretch of a line, and whether it is what changed in it."""

    text: str
    changed: bool = False


@dataclass(frozen=True)
class Line:
    """A line of either text. `before` and `after` are its numbers there, from 1."""

    kind: Literal["same", "gone", "new", "left_out"]
    parts: tuple[Part, ...] = ()
    before: int | None = None
    after: int | None = None
    count: int = 0  # of equal lines that are left out


@dataclass(frozen=True)
class TextChange:
    lines: list[Line]
    gone: int
    new: int
    cut: bool  # more changed than is shown

    @property
    def equal(self) -> bool:
        return not (self.gone or self.new)


def text_change(before: str, after: str) -> TextChange:
    """Unified, as programmers know it, with what changed inside a line marked where two lines are alike."""
    old, new = before.splitlines(), after.splitlines()
    lines: list[Line] = []
    steps = _steps(old, new)
    for place, (tag, i1, i2, j1, j2) in enumerate(steps):
        if tag == "equal":
            lines += _kept(old, i1, i2, j1, place > 0, place < len(steps) - 1)
        else:
            lines += _changed(old[i1:i2], new[j1:j2], i1, j1)
    gone = sum(i2 - i1 for tag, i1, i2, _, _ in steps if tag != "equal")
    added = sum(j2 - j1 for tag, _, _, j1, j2 in steps if tag != "equal")
    return TextChange(lines[:MOST_SHOWN], gone, added, len(lines) > MOST_SHOWN)


Step = tuple[str, int, int, int, int]


def _steps(old: list[str], new: list[str]) -> list[Step]:
    """difflib's opcodes. Equal beginnings and ends are found first: they are most of it."""
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    here, there = old[start : len(old) - end], new[start : len(new) - end]
    steps: list[Step] = [("equal", 0, start, 0, start)] if start else []
    if max(len(here), len(there)) > MOST_ALIGNED:
        steps.append(("replace", start, start + len(here), start, start + len(there)))
    else:
        matcher = SequenceMatcher(None, here, there, autojunk=False)
        steps += [
            (tag, start + i1, start + i2, start + j1, start + j2)
            for tag, i1, i2, j1, j2 in matcher.get_opcodes()
        ]
    if end:
        steps.append(("equal", len(old) - end, len(old), len(new) - end, len(new)))
    return steps


def _kept(
    old: list[str], i1: int, i2: int, j1: int, after_one: bool, before_one: bool
) -> list[Line]:
    """Equal lines: those beside a change, and how many are left out."""
    first = i1 + CONTEXT if after_one else i1
    last = i2 - CONTEXT if before_one else i2
    lines = [
        Line("same", (Part(old[number]),), number + 1, number + 1 + j1 - i1)
        for number in range(i1, i2)
    ]
    if last - first < 2:  # a single line is as short as the word that stands for it
        return lines
    left_out = Line("left_out", count=last - first)
    return [*lines[: first - i1], left_out, *lines[last - i1 :]]


def _changed(old: list[str], new: list[str], i1: int, j1: int) -> list[Line]:
    marked = [_marked(*pair) for pair in zip(old, new, strict=False)]
    ours = [parts for parts, _ in marked] + [(Part(line),) for line in old[len(marked) :]]
    theirs = [parts for _, parts in marked] + [(Part(line),) for line in new[len(marked) :]]
    return [Line("gone", parts, before=i1 + n) for n, parts in enumerate(ours, 1)] + [
        Line("new", parts, after=j1 + n) for n, parts in enumerate(theirs, 1)
    ]


def _marked(old: str, new: str) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """Two lines that stand for each other: the middle that differs, where the rest is half or more."""
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    if 2 * (start + end) < max(len(old), len(new)):
        return (Part(old),), (Part(new),)
    return _parts(old, start, end), _parts(new, start, end)


def _parts(line: str, start: int, end: int) -> tuple[Part, ...]:
    last = len(line) - end
    pieces = (Part(line[:start]), Part(line[start:last], True), Part(line[last:]))
    return tuple(part for part in pieces if part.text)
