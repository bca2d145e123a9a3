"""What a coding challenge asks: a function, its solution, and the cases it is called with."""

from __future__ import annotations

import ast
import json
import keyword
import math
from functools import cached_property
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from mlarena.challenges.contents.base import MOST_CASES, CaseIn, Content, Fault
from mlarena.core.api import Strict
from mlarena.scoring.values import Comparison

LONGEST_CODE = 64 * 1024  # bytes of UTF-8
LARGEST_CASE = 256 * 1024  # bytes of JSON

Code = Annotated[str, Field(max_length=LONGEST_CODE)]


class Limits(Strict):
    """What one case may use."""

    wall_seconds: float = Field(2.0, ge=0.1, le=10)
    memory_mb: int = Field(256, ge=32, le=1024)


class CodingCase(CaseIn):
    """One call. Without `expected` it is what the solution returns."""

    args: list[Any]
    expected: Any = None

    @model_validator(mode="after")
    def _is_plain_json(self) -> CodingCase:
        if not _finite(self.args) or not _finite(self.expected):
            raise ValueError("NaN and infinity are no JSON values.")
        if len(json.dumps([self.args, self.expected])) > LARGEST_CASE:
            raise ValueError(f"A case may have {LARGEST_CASE >> 10} KiB.")
        return self

    @property
    def has_expected(self) -> bool:
        return "expected" in self.model_fields_set

    def kept(self) -> dict[str, Any]:
        given: dict[str, Any] = {"args": self.args}
        if self.has_expected:
            given["expected"] = self.expected
        return given | {"name": self.name} if self.name else given


class CodingContent(Content):
    """`signature` is written as Python has it, `add(a: int, b: int) -> int`; left out, the solution's."""

    function: str = Field(min_length=1, max_length=64)
    signature: str = Field("", max_length=500)
    solution: Code
    starter_code: Code = ""
    comparison: Comparison = "float"
    tolerance: float = Field(1e-6, gt=0, le=1)
    limits: Limits = Limits()
    test_cases: list[CodingCase] = Field(min_length=1, max_length=MOST_CASES)

    @field_validator("function")
    @classmethod
    def _is_a_name(cls, name: str) -> str:
        if not name.isidentifier() or keyword.iskeyword(name) or not name.isascii():
            raise ValueError("The name of a Python function: letters, digits and underscores.")
        return name

    @field_validator("solution")
    @classmethod
    def _says_something(cls, code: str) -> str:
        if not code.strip():
            raise ValueError("Write the function that solves it; it is run on every case.")
        return code

    @model_validator(mode="after")
    def _hangs_together(self) -> CodingContent:
        least, most = _arity(self.called)
        for number, case in enumerate(self.test_cases):
            if not least <= len(case.args) <= most:
                raise Fault(
                    f"test_cases.{number}.args",
                    f"Case {number + 1} calls {self.function} with {len(case.args)} arguments; "
                    f"its signature is {self.called}.",
                )
        return self

    @cached_property
    def called(self) -> str:
        """The signature in one form."""
        return _signature(self.signature, self.function, self.solution)

    @property
    def starter(self) -> str:
        """What the editor begins with."""
        return self.starter_code or f"def {self.called}:\n    pass\n"


def _signature(text: str, function: str, solution: str) -> str:
    """`text` in one form, or the solution's own where there is none. Raises Fault."""
    written = text.strip().removeprefix("def ").strip().rstrip(":").strip()
    if written.startswith("("):
        written = function + written
    definition = _definition(f"def {written}: ..." if written else solution, function)
    if definition is None:
        if written:
            raise Fault(
                "signature",
                f"The signature is written like `{function}(a: int, b: list[float]) -> float`.",
            )
        raise Fault("solution", f"The solution defines no function `{function}`.")
    returns = f" -> {ast.unparse(definition.returns)}" if definition.returns else ""
    return f"{function}({ast.unparse(definition.args)}){returns}"


def _definition(source: str, name: str) -> ast.FunctionDef | None:
    """The function of that name at the top of `source`. It is an instructor's; only parsed, never run."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
    return found[-1] if found else None


def _arity(signature: str) -> tuple[int, float]:
    """The least and the most arguments that can be given by position."""
    definition = _definition(f"def {signature}: ...", signature.partition("(")[0])
    assert definition is not None  # noqa: S101 – just written by _signature
    given = definition.args
    named = len(given.posonlyargs) + len(given.args)
    return named - len(given.defaults), math.inf if given.vararg else named


def _finite(value: Any) -> bool:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, float) and not math.isfinite(one):
            return False
        if isinstance(one, list):
            waiting.extend(one)
        elif isinstance(one, dict):
            waiting.extend(one.values())
    return True
