"""SQLite and DuckDB: in the jail, which gets the query and the images and nothing else.

The cases of one call share a child, one after the other, each opened afresh; a case that ends the
child, or its patience, is its own loss: the next ones go on in another child.
"""

from __future__ import annotations

import itertools
import json
import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from mlarena.challenges.sql.engines.plans import plan_of_duckdb, plan_of_sqlite
from mlarena.challenges.sql.engines.racing import LAPS, PATIENCE_SECONDS, Pace, race
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
    Run,
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
# Some 10 ms within a core's own caches.
YARDSTICKS = {
    "sqlite": "WITH RECURSIVE i(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM i WHERE x < 60000) "
    "SELECT sum(x * x % 7) FROM i",
    "duckdb": "SELECT sum(x * x % 7) FROM range(1500000) i(x)",
}
ENDS = {"timeout": "timeout", "cpu_limit": "timeout", "result_too_big": "too_big"}
CATEGORIES = ("error", "refused", "timeout", "memory")


class Jailed:
    """One of the two engines, in `sandbox`."""

    def __init__(self, name: str, sandbox: Sandbox) -> None:
        self._name, self._sandbox = name, sandbox
        self._pace = Pace()

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

    def race(self, query: str, images: Images, place: int, milliseconds: float) -> list[Lap] | None:
        """Query and yardstick in a child each, of which one runs at a time; their clocks are read from
        outside."""
        seconds = milliseconds / 1e3 + SLACK_SECONDS
        bundle = _bundle(images)
        request = {
            "do": "race",
            "cases": [bundle.places[place]],
            "milliseconds": milliseconds,
        }
        limits = self._limits(seconds * (LAPS + 2) + 2 * PATIENCE_SECONDS, 1 << 20)
        with ExitStack() as opened:
            yardstick, child = (
                opened.enter_context(
                    self._asked(request, [one.encode(), bundle.descriptor], limits)
                )
                for one in (YARDSTICKS[self._name], query)
            )
            try:
                return race(_Pair(yardstick, child, seconds), self._pace)
            except Ended as ended:
                _end(ended)
                return None
            except _Failed:
                return None

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


class _Pair:
    """See racing.Track."""

    def __init__(self, yardstick: Conversation, child: Conversation, seconds: float) -> None:
        self._yardstick, self._child, self._seconds = yardstick, child, seconds
        self._cores = itertools.cycle(sorted(os.sched_getaffinity(0)))
        self.turn()
        for one in (yardstick, child):  # the warm-up
            _told(one, seconds)

    def yardstick(self) -> float:
        return self._run(self._yardstick).cpu_ms

    def lap(self) -> Run:
        return self._run(self._child)

    def turn(self) -> None:
        core = next(self._cores)
        for one in (self._yardstick, self._child):
            one.stay_on(core)

    def _run(self, child: Conversation) -> Run:
        before = child.cpu_ms()
        child.go()
        told = _told(child, self._seconds)
        return Run(child.cpu_ms() - before, told["ms"], rounded(told["steps"]))


def _told(child: Conversation, seconds: float) -> dict[str, Any]:
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
