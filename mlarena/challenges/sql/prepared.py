"""A challenge version made ready for attempts: built once when it is saved, read by every attempt.

As bytes it is a header in JSON and compressed pieces behind it, each unpacked when it is first
needed: a mere run never unpacks the hidden cases.
"""

from __future__ import annotations

import json
import struct
import threading
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from mlarena.challenges.sql.engines.ran import Images
from mlarena.challenges.sql.results import Grid
from mlarena.scoring.cells import Row
from mlarena.scoring.tables import Rule, Table

MAGIC = b"MLASQL02"
_LENGTH = struct.Struct("<I")

Group = Literal["visible", "hidden", "schema"]


class Piece:
    """Bytes that are kept compressed until somebody needs them."""

    def __init__(self, packed: bytes) -> None:
        self.packed = packed

    @classmethod
    def of(cls, data: bytes) -> Piece:
        return cls(zlib.compress(data, 1))

    def unpacked(self) -> bytes:
        return zlib.decompress(self.packed)


@dataclass
class PreparedCase:
    """One case: its image, and the solution's result on it.

    ties: sizes of the groups of rows that tie on the solution's order, None without an order.
    milliseconds: what the solution took.
    """

    id: int
    is_visible: bool
    is_benchmark: bool
    image: Piece
    result: Piece
    columns: list[str]
    ties: list[int] | None
    milliseconds: float

    @cached_property
    def expected(self) -> Table:
        rows: list[Row] = json.loads(self.result.unpacked())
        return Table(self.columns, rows)

    @cached_property
    def expected_grid(self) -> Grid:
        """The same for a page: every attempt shows it."""
        return Grid.of(self.expected)


@dataclass
class Prepared:
    """Images or templates of the cases, the solution's results and their order, its cost.

    Opaque to callers: store `to_bytes()` per challenge version, read it with `from_bytes()`, and
    keep the object for as long as attempts of that version come (it holds memory files that all of
    them share). Several threads may use it.

    solution is the solution's text, normalised_solution what an identical attempt would have.
    yardsticks is what the solution takes on the benchmark case, None where no case is one.
    schema is the image after `init` alone; tables tells what is in the first visible case.
    """

    engine: str
    type: str
    solution: str
    normalised_solution: str
    require_names: bool
    time_limit_ms: int
    yardsticks: float | None
    cases: list[PreparedCase]
    schema: Piece
    tables: list[dict[str, Any]]
    _images: dict[str, Images] = field(default_factory=dict, repr=False, compare=False)
    _making: Any = field(default_factory=threading.Lock, repr=False, compare=False)

    def of(self, group: Group) -> list[PreparedCase]:
        """The visible or the hidden cases."""
        return [case for case in self.cases if case.is_visible == (group == "visible")]

    def images(self, group: Group) -> Images:
        """The images of a group, unpacked once. No attempt ever gets two groups in one process."""
        with self._making:
            if group not in self._images:
                pieces = (
                    [self.schema] if group == "schema" else [case.image for case in self.of(group)]
                )
                self._images[group] = Images([piece.unpacked() for piece in pieces])
            return self._images[group]

    @property
    def benchmark(self) -> tuple[Group, int] | None:
        """Where the benchmark case's image is: its group, and its place in it."""
        for group in ("visible", "hidden"):
            for place, case in enumerate(self.of(group)):
                if case.is_benchmark:
                    return group, place
        return None

    def rule(self, case: PreparedCase) -> Rule:
        return Rule(ties=case.ties, names=self.require_names, loose_text=self.engine == "sqlite")

    def to_bytes(self) -> bytes:
        pieces: list[bytes] = [self.schema.packed]
        cases = []
        for case in self.cases:
            pieces += [case.image.packed, case.result.packed]
            cases.append(
                {
                    "id": case.id,
                    "is_visible": case.is_visible,
                    "is_benchmark": case.is_benchmark,
                    "columns": case.columns,
                    "ties": case.ties,
                    "milliseconds": case.milliseconds,
                }
            )
        header = {
            "engine": self.engine,
            "type": self.type,
            "solution": self.solution,
            "normalised_solution": self.normalised_solution,
            "require_names": self.require_names,
            "time_limit_ms": self.time_limit_ms,
            "yardsticks": self.yardsticks,
            "tables": self.tables,
            "cases": cases,
            "sizes": [len(piece) for piece in pieces],
        }
        text = json.dumps(header, ensure_ascii=False).encode()
        return b"".join([MAGIC, _LENGTH.pack(len(text)), text, *pieces])

    @classmethod
    def from_bytes(cls, data: bytes) -> Prepared:
        """Raises ValueError for bytes that are no prepared challenge of this release."""
        try:
            return cls._read(data)
        except (struct.error, KeyError, TypeError, json.JSONDecodeError) as error:
            raise ValueError(f"not a prepared challenge: {error}") from None

    @classmethod
    def _read(cls, data: bytes) -> Prepared:
        if not data.startswith(MAGIC):
            raise ValueError("not a prepared challenge of this release")
        (length,) = _LENGTH.unpack_from(data, len(MAGIC))
        start = len(MAGIC) + _LENGTH.size
        header = json.loads(data[start : start + length])
        pieces = iter(_cut(data, start + length, header.pop("sizes")))
        cases = header.pop("cases")
        return cls(
            schema=next(pieces),
            cases=[
                PreparedCase(**case, image=image, result=result)
                for case, image, result in zip(cases, pieces, pieces, strict=True)
            ],
            **header,
        )


def _cut(data: bytes, start: int, sizes: Sequence[int]) -> list[Piece]:
    if start + sum(sizes) != len(data):
        raise ValueError("not a prepared challenge: it has another length than it says")
    pieces = []
    for size in sizes:
        pieces.append(Piece(data[start : start + size]))
        start += size
    return pieces
