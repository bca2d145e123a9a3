"""Cells of a query's result: their form on the wire, what makes two of them equal, their text.

A cell is plain JSON, as engines' readers write it and as expected results are stored. NULL, numbers
and text are themselves; whatever JSON has no word for is a pair of a tag and a value:

    ["f", "nan"]            a float that is not finite: nan, inf, -inf
    ["n", "1.50"]           a decimal, digits as the engine wrote them
    ["d", "2012-07-01"]     a date
    ["ts", "2012-07-01 08:00:00.5"]   a timestamp; with a zone, in UTC
    ["t", "08:00:00"]       a time of day
    ["i", [1, 2, 3]]        an interval: months, days, microseconds
    ["b", "00ff"]           bytes
    ["l", [cell, ...]]      a list or array
    ["o", [[cell, cell], ...]]        a struct, map or JSON object: keys and values
"""

from __future__ import annotations

import math
import re
from decimal import Decimal, InvalidOperation
from typing import Any

Cell = Any  # None | bool | int | float | str | [tag, value]
Row = list[Cell]
Number = int | float | Decimal

DEEPEST = 12
_TEXT_TAGS = {"f", "n", "d", "ts", "t", "b"}
_TAGS = _TEXT_TAGS | {"i", "l", "o"}
_NUMERAL = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?\s*")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_FRACTION = re.compile(r"\.(\d*?)0+(?=$|[+-])")
_DAY, _MONTH = (
    86_400_000_000,
    30 * 86_400_000_000,
)  # microseconds; a month as PostgreSQL compares it
# A decimal of more digits than this behind the point is the result of a division: rounded somewhere.
EXACT_DIGITS = 9

NULL, NUMBER, TEXT, MOMENT, TIME, SPAN, BYTES, LIST, OBJECT = range(9)
Value = tuple[int, Any]


def is_cell(cell: Cell, deep: int = DEEPEST) -> bool:
    """Whether `cell` has the form described above (the word of a jailed process is checked)."""
    kind = type(cell)
    if cell is None or kind in (bool, int, str):
        return True
    if kind is float:
        return math.isfinite(cell)
    if kind is not list or len(cell) != 2 or cell[0] not in _TAGS or deep == 0:
        return False
    tag, value = cell
    if tag in _TEXT_TAGS:
        return type(value) is str and _holds(tag, value)
    if type(value) is not list:
        return False
    if tag == "i":
        return len(value) == 3 and all(type(part) is int for part in value)
    if tag == "l":
        return all(is_cell(item, deep - 1) for item in value)
    return all(
        type(pair) is list and len(pair) == 2 and all(is_cell(item, deep - 1) for item in pair)
        for pair in value
    )


def _holds(tag: str, value: str) -> bool:
    try:
        if tag == "n":
            Decimal(value)
        elif tag == "b":
            bytes.fromhex(value)
    except (InvalidOperation, ValueError):
        return False
    return tag != "f" or value in ("nan", "inf", "-inf")


def value_of(cell: Cell) -> Value:
    """What is compared: its kind and a hashable value, equal for equal cells but for rounding."""
    if cell is None:
        return NULL, None
    if isinstance(cell, (bool, int, float)):
        return NUMBER, cell
    if isinstance(cell, str):
        return TEXT, cell
    tag, value = cell
    if tag == "n":
        return NUMBER, _decimal(value)
    if tag == "f":
        return NUMBER, float(value)
    if tag in ("d", "ts"):
        return MOMENT, moment(value)
    if tag == "t":
        return TIME, _FRACTION.sub(_short_fraction, value)
    if tag == "i":
        months, days, microseconds = value
        return SPAN, months * _MONTH + days * _DAY + microseconds
    if tag == "b":
        return BYTES, value.lower()
    if tag == "l":
        return LIST, tuple(_inside(item) for item in value)
    return OBJECT, frozenset((_inside(key), _inside(item)) for key, item in value)


def _inside(cell: Cell) -> Value:
    """As value_of, with numbers rounded: inside lists there is no other place for tolerance."""
    kind, value = value_of(cell)
    if kind == NUMBER and not isinstance(value, int):
        return kind, "nan" if value != value else float(f"{float(value):.8g}")
    return kind, value


def _decimal(text: str) -> Number:
    number = Decimal(text)
    return number if number.is_finite() else float(text)


def moment(text: str) -> str:
    """A date or a timestamp in one form: a date is its midnight."""
    if _DATE.fullmatch(text):
        return f"{text} 00:00:00"
    return _FRACTION.sub(_short_fraction, text)


def _short_fraction(found: re.Match[str]) -> str:
    return f".{found[1]}" if found[1] else ""


def number_in(text: str) -> Number | None:
    """The number that `text` is the numeral of, or None."""
    if len(text) > 40 or not _NUMERAL.fullmatch(text):
        return None
    stripped = text.strip()
    if stripped.lstrip("+-").isdigit():
        return int(stripped)
    return float(stripped)


def is_inexact(number: Number) -> bool:
    """Whether `number` may carry a rounding of its computation."""
    if isinstance(number, float):
        return True
    if isinstance(number, Decimal):
        exponent = number.as_tuple().exponent
        return isinstance(exponent, int) and -exponent > EXACT_DIGITS
    return False


def near(one: Number, other: Number) -> bool:
    """Equal but for rounding: 1e-9 and, where a float is involved, 1e-6 of the value.

    Decimals are rounded at some 16 digits, so 1e-12 of the value does for them; integers not at all.
    """
    if one == other:
        return True
    if isinstance(one, float) or isinstance(other, float):
        a, b = float(one), float(other)
        if math.isnan(a) or math.isnan(b):
            return math.isnan(a) and math.isnan(b)
        if math.isinf(a) or math.isinf(b):
            return a == b
        return abs(a - b) <= 1e-9 + 1e-6 * max(abs(a), abs(b))
    if isinstance(one, Decimal) or isinstance(other, Decimal):
        first, second = Decimal(one), Decimal(other)
        slack = Decimal("1e-9") + Decimal("1e-12") * max(abs(first), abs(second))
        return (is_inexact(first) or is_inexact(second)) and abs(first - second) <= slack
    return False


def text_of(cell: Cell) -> str | None:
    """The cell as people read it; None for NULL. Characters that no page can hold are replaced."""
    if cell is None:
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int):
        return str(cell) if abs(cell) < 10**400 else f"about 10^{len(f'{cell:x}') * 1.2041:.0f}"
    if isinstance(cell, float):
        return repr(cell)
    if isinstance(cell, str):
        return "".join(_visible(char) for char in cell) if not cell.isprintable() else cell
    tag, value = cell
    if tag == "i":
        return _span_text(*value)
    if tag == "b":
        return f"x'{value}'"
    if tag == "l":
        return "[" + ", ".join(text_of(item) or "NULL" for item in value) + "]"
    if tag == "o":
        pairs = (f"{text_of(key)}: {text_of(item) or 'NULL'}" for key, item in value)
        return "{" + ", ".join(pairs) + "}"
    return str(value)


def _visible(char: str) -> str:
    """Control characters as their pictures (U+2400 and on); line ends, tabs and joiners as they are."""
    if char in "\n\t\u200c\u200d" or char.isprintable() or char.isspace():
        return char
    return chr(0x2400 + ord(char)) if ord(char) < 32 else "\ufffd"


def _span_text(months: int, days: int, microseconds: int) -> str:
    parts = [
        f"{count} {name}{'' if abs(count) == 1 else 's'}"
        for count, name in ((months, "month"), (days, "day"))
        if count
    ]
    if microseconds or not parts:
        seconds, rest = divmod(abs(microseconds), 1_000_000)
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        fraction = f".{rest:06}".rstrip("0") if rest else ""
        sign = "-" if microseconds < 0 else ""
        parts.append(f"{sign}{hours:02}:{minutes:02}:{seconds:02}{fraction}")
    return " ".join(parts)
