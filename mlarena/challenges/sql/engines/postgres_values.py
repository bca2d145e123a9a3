"""Rows as PostgreSQL writes them in text, read into cells.

Every row arrives as the text of a record, such as `(1,"a b",)`: so the server can measure it before
it sends it, and a type nobody has heard of is still shown as the server shows it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from mlarena.scoring.cells import Cell, Row

_INTERVAL = re.compile(
    r"(?:(-?\d+) years? ?)?(?:(-?\d+) mons? ?)?(?:(-?\d+) days? ?)?"
    r"(?:(-?)(\d+):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?"
)


def read_row(record: str, readers: list[Callable[[str], Cell]]) -> Row:
    """The cells of a record. Raises ValueError when it has another number of them."""
    fields = split_record(record, len(readers))
    return [
        None if text is None else read(text) for text, read in zip(fields, readers, strict=True)
    ]


def split_record(record: str, count: int) -> list[str | None]:
    """The fields of a record's text (PostgreSQL: Composite Type Input and Output Syntax)."""
    if count == 0:
        return []
    fields: list[str | None] = []
    place, end = 1, len(record) - 1
    while True:
        if place < end and record[place] == '"':
            text, place = _quoted(record, place + 1)
            fields.append(text)
        else:
            comma = record.find(",", place, end)
            stop = end if comma == -1 else comma
            fields.append(record[place:stop] if stop > place else None)
            place = stop
        if place >= end:
            return fields
        place += 1  # the comma


def _quoted(text: str, place: int) -> tuple[str, int]:
    """What stands in quotes from `place` on, and the place behind them; `""` and `\\\\` are one."""
    start = place
    while True:
        quote = text.index('"', place)
        slash = text.find("\\", place, quote)
        if slash != -1:
            place = slash + 2
        elif text.startswith('""', quote):
            place = quote + 2
        else:
            inside = text[start:quote]
            if "\\" in inside or '"' in inside:
                inside = re.sub(r"\\(.)|\"\"", lambda one: one[1] or '"', inside, flags=re.DOTALL)
            return inside, quote + 1


def reader(oid: int) -> Callable[[str], Cell]:
    """What reads the text of a value of this type."""
    if oid in _ARRAYS:
        inner = _READERS.get(_ARRAYS[oid], str)
        return lambda text: _array(text, inner)
    return _READERS.get(oid, str)


def _float(text: str) -> Cell:
    number = float(text)
    return number if abs(number) < float("inf") else ["f", repr(number)]


def _zoned(text: str) -> Cell:
    return ["ts", text.removesuffix("+00")]  # the session's zone is UTC


def _interval(text: str) -> Cell:
    found = _INTERVAL.fullmatch(text)
    if not found:
        return text  # infinity, since PostgreSQL 17
    years, months, days, sign, hours, minutes, seconds, fraction = found.groups()
    micros = (int(hours or 0) * 60 + int(minutes or 0)) * 60 + int(seconds or 0)
    micros = micros * 1_000_000 + int((fraction or "").ljust(6, "0"))
    return [
        "i",
        [int(years or 0) * 12 + int(months or 0), int(days or 0), -micros if sign else micros],
    ]


def _json(text: str) -> Cell:
    return _json_cell(json.loads(text, parse_float=Decimal))


def _json_cell(value: Any) -> Cell:
    if isinstance(value, Decimal):
        return ["n", str(value)]
    if isinstance(value, list):
        return ["l", [_json_cell(item) for item in value]]
    if isinstance(value, dict):
        return ["o", [[key, _json_cell(item)] for key, item in value.items()]]
    return value


def _array(text: str, read: Callable[[str], Cell]) -> Cell:
    """`{1,2,NULL}`, nested for more dimensions; bounds before it, as in `[0:1]={1,2}`, are left out."""
    start = text.index("{")
    value, _ = _array_from(text, start, read)
    return value


def _array_from(text: str, place: int, read: Callable[[str], Cell]) -> tuple[Cell, int]:
    items: list[Cell] = []
    place += 1
    while text[place] != "}":
        if text[place] == "{":
            item, place = _array_from(text, place, read)
        elif text[place] == '"':
            inside, place = _quoted(text, place + 1)
            item = read(inside)
        else:
            end = min(
                found for found in (text.find(",", place), text.find("}", place)) if found != -1
            )
            bare = text[place:end]
            item, place = (None if bare.upper() == "NULL" else read(bare)), end
        items.append(item)
        if text[place] == ",":
            place += 1
    return ["l", items], place + 1


# Type numbers are fixed for good (pg_type.dat).
_READERS: dict[int, Callable[[str], Cell]] = {
    16: lambda text: text == "t",
    20: int,
    21: int,
    23: int,
    26: int,
    700: _float,
    701: _float,
    1700: lambda text: ["n", text],
    1082: lambda text: ["d", text],
    1114: lambda text: ["ts", text],
    1184: _zoned,
    1083: lambda text: ["t", text],
    1186: _interval,
    17: lambda text: ["b", text.removeprefix("\\x")],
    1042: lambda text: text.rstrip(" "),  # char(n) is padded
    114: _json,
    3802: _json,
}
_ARRAYS = {
    **{1000: 16, 1005: 21, 1007: 23, 1016: 20, 1021: 700, 1022: 701, 1231: 1700, 1182: 1082},
    **{1115: 1114, 1185: 1184, 1183: 1083, 1187: 1186, 1001: 17, 1014: 1042, 199: 114, 3807: 3802},
    **{1009: 25, 1015: 25, 1002: 25, 1003: 25, 2951: 25, 1028: 26},
}
