"""What all kinds of content share: a strict shape, its digest, and its faults in words, by field."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import Field, ValidationError

from mlarena.core.api import Strict
from mlarena.core.errors import Invalid

MOST_CASES = 200
LARGEST_CONTENT = 4 << 20  # bytes of JSON
WRONG = "Some of the values are not right."

Weight = Annotated[int, Field(ge=1, le=1000)]

Shape = TypeVar("Shape", bound="Content")


class Fault(ValueError):
    """Something of the whole that is wrong, and the field in which it can be mended."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field = field


class Item(Strict):
    """A test case or a question: one row. Visibility and weight are columns, the rest is kept whole."""

    weight: Weight = 1

    @property
    def visible(self) -> bool:
        return True

    def kept(self) -> dict[str, Any]:
        """What its row keeps of it."""
        return self.model_dump(mode="json", exclude={"is_visible", "weight"})

    def whole(self) -> dict[str, Any]:
        return {**self.kept(), "weight": self.weight}


class CaseIn(Item):
    """A test case. Learners see the data and the name of visible ones, and of the others whether they
    passed."""

    name: str = Field("", max_length=80)
    is_visible: bool = False

    @property
    def visible(self) -> bool:
        return self.is_visible

    def kept(self) -> dict[str, Any]:
        found = super().kept()
        if not self.name:  # nothing: contents from before there were names keep their digest
            found.pop("name", None)
        return found

    def whole(self) -> dict[str, Any]:
        return {**super().whole(), "is_visible": self.is_visible}


class Content(Strict):
    """What is judged of one challenge, without the words around it. `cases_field` names its list of cases."""

    cases_field: ClassVar[str] = "test_cases"

    @property
    def items(self) -> list[Item]:
        found: list[Item] = getattr(self, self.cases_field)
        return found

    def kept(self) -> dict[str, Any]:
        """What its version keeps of it: all but the cases, which have rows."""
        return self.model_dump(mode="json", exclude={self.cases_field})

    def whole(self) -> dict[str, Any]:
        """As it may be given to `parse` again."""
        return {**self.kept(), self.cases_field: [item.whole() for item in self.items]}


def parse(shape: type[Shape], fields: dict[str, Any]) -> Shape:
    """`fields` as content of the kind; raises Invalid naming each field at fault."""
    try:
        content = shape.model_validate(fields)
    except ValidationError as error:
        faults = by_field(error)
        if "" in faults:  # what hangs together wrongly hangs on the cases
            faults.setdefault(shape.cases_field, []).extend(faults.pop(""))
        raise Invalid(WRONG, faults) from None
    if len(_canonical(content)) > LARGEST_CONTENT:
        raise Invalid(f"All in all a challenge may have {LARGEST_CONTENT >> 20} MB.")
    return content


def by_field(error: ValidationError) -> dict[str, list[str]]:
    """{"test_cases.0.args": ["…"]} out of pydantic's findings."""
    found: dict[str, list[str]] = {}
    for detail in error.errors(include_url=False, include_input=False):
        words = detail["msg"].removeprefix("Value error, ")
        if detail["type"] == "extra_forbidden":
            words = "Unknown field."
        elif detail["type"] == "missing":
            words = "This is missing."
        steps = [str(step) for step in detail["loc"]]
        fault = detail.get("ctx", {}).get("error")
        if isinstance(fault, Fault):
            steps.append(fault.field)
        name = ".".join(steps)
        found.setdefault(name, []).append(words)
    return found


def digest(content: Content) -> str:
    """Names the content: the same is not checked and prepared again."""
    return hashlib.sha256(_canonical(content)).hexdigest()


def _canonical(content: Content) -> bytes:
    return json.dumps(content.whole(), sort_keys=True).encode()
