"""PostgreSQL: every run under a login role and in a database of its own, made for it and dropped.

The cases an attempt sees together are a template database, made once of their scripts; a run gets a
copy and turns to one case after the other. The attempt is a value
given to a function that opens a cursor for it: PostgreSQL takes exactly one reading statement there,
and the rows come back measured, so that neither their number nor their size is a surprise.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psycopg2
from psycopg2 import errors

from mlarena.challenges.sql.engines.plans import plan_of_postgres
from mlarena.challenges.sql.engines.postgres_server import Late, Server, Session
from mlarena.challenges.sql.engines.postgres_templates import Templates
from mlarena.challenges.sql.engines.postgres_values import read_row, reader, split_record
from mlarena.challenges.sql.engines.racing import Pace, race
from mlarena.challenges.sql.engines.ran import (
    MOST_BYTES,
    MOST_ROWS,
    BuildFailed,
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
from mlarena.challenges.sql.spec import MOST_TIME_LIMIT_MS
from mlarena.sandbox.evaluation import processor_ms
from mlarena.scoring.tables import Table

CONNECT_SECONDS = 5.0
CANCEL_SECONDS = 0.3
PLAN_SECONDS = 2.0
# For plans that do not change from run to run, and results that read the same everywhere.
SETTINGS = {
    "default_transaction_read_only": "on",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "cursor_tuple_fraction": "1.0",
    "timezone": "UTC",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "client_encoding": "UTF8",
    "client_min_messages": "error",
    "work_mem": "16MB",
    # Should this process be killed, nobody else would stop the query.
    "statement_timeout": f"{MOST_TIME_LIMIT_MS * 5 + 5000}",
}
PLAN = "EXPLAIN (FORMAT JSON) "
YARDSTICK = "SELECT sum(x % 7 * x) FROM generate_series(1, 60000) i(x)"
MEASURED_PLAN = "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) "


class Postgres:
    """The engine on `server`."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._templates = Templates(server)
        self._pace = Pace()

    def sweep(self) -> int:
        return self._server.sweep()

    def close(self) -> None:
        self._server.close()

    def build(
        self, cases: Sequence[Sequence[str]], reverse: bool = False
    ) -> list[Built | BuildFailed]:
        if not reverse:
            return self._templates.build(cases, self._templates.name_of(cases))
        # For a check alone: it goes with the process, or as soon as the images are released.
        name = self._server.name("b")
        built = self._templates.build(cases, name, reverse=True)
        return [_placed(one, name) if isinstance(one, Built) else one for one in built]

    def run(
        self,
        query: str,
        images: Images,
        wanted: Sequence[int],
        milliseconds: float,
        told: Callable[[int, Ran], bool],
    ) -> None:
        with self._run(images) as run:
            for number in wanted:
                ran = self._ask(run, number, query, milliseconds)
                if not told(number, ran):
                    return

    def race(self, query: str, images: Images, place: int, milliseconds: float) -> list[Lap] | None:
        """Query and yardstick under a role and in a database each. On which core they run is the server's to
        say, so nothing is waited for."""
        with ExitStack() as opened:
            yardstick, own = (opened.enter_context(self._run(images)) for _ in range(2))
            try:
                track = _Pair(
                    lambda: self._lap(yardstick.session, YARDSTICK, milliseconds),
                    lambda: self._lap(own.session, query, milliseconds),
                )
                for run, one in ((yardstick, YARDSTICK), (own, query)):  # the warm-up
                    self._lap(run.turn_to(place), one, milliseconds)
                return race(track, self._pace, patience=0.0)
            except (Late, psycopg2.Error):
                return None

    def plan(self, query: str, images: Images, place: int) -> PlanNode:
        with self._run(images) as run:
            session = run.turn_to(place)
            deadline = time.monotonic() + PLAN_SECONDS
            try:
                told = _explained(session, PLAN + query, deadline)
            except Late:
                raise PlanFailed("The engine takes too long to plan this query.") from None
            except psycopg2.Error as error:
                raise PlanFailed(_words(error, len(PLAN))) from None
        return plan_of_postgres(told)

    def release(self, images: Images) -> None:
        run = images.shared.pop("run", None)
        if run is not None:
            run.close()
        template = _Group.read(images, self._templates).template
        if self._server.is_ours(template):
            self._server.drop_later([template])

    def _ask(self, run: _Run, place: int, query: str, milliseconds: float) -> Ran:
        session = run.turn_to(place)
        started = time.monotonic()
        try:
            table = _rows(session, query, started + milliseconds / 1e3)
        except Late:
            run.stop()
            return Ran(failure=Failure("timeout"))
        except psycopg2.Error as error:
            failure = _failure(error)
            run.recover()
            return Ran(failure=failure)
        return Ran(table, milliseconds=(time.monotonic() - started) * 1e3)

    def _lap(self, session: Session, query: str, milliseconds: float) -> Run:
        """One run to the end, its rows thrown away. Raises Late, psycopg2.Error."""
        deadline = time.monotonic() + milliseconds / 1e3
        before = _spent(session)
        (told,) = _explained(session, MEASURED_PLAN + query, deadline)
        after = _spent(session)
        took = float(told["Execution Time"]) + float(told["Planning Time"])
        plan = told["Plan"]
        blocks = plan.get("Shared Hit Blocks", 0) + plan.get("Shared Read Blocks", 0)
        spent = took if before is None or after is None else after - before
        return Run(spent, took, _work(blocks, _touched(plan)))

    @contextmanager
    def _run(self, images: Images) -> Iterator[_Run]:
        if images.reused:
            if "run" not in images.shared:
                images.shared["run"] = _Run(self._server, self._templates, images)
            yield images.shared["run"]
            return
        run = _Run(self._server, self._templates, images)
        try:
            yield run
        finally:
            run.close()


@dataclass(frozen=True)
class _Pair:
    """See racing.Track."""

    yardstick_run: Callable[[], Run]
    lap: Callable[[], Run]

    def yardstick(self) -> float:
        return self.yardstick_run().cpu_ms

    def turn(self) -> None:
        pass


@dataclass(frozen=True)
class _Group:
    """What images say: which template they are in together, and how to make it again."""

    template: str
    cases: list[list[str]]
    search_paths: list[str]

    @classmethod
    def read(cls, images: Images, templates: Templates) -> _Group:
        found = images.shared.get("group")
        if found is None:
            told = [json.loads(image) for image in images.images]
            cases = [one["scripts"] for one in told]
            placed = {one["template"] for one in told if "template" in one}
            template = placed.pop() if placed else templates.name_of(cases)
            found = cls(template, cases, [one["search_path"] for one in told])
            images.shared["group"] = found
        assert isinstance(found, cls)  # noqa: S101 - for the type checker
        return found


def _placed(built: Built, template: str) -> Built:
    """An image that says by itself in which database it is."""
    return Built(
        json.dumps({**json.loads(built.image), "template": template}).encode(), built.about
    )


class _Run:
    """A role and a database for one run, and the session in it."""

    def __init__(self, server: Server, templates: Templates, images: Images) -> None:
        self._server = server
        self._group = _Group.read(images, templates)
        self._databases: list[str] = []
        self._session: Session | None = None
        server.begin_run()
        self._role, self._password = server.make_role()
        try:
            self._database = self._copy(templates)
        except BaseException:
            self.close()
            raise

    def _copy(self, templates: Templates) -> str:
        """A copy of the template, which may have to be made: it was swept, or is elsewhere."""
        template = self._group.template
        try:
            database = self._server.copy(template, self._role)
        except errors.InvalidCatalogName:
            database = self._server.copy(templates.ensure(self._group.cases), self._role)
        self._databases.append(database)
        templates.note_use(template)
        return database

    @property
    def session(self) -> Session:
        """The session, opened again if the one before had to be ended."""
        if self._session is None:
            self._session = self._server.connect(
                self._database, self._role, self._password, SETTINGS, CONNECT_SECONDS
            )
        return self._session

    def turn_to(self, place: int) -> Session:
        """Bring the case of that number to the fore. Raises EngineUnavailable."""
        session = self.session
        path = self._group.search_paths[place]
        try:
            session.ask(
                # No reading transaction yet: this one changes names.
                "BEGIN READ WRITE; SELECT mlarena.turn_to(%s); COMMIT; "
                "SELECT set_config('search_path', %s, false)",
                (place, path),
                time.monotonic() + CONNECT_SECONDS,
            )
        except (Late, psycopg2.Error) as error:
            raise EngineUnavailable(f"PostgreSQL for challenges: {error}") from None
        return session

    def recover(self) -> None:
        """Leave the transaction that a failed attempt has left; or the session, if it is lost."""
        try:
            self.session.ask("ROLLBACK", (), time.monotonic() + CONNECT_SECONDS)
        except (Late, psycopg2.Error):
            self._end_session()

    def stop(self) -> None:
        """End a statement that is out of time, if need be with its session."""
        if self.session.cancel(CANCEL_SECONDS):
            self.recover()
        else:
            self._server.terminate(self.session.pid)
            self._end_session()

    def _end_session(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def close(self) -> None:
        self._end_session()
        self._server.end_run()
        self._server.drop_later(self._databases, self._role)


def _explained(session: Session, query: str, deadline: float) -> Any:
    """What EXPLAIN says. Raises Late, psycopg2.Error."""
    ((record,),) = _taken(session, query, deadline)[1]
    (text,) = split_record(record, 1)
    return json.loads(text or "")


def _rows(session: Session, query: str, deadline: float) -> Table:
    """The result of `query`. Raises Late, psycopg2.Error."""
    about, records = _taken(session, query, deadline)
    more = bool(records) and records[-1][0] is None
    readers = [reader(column.type_code) for column in about]
    rows = [read_row(record, readers) for (record,) in (records[:-1] if more else records)]
    return Table([column.name for column in about], rows, more)


def _taken(session: Session, query: str, deadline: float) -> tuple[Sequence[Any], list[tuple[Any]]]:
    """The columns of a result, and its rows as text, with NULL behind them when it was cut."""
    session.ask("BEGIN READ ONLY; SELECT mlarena.opened(%s)", (query,), deadline)
    about = session.ask("FETCH 0 FROM attempt", (), deadline).description or ()
    records = session.ask(
        "SELECT * FROM mlarena.taken(%s, %s)", (MOST_ROWS, MOST_BYTES), deadline
    ).fetchall()
    session.ask("ROLLBACK", (), deadline)
    return about, records


def _failure(error: psycopg2.Error) -> Failure:
    """What the server's error means for the attempt. Raises EngineUnavailable."""
    code = error.pgcode or ""
    if not code or code.startswith(("57P", "08", "58")) or code in ("53100", "53300"):
        raise EngineUnavailable("PostgreSQL for challenges went away in the middle of it.")
    if code == "57014":
        return Failure("timeout")
    if code == "53200":
        return Failure("memory")
    if code == "54000" and "mlarena" in str(error):
        return Failure("too_big")
    if code in ("42P11", "25006", "25001", "42501"):
        return Failure("refused", f"A query may only read the tables: {_words(error)}.")
    return Failure("error", _words(error))


def _words(error: psycopg2.Error, before: int = 0) -> str:
    """The server's message, with its hint and the place in the query (`before` it stands our own)."""
    about = error.diag
    words = str(about.message_primary or error).strip()
    with suppress(TypeError, ValueError):
        words += f" (at character {int(about.internal_position) - before})"
    if about.message_detail:
        words += f". {about.message_detail}"
    return f"{words} Hint: {about.message_hint}" if about.message_hint else words


def _spent(session: Session) -> float | None:
    """Processor time of the server's process in ms, where the server runs on this machine."""
    host = session.connection.info.host or ""
    if not host.startswith("/") and host not in ("127.0.0.1", "::1", "localhost"):
        return None
    with suppress(OSError):
        command = _command(session.pid)
        if command.startswith("postgres"):
            return processor_ms(session.pid) or None
    return None


def _command(pid: int) -> str:
    from pathlib import Path

    return Path(f"/proc/{pid}/comm").read_text()


def _work(blocks: int, rows: int) -> int:
    """One number that orders by blocks and then by rows."""
    return min(rounded(blocks), 1 << 19) * (1 << 20) + min(rounded(rows), (1 << 20) - 1)


def _touched(plan: dict[str, Any]) -> int:
    """Rows that went through the steps of a plan."""
    own = round(plan.get("Actual Rows", 0) * plan.get("Actual Loops", 1))
    return own + sum(_touched(child) for child in plan.get("Plans", ()))
