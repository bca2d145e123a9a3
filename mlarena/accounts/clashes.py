"""Two people at the same form: who saves second is told, and shown where the two differ."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import request
from wtforms import FieldList, FormField, HiddenField, SelectField

from mlarena.core.errors import Conflict
from mlarena.scoring.texts import TextChange, text_change

MEANWHILE = "Somebody else has saved this meanwhile. Nothing of yours is saved yet."
# Fields that say nothing of what is written.
OURS = ("read", "csrf_token", "submit")


class Reread:
    """A form that knows what its writer began with: `read` names it."""

    read = HiddenField()

    def begun(self, *besides: Text) -> Any:
        """The form as it goes out, filled with what is saved."""
        self.read.data = stamp(self, besides)
        return self


@dataclass(frozen=True)
class Text:
    """One field in words. `id` is where it stands in the page."""

    id: str
    label: str
    text: str


@dataclass(frozen=True)
class Difference:
    """One field: what is saved (theirs) and what was typed (yours); `lines` where it has several."""

    id: str
    label: str
    theirs: str
    yours: str
    lines: TextChange | None


class Clash(Conflict):
    """Raised for who saves second. `over` names the state that they have been shown now."""

    def __init__(self, over: str, differences: list[Difference]) -> None:
        super().__init__(MEANWHILE)
        self.over, self.differences = over, differences


def require_read(
    saved: Any, typed: Any, besides: tuple[Iterable[Text], Iterable[Text]] = ((), ())
) -> None:
    """Raises Clash unless `typed` was begun with what `saved`, the form of what is there, says now, or its
    writer has seen that and writes over it. `besides`: what stands beside the fields of the two. Who
    says nothing of what they have read (a script) is not asked."""
    now = stamp(saved, besides[0])
    read = request.form.get("over") or typed.read.data
    if read and read != now:
        raise Clash(now, differences(saved, typed, besides))


def stamp(form: Any, besides: Iterable[Text] = ()) -> str:
    """Names what the form says."""
    said = [(one.label, one.text) for one in [*_texts(form), *besides]]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


def differences(
    saved: Any, typed: Any, besides: tuple[Iterable[Text], Iterable[Text]] = ((), ())
) -> list[Difference]:
    """Field by field, from what is saved now to what was typed."""
    theirs, yours = [*_texts(saved), *besides[0]], [*_texts(typed), *besides[1]]
    return [
        Difference(old.id, old.label, old.text, new.text, _lines(old.text, new.text))
        for old, new in zip(theirs, yours, strict=True)
        if old.text != new.text
    ]


def _lines(theirs: str, yours: str) -> TextChange | None:
    return text_change(theirs, yours) if "\n" in theirs + yours else None


def _texts(form: Any) -> list[Text]:
    return [
        Text(field.id, field.label.text, _text(field))
        for field in form
        if field.short_name not in OURS
    ]


def _text(field: Any) -> str:
    if isinstance(field, FieldList):
        rows = getattr(field, "counted", lambda: field.entries)()
        return "\n".join(
            f"{number}. {line}" for number, row in enumerate(rows, 1) for line in _row(row)
        )
    value = field.data
    if value is None or value == "":
        return ""
    if isinstance(field, SelectField):
        chosen = [str(choice[1]) for choice in field.iter_choices() if choice[2]]
        return ", ".join(chosen)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%d %b %Y, %H:%M}"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return "\n".join(str(one) for one in value)
    return str(value).replace("\r\n", "\n").strip()


def _row(row: Any) -> list[str]:
    """A row of a list, a line for each of its fields that says something; those of a text are indented."""
    inner = row.form if isinstance(row, FormField) else [row]
    said = [(field.label.text, _text(field)) for field in inner if field.short_name not in OURS]
    return [f"{label}: {text}".replace("\n", "\n   ") for label, text in said if text]
