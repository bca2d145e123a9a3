"""When two JSON values are the same answer, and where they first differ. Pure functions."""

from __future__ import annotations

import math
from typing import Any, Literal, get_args

# exact: to the last digit. float: numbers within a tolerance. unordered: likewise, and the order of the
# answer's own items does not count.
Comparison = Literal["exact", "float", "unordered"]
COMPARISONS: tuple[str, ...] = get_args(Comparison)
# Sums in another order differ in the last digits, also around zero, where a relative tolerance is none.
SMALLEST = 1e-9


def same(expected: Any, actual: Any, comparison: Comparison, tolerance: float = 1e-6) -> bool:
    """Whether `actual` is as good as `expected`. True and 1 are two things; 1 and 1.0 are one."""
    return difference(expected, actual, comparison, tolerance) is None


def difference(
    expected: Any, actual: Any, comparison: Comparison, tolerance: float = 1e-6
) -> str | None:
    """Where they first differ, in words; None when they are the same."""
    if comparison == "unordered" and isinstance(expected, list) and isinstance(actual, list):
        found = _as_multiset(expected, actual, tolerance)
    else:
        found = _differ(expected, actual, None if comparison == "exact" else tolerance, "")
    return found and found[0].upper() + found[1:]


def _differ(expected: Any, actual: Any, tolerance: float | None, at: str) -> str | None:
    if _is_number(expected) and _is_number(actual):
        if _near(expected, actual, tolerance):
            return None
        return f"{_where(at)}{_short(expected)} was expected, {_short(actual)} came."
    if type(expected) is not type(actual):
        return f"{_where(at)}{_kind(expected)} was expected, {_kind(actual)} came."
    if isinstance(expected, list):
        return _lists_differ(expected, actual, tolerance, at)
    if isinstance(expected, dict):
        return _dicts_differ(expected, actual, tolerance, at)
    if expected != actual:
        return f"{_where(at)}{_short(expected)} was expected, {_short(actual)} came."
    return None


def _lists_differ(
    expected: list[Any], actual: list[Any], tolerance: float | None, at: str
) -> str | None:
    for place, (one, other) in enumerate(zip(expected, actual, strict=False)):
        found = _differ(one, other, tolerance, f"{at}[{place}]")
        if found:
            return found
    if len(expected) != len(actual):
        return f"{_where(at)}{len(expected)} items were expected, {len(actual)} came."
    return None


def _dicts_differ(
    expected: dict[str, Any], actual: dict[str, Any], tolerance: float | None, at: str
) -> str | None:
    for key, one in expected.items():
        if key not in actual:
            return f"{_where(at)}the key {_short(key)} is missing."
        found = _differ(one, actual[key], tolerance, f"{at}[{_short(key)}]")
        if found:
            return found
    extra = [key for key in actual if key not in expected]
    return f"{_where(at)}the key {_short(extra[0])} is too much." if extra else None


def _as_multiset(expected: list[Any], actual: list[Any], tolerance: float) -> str | None:
    """Each expected item needs one of its own. Sorted first, so that near numbers meet near numbers;
    what does not pair off along the way is looked for among the rest."""
    left, right = sorted(expected, key=_rank), sorted(actual, key=_rank)
    if len(left) != len(right):
        return f"{len(left)} items were expected, {len(right)} came."
    pairs = list(zip(left, right, strict=True))
    missing = [one for one, other in pairs if _differ(one, other, tolerance, "")]
    spare = [other for one, other in pairs if _differ(one, other, tolerance, "")]
    for one in missing:
        place = next(
            (n for n, other in enumerate(spare) if _differ(one, other, tolerance, "") is None), None
        )
        if place is None:
            return f"{_short(one)} was expected somewhere, and is not there."
        del spare[place]
    return None


def _rank(value: Any) -> tuple[Any, ...]:
    """An order over all JSON values, numbers by size."""
    if value is None:
        return (0,)
    if isinstance(value, bool):
        return 1, value
    if _is_number(value):
        return 2, value
    if isinstance(value, str):
        return 3, value
    if isinstance(value, list):
        return 4, tuple(_rank(item) for item in value)
    return 5, tuple(sorted((key, _rank(item)) for key, item in value.items()))


def _near(expected: float, actual: float, tolerance: float | None) -> bool:
    if tolerance is None or (isinstance(expected, int) and isinstance(actual, int)):
        return expected == actual
    try:
        return math.isclose(expected, actual, rel_tol=tolerance, abs_tol=SMALLEST)
    except OverflowError:  # an int beyond every float
        return False


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _where(at: str) -> str:
    return f"At {at}: " if at else ""


def _kind(value: Any) -> str:
    names = {bool: str(value), type(None): "None", str: "text", list: "a list", dict: "a dict"}
    return names.get(type(value)) or f"the number {_short(value)}"


def _short(value: Any) -> str:
    if isinstance(value, int) and abs(value) >= 10**60:
        return "a number of more than 60 digits"
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"
