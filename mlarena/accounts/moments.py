"""Times in forms: typed on somebody's own clocks, kept as moments."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from wtforms import DateTimeLocalField

from mlarena.core.errors import Invalid
from mlarena.scoring.deadlines import from_wall, wall

MINUTES = "%Y-%m-%dT%H:%M"


def when(label: str, *more: Any) -> DateTimeLocalField:
    return DateTimeLocalField(label, list(more), format=[MINUTES, "%Y-%m-%dT%H:%M:%S"])


def moment(field: Any, zone: str, known: datetime | None = None) -> datetime | None:
    """What was typed on the clocks of `zone`, in UTC; None for nothing. A time that was not touched stays
    what it was to the second. Raises Invalid for an hour that there is not."""
    typed: datetime | None = field.data
    if typed is None:
        return None
    if known is not None and wall(known, zone).replace(second=0, microsecond=0) == typed:
        return known
    try:
        return from_wall(typed, zone)
    except (ValueError, OverflowError) as wrong:
        raise Invalid.field(field.name, str(wrong)) from None


def moments(form: Any, names: Iterable[str], zone: str, known: Any = None) -> dict[str, Any]:
    """`moment` of several fields; `known` has the times of now. Raises Invalid naming each at fault."""
    found: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for name in names:
        try:
            found[name] = moment(form[name], zone, getattr(known, name) if known else None)
        except Invalid as wrong:
            errors |= wrong.errors
    if errors:
        raise Invalid("Some of the values are not right.", errors)
    return found


def show_moments(form: Any, names: Iterable[str], zone: str, known: Any) -> None:
    """Fill the fields with what the clocks of `zone` show at the times of `known`."""
    for name in names:
        at = getattr(known, name)
        form[name].data = wall(at, zone) if at else None
