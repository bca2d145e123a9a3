"""What the forms of challenges are made of: numbers as text, JSON, lists of rows; and where a fault belongs.

Numbers are text fields: a browser's own number field sends nothing where it finds no number, and what was
typed would be lost.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from wtforms import Field, FieldList, FormField, StringField, TextAreaField
from wtforms.validators import ValidationError
from wtforms.widgets import TextArea, TextInput

from mlarena.core.errors import Malformed, Problem

# What one row of a list is called.
ROW = {"test_cases": "Case", "questions": "Question", "hints": "Hint", "choices": "Choice"}
# Fields that are called otherwise here than in what is judged.
NAMES = {"data": "script"}
ANSWERS = {"single": "choices", "multiple": "choices", "text": "accepted", "number": "number"}
STEPS = {"up": -1, "down": 1}


class Text(TextAreaField):
    """Several lines. A browser sends the line ends of a letter, not of a program."""

    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist:
            self.data = valuelist[0].replace("\r\n", "\n")


class Lines(TextAreaField):
    """A list of texts, each on a line of its own; empty lines do not count."""

    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist:
            self.data = [line.strip() for line in valuelist[0].splitlines() if line.strip()]

    def _value(self) -> str:
        return "\n".join(self.data or ())


class Typed(Field):
    """A number, shown as it was typed. With `blank` it may be left out."""

    widget = TextInput()
    wanted = ""

    def __init__(
        self, label: str, least: float, most: float, blank: bool = False, **more: Any
    ) -> None:
        super().__init__(label, **more)
        self.least, self.most, self.blank = least, most, blank

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else plain(self.data)

    def process_formdata(self, valuelist: list[str]) -> None:
        if not valuelist:
            return
        text, self.data = valuelist[0].strip(), None
        if not text and self.blank:
            return
        try:
            number = self.read(text)
        except ValueError:
            raise ValueError(self.wanted) from None
        if not self.least <= number <= self.most:
            raise ValueError(f"From {plain(self.least)} to {plain(self.most)}.")
        self.data = number

    def read(self, text: str) -> float:
        raise NotImplementedError


class Whole(Typed):
    wanted = "Write a whole number."

    def read(self, text: str) -> int:
        return int(text)


class Figure(Typed):
    wanted = "Write a number."

    def read(self, text: str) -> float:
        return float(text.replace(",", "."))


def plain(number: float) -> str:
    """As one writes it: 0.000001 rather than 1e-06, 2 rather than 2.0."""
    text = format(Decimal(repr(number)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


class Json(Text):
    """A JSON value; `value` holds it once the form is validated, unless the field is `blank`."""

    widget = TextArea()
    value: Any = None

    @property
    def blank(self) -> bool:
        return not (self.data or "").strip()

    def pre_validate(self, form: Any) -> None:
        if not self.blank:
            self.value = self._read(self.data)

    def _read(self, text: str) -> Any:
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            raise ValidationError(
                f"This is no JSON ({error.msg.lower()}). Text stands in double quotes; the other words "
                "are true, false and null."
            ) from None
        except (ValueError, RecursionError):
            raise ValidationError("This is too long a number, or nested too deeply.") from None


class Arguments(Json):
    """The arguments of a call with commas between them, as they stand in its brackets."""

    def pre_validate(self, form: Any) -> None:
        self.value = self._read(f"[{self.data or ''}]")


class Rows(FieldList):
    """A list of rows that can be added to, taken from and put into another order.

    `new` is what a new row begins with; with `skips_blank`, a row without any text is none. `told` is what is
    wrong with the list as a whole.
    """

    def __init__(
        self,
        unbound: Any,
        label: str,
        most: int,
        new: dict[str, Any] | None = None,
        skips_blank: bool = False,
        **more: Any,
    ) -> None:
        # More than may be saved: what is too much is refused in words, and not cut off.
        super().__init__(unbound, label, max_entries=2 * most, **more)
        self.most, self.new, self.skips_blank = most, new or {}, skips_blank
        self.told: list[str] = []

    def _extract_indices(self, prefix: str, formdata: Any) -> Iterator[int]:
        names = (name[len(prefix) + 1 :] for name in formdata if name.startswith(f"{prefix}-"))
        numbers = (name.partition("-")[0] for name in names)
        return (int(one) for one in numbers if one.isascii() and one.isdigit() and len(one) < 6)

    def counted(self) -> list[Any]:
        """The rows that say something."""
        if not self.skips_blank:
            return list(self.entries)
        return [
            row
            for row in self.entries
            if any(isinstance(one, StringField) and (one.data or "").strip() for one in row.form)
        ]

    def add(self) -> Any:
        """One more row; None where there are enough."""
        return self.append_entry(self.new) if len(self.entries) < self.most else None

    def move(self, place: int, by: int) -> Any:
        """The row, at its new place."""
        row = self.entries.pop(place)
        self.entries.insert(max(0, min(place + by, len(self.entries))), row)
        self._compact_indices()
        return row


@dataclass(frozen=True)
class Fault:
    """Something wrong: the id of the element it stands at, what that is called, and the words."""

    id: str
    label: str
    words: str


class Faulty:
    """A form of fields and rows that knows where a problem's words belong."""

    _fields: dict[str, Any]
    form_errors: list[str]

    def show(self, problem: Problem) -> None:
        """Put the problem's words at their fields; what has none goes above the form."""
        for name, words in problem.errors.items():
            _tell(self._find(name), words)
        if not problem.errors:
            self.form_errors.append(problem.message)

    def _find(self, name: str) -> Any:
        """The field that checks call `test_cases.0.data`, or what holds it."""
        here: Any = self
        for step in name.removeprefix("limits.").split("."):
            below = _below(here, step, counted=True)
            if below is None:
                break
            here = below
        return here

    def faults(self) -> list[Fault]:
        """Everything that is wrong, from above to below."""
        own = [Fault("main", "", words) for words in self.form_errors]
        return [*own, *_faults(self._fields.values(), "")]

    def arrange(self, do: str) -> str:
        """Change rows: `add:questions-1-choices`, `remove:test_cases-2`, `up:…`, `down:…`.

        Returns the id of what to look at next. Raises Malformed.
        """
        act, _, path = do.partition(":")
        *above, last = path.split("-")
        if act == "add":
            rows = self._at([*above, last])
            if isinstance(rows, Rows):
                row = rows.add()
                if row is None:
                    rows.told.append(f"There are {rows.most}, and no more are possible.")
                return row.id if row else rows.id
        rows = self._at(above)
        if isinstance(rows, Rows) and last.isdecimal() and int(last) < len(rows.entries):
            place = int(last)
            if act in STEPS:
                return str(rows.move(place, STEPS[act]).id)
            if act == "remove":
                rows.pop_entry(place)
                return (
                    rows.entries[min(place, len(rows.entries) - 1)].id if rows.entries else rows.id
                )
        raise Malformed("There is no such row. Reload the page and try again.")

    def _at(self, steps: list[str]) -> Any:
        here: Any = self
        for step in steps:
            here = _below(here, step)
        return here


def _below(here: Any, step: str, counted: bool = False) -> Any:
    """The field or row `step` of a form, a row or a list; None where there is none."""
    if isinstance(here, Rows):
        rows = here.counted() if counted else here.entries
        return rows[int(step)] if step.isdecimal() and int(step) < len(rows) else None
    fields = getattr(here.form if isinstance(here, FormField) else here, "_fields", {})
    if step == "answer" and "kind" in fields:
        step = ANSWERS.get(fields["kind"].data, "kind")
    return fields.get(NAMES.get(step, step))


def _tell(place: Any, words: list[str]) -> None:
    if isinstance(place, Rows):
        place.told.extend(words)
    elif isinstance(place, FormField):
        place.form.form_errors.extend(words)
    elif isinstance(place, Field):
        place.errors = [*place.errors, *words]
    else:
        place.form_errors.extend(words)


def _faults(fields: Any, within: str) -> Iterator[Fault]:
    for field in fields:
        label = f"{within}{field.label.text}"
        if not isinstance(field, Rows):
            yield from (Fault(field.id, label, words) for words in field.errors)
            continue
        yield from (Fault(field.id, label, words) for words in field.told)
        for number, row in enumerate(field.entries, 1):
            name = f"{within}{ROW[field.short_name]} {number}"
            yield from (Fault(row.id, name, words) for words in row.form.form_errors)
            yield from _faults(row.form, f"{name}, ")
