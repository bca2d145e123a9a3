"""What a CSV file looks like before it is downloaded, read off its beginning alone.

No pandas: this runs in the web process, where a page must not wait for it. So many rows tell the shape of a
column well enough, and the page says how many they were.
"""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from mlarena.core.storage import storage

HEAD_BYTES = 192 << 10
MOST_ROWS = 2_000
MOST_COLUMNS = 60
SHOWN_ROWS = 5
BANDS = 10
MOST_WORDS = 3
LONGEST = 40


@dataclass
class Column:
    """One column: numbers have `bound` (lowest, middle, highest) and bands, all else its commonest words."""

    name: str
    dtype: str
    missing: int
    distinct: int
    bound: tuple[float, float, float] | None = None
    edges: list[float] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    words: list[tuple[str, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Head:
    """The beginning of a table. `whole`: there is no more of it."""

    names: list[str]
    columns: list[Column]
    rows: list[list[str]]
    read: int
    whole: bool

    @property
    def heads(self) -> list[tuple[str, str]]:
        """The columns as data_table of templates/ui/tables.html takes them."""
        return [(one.name, "" if one.dtype == "text" else "number") for one in self.columns]


def head_of(name: str, blob: str) -> Head | None:
    """The beginning of the stored CSV file; None for what is no table."""
    return _head(blob) if name.lower().endswith(".csv") else None


@lru_cache(maxsize=128)
def _head(blob: str) -> Head | None:
    held = bytearray()
    whole = True
    for piece in storage().open(blob):
        held += piece
        if len(held) > HEAD_BYTES:
            whole = False
            break
    try:
        text = held[:HEAD_BYTES].decode("utf-8-sig", errors="ignore" if not whole else "strict")
        found = list(csv.reader(io.StringIO(text, newline="")))
    except (UnicodeDecodeError, csv.Error):
        return None
    if not whole:
        found = found[:-1]  # the last one is cut off
    if len(found) < 2 or "\0" in text:
        return None
    names, rows = found[0], [row for row in found[1:] if row]
    if len(rows) > MOST_ROWS:
        rows, whole = rows[:MOST_ROWS], False
    columns = [
        _column(name, [row[place] if place < len(row) else "" for row in rows])
        for place, name in enumerate(names[:MOST_COLUMNS])
    ]
    shown = [[_short(cell) for cell in row[:MOST_COLUMNS]] for row in rows[:SHOWN_ROWS]]
    return Head(names, columns, shown, len(rows), whole)


def _column(name: str, cells: list[str]) -> Column:
    there = [cell for cell in cells if cell != ""]
    made = Column(name[:LONGEST], "text", len(cells) - len(there), len(set(there)))
    numbers = _numbers(there)
    if numbers is None:
        made.words = [(_short(word), count) for word, count in _commonest(there)]
        return made
    made.dtype = "integer" if all(number == int(number) for number in numbers) else "number"
    ordered = sorted(numbers)
    made.bound = ordered[0], ordered[len(ordered) // 2], ordered[-1]
    made.edges, made.counts = _bands(ordered)
    return made


def _numbers(cells: list[str]) -> list[float] | None:
    """All of them as finite numbers; None where one is none."""
    try:
        numbers = [float(cell) for cell in cells]
    except ValueError:
        return None
    return numbers if numbers and all(map(math.isfinite, numbers)) else None


def _commonest(cells: list[str]) -> list[tuple[str, int]]:
    return Counter(cells).most_common(MOST_WORDS)


def _bands(ordered: list[float]) -> tuple[list[float], list[int]]:
    low, high = ordered[0], ordered[-1]
    width = (high - low) / BANDS
    if not (math.isfinite(width) and width > 0):
        return [low, high], [len(ordered)]
    counts = [0] * BANDS
    for number in ordered:
        counts[min(BANDS - 1, int((number - low) / width))] += 1
    return [low + width * n for n in range(BANDS + 1)], counts


def _short(cell: Any) -> str:
    text = str(cell)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
