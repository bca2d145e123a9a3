"""SQLite and DuckDB: in the jail, which gets the query and the images and nothing else.

The cases of one call share a child, one after the other, each opened afresh; a case that ends the
child, or its patience, is its own loss: the next ones go on in another child.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from mlarena.challenges.sql.engines.plans import plan_of_duckdb, plan_of_sqlite
from mlarena.challenges.sql.engines.ran import (
    BUILD_SECONDS,
    MOST_BYTES,
    MOST_ROWS,
    BuildFailed,
    BuildLate,
    Built,
    EngineUnavailable,
    Failure,
    Images,
    Lap,
    PlanFailed,
    Ran,
    rounded,
)
from mlarena.challenges.sql.results import PlanNode
from mlarena.sandbox import Conversation, Ended, Limits, Refused, Sandbox, frames
from mlarena.sandbox.evaluation import read_only
from mlarena.scoring.cells import is_cell
from mlarena.scoring.tables import Table

KINDS = {"sqlite": "sql", "duckdb": "duckdb"}
MEMORY_MB = {"sqlite": 256, "duckdb": 640}
# To open an image and to send a result, beside the query's own time, which the child keeps itself.
SLACK_SECONDS = 1.0
MOST_IMAGE = 64 << 20
MOST_COLUMNS = 2000
# Of a race on a machine with much else to do: so many laps at most, and so long after those that are due.
MOST_LAPS = 35
MORE_SECONDS = 3.0
AGREE = 1.01
ENDS = {"timeout": "timeout", "cpu_limit": "timeout", "result_too_big": "too_big"}
CATEGORIES = ("error", "refused", "timeout", "memory")


class Jailed:
    """One of the two engines, in `sandbox`."""

    def __init__(self, name: str, sandbox: Sandbox) -> None:
        self._name, self._sandbox = name, sandbox

    def missing(self) -> str | None:
        """Why it cannot be used here."""
        reason = self._sandbox.refuses
        return f"{reason}" if reason else None

    def build(
        self, cases: Sequence[Sequence[str]], reverse: bool = False
    ) -> list[Built | BuildFailed]:
        found: list[Built | BuildFailed] = []
        for scripts in cases:
            try:
                found.append(self._build(scripts, reverse))
            except BuildLate as late:
                return found + [late] * (len(cases) - len(found))
            except BuildFailed as failed:
                found.append(failed)
        return found

    def _build(self, scripts: Sequence[str], reverse: bool) -> Built:
        limits = self._limits(BUILD_SECONDS, MOST_IMAGE)
        request = {"do": "build", "reverse": reverse}
        with self._asked(request, [json.dumps(list(scripts)).encode()], limits) as asked:
            try:
                told = _json(asked.next(BUILD_SECONDS)[1])
                if "error" in told:
                    raise _build_failed(told)
                tag, image = asked.next(BUILD_SECONDS)
            except Ended as ended:
                raise self._build_ended(ended) from None
        if tag != b"BLOB" or not isinstance(told.get("about"), dict):
            raise BuildFailed("The script broke the engine.")
        return Built(image, told["about"])

    def _build_ended(self, ended: Ended) -> Exception:
        if ended.status == "zygote_died":
            return EngineUnavailable("The judge stopped while a case was built; try again.")
        if ended.status in ("timeout", "cpu_limit"):
            return BuildLate(f"The script takes longer than {BUILD_SECONDS:g} seconds.")
        if ended.status == "result_too_big":
            return BuildFailed(f"The database is larger than {MOST_IMAGE >> 20} MB.")
        return BuildFailed("The script broke the engine.")

    def run(
        self,
        query: str,
        images: Images,
        wanted: Sequence[int],
        milliseconds: float,
        told: Callable[[int, Ran], bool],
    ) -> None:
        left = list(wanted)
        while left:
            done, go_on = self._run_some(query, images, left, milliseconds, told)
            if not go_on:
                return
            left = left[done:]

    def _run_some(
        self,
        query: str,
        images: Images,
        wanted: Sequence[int],
        milliseconds: float,
        told: Callable[[int, Ran], bool],
    ) -> tuple[int, bool]:
        """As many cases as one child lives to do, at least one; and whether to go on."""
        seconds = milliseconds / 1e3 + SLACK_SECONDS
        bundle = _bundle(images)
        request = {
            "do": "query",
            "cases": [bundle.places[number] for number in wanted],
            "milliseconds": milliseconds,
            "most_rows": MOST_ROWS,
            "most_bytes": MOST_BYTES,
        }
        limits = self._limits(seconds * len(wanted), 2 * MOST_BYTES)
        with self._asked(request, [query.encode(), bundle.descriptor], limits) as asked:
            for done, number in enumerate(wanted, 1):
                try:
                    ran = _ran(asked.next(seconds)[1])
                except Ended as ended:
                    return done, told(number, Ran(failure=_end(ended)))
                if not told(number, ran):
                    return done, False
        return len(wanted), True

    def race(
        self, queries: Sequence[str], images: Images, place: int, laps: int, milliseconds: float
    ) -> list[list[Lap]] | None:
        """Each query in a child of its own; one runs at a time, and its clock is read from outside.

        Processor time, too, is longer where others have emptied the caches. While the two least laps of a
        query differ, there are more of them, within bounds.
        """
        seconds = milliseconds / 1e3 + SLACK_SECONDS
        bundle = _bundle(images)
        request = {
            "do": "race",
            "cases": [bundle.places[place]],
            "milliseconds": milliseconds,
        }
        limits = self._limits(seconds * (laps + 2) + MORE_SECONDS, 1 << 20)
        found: list[list[Lap]] = [[] for _ in queries]
        with ExitStack() as opened:
            children = [
                opened.enter_context(
                    self._asked(request, [query.encode(), bundle.descriptor], limits)
                )
                for query in queries
            ]
            try:
                for child in children:  # the warm-up
                    _lap(child, seconds)
                until = float("inf")
                for lap in range(MOST_LAPS):
                    if lap == laps:
                        # Of one query alone nobody wants to know that well.
                        until = time.monotonic() + (MORE_SECONDS if len(queries) > 1 else 0)
                    if lap >= laps and (settled(found) or time.monotonic() > until):
                        break
                    for child, mine in zip(children, found, strict=True):
                        before = child.cpu_ms()
                        child.go()
                        told = _lap(child, seconds)
                        mine.append(
                            Lap(child.cpu_ms() - before, told["ms"], rounded(told["steps"]))
                        )
            except Ended as ended:
                _end(ended)
                return None
            except _Failed:
                return None
        return found

    def plan(self, query: str, images: Images, place: int) -> PlanNode:
        bundle = _bundle(images)
        request = {"do": "plan", "cases": [bundle.places[place]]}
        limits = self._limits(SLACK_SECONDS, 1 << 20)
        with self._asked(request, [query.encode(), bundle.descriptor], limits) as asked:
            try:
                told = _json(asked.next(SLACK_SECONDS)[1])
            except Ended as ended:
                _end(ended)
                raise PlanFailed("The engine gives no plan for this query.") from None
        if "error" in told:
            raise PlanFailed(str(told.get("message", "")))
        reader = plan_of_sqlite if self._name == "sqlite" else plan_of_duckdb
        return reader(told.get("plan"))

    def release(self, images: Images) -> None:
        images.shared.clear()

    def _limits(self, seconds: float, result_bytes: int) -> Limits:
        return Limits(
            memory_mb=MEMORY_MB[self._name], wall_seconds=seconds, result_bytes=result_bytes
        )

    @contextmanager
    def _asked(
        self, request: dict[str, Any], inputs: Sequence[bytes | int], limits: Limits
    ) -> Iterator[Conversation]:
        """A child with the request; bytes are given as memory files."""
        with ExitStack() as opened:
            descriptors = []
            for given in inputs:
                if isinstance(given, int):
                    descriptors.append(given)
                else:
                    descriptors.append(read_only(given))
                    opened.callback(os.close, descriptors[-1])
            try:
                child = self._sandbox.converse(KINDS[self._name], request, descriptors, limits)
            except Refused as refused:
                raise EngineUnavailable(str(refused)) from None
            except Ended as ended:
                raise EngineUnavailable(f"The jail does not answer ({ended.status}).") from None
            yield opened.enter_context(child)


class _Bundle:
    """Images one behind the other in one memory file, made once and shared by every attempt."""

    def __init__(self, images: Sequence[bytes]) -> None:
        self.places: list[tuple[int, int]] = []
        offset = 0
        for image in images:
            self.places.append((offset, len(image)))
            offset += len(image)
        self.descriptor = read_only(b"".join(images))

    def __del__(self) -> None:
        os.close(self.descriptor)


def _bundle(images: Images) -> _Bundle:
    found = images.shared.get("bundle")
    if found is None:
        # Two threads may both make one: the later is kept, the other goes with its user.
        found = images.shared["bundle"] = _Bundle(images.images)
    assert isinstance(found, _Bundle)  # noqa: S101 - for the type checker
    return found


class _Failed(Exception):
    """A lap that gave no result."""


def settled(found: Sequence[Sequence[Lap]]) -> bool:
    """Whether of each query the two least laps say the same."""
    least = (sorted(lap.cpu_ms for lap in laps)[:2] for laps in found)
    return all(second <= AGREE * first for first, second in least)


def _lap(child: Conversation, seconds: float) -> dict[str, Any]:
    told = _json(child.next(seconds)[1])
    if "error" in told or not (_number(told.get("ms")) and type(told.get("steps")) is int):
        raise _Failed
    return told


def _json(payload: bytes) -> dict[str, Any]:
    """A piece as an object. Raises Ended for anything else."""
    try:
        value = frames.read_json(payload)
    except frames.BadFrame:
        raise Ended("bad_frame") from None
    # Half of a pair of surrogates is no text: databases and pages choke on it.
    if not isinstance(value, dict) or b"\\ud" in payload.lower():
        raise Ended("bad_frame")
    return value


def _ran(payload: bytes) -> Ran:
    """A case's result, its form checked cell by cell. Raises Ended."""
    told = _json(payload)
    if "error" in told:
        category = told["error"] if told["error"] in CATEGORIES else "error"
        return Ran(failure=Failure(category, str(told.get("message", ""))))
    columns, rows, more = told.get("columns"), told.get("rows"), told.get("more")
    milliseconds, steps = told.get("ms"), told.get("steps")
    if not (isinstance(columns, list) and isinstance(rows, list) and isinstance(more, bool)):
        raise Ended("bad_frame")
    if not (_number(milliseconds) and isinstance(steps, int) and len(columns) <= MOST_COLUMNS):
        raise Ended("bad_frame")
    if len(rows) > MOST_ROWS or not all(isinstance(name, str) for name in columns):
        raise Ended("bad_frame")
    for row in rows:
        if not (isinstance(row, list) and len(row) == len(columns) and all(map(is_cell, row))):
            raise Ended("bad_frame")
    if more and not rows:
        return Ran(failure=Failure("too_big"), milliseconds=milliseconds)
    return Ran(Table(columns, rows, more), milliseconds=milliseconds, steps=steps)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and 0 <= value < 1e9


def _end(ended: Ended) -> Failure:
    """What the end of a child means for its case. Raises EngineUnavailable when it is our fault."""
    if ended.status == "zygote_died":
        raise EngineUnavailable("The judge stopped in the middle of it; this is not your fault.")
    return Failure(ENDS.get(ended.status, "crashed"))


def _build_failed(told: dict[str, Any]) -> BuildFailed:
    where, message = str(told["error"]), str(told.get("message", ""))
    if where == "memory":
        return BuildFailed("The script needs too much memory.")
    place = where.removeprefix("script ")
    return BuildFailed(message, int(place) if place.isdigit() else None)
