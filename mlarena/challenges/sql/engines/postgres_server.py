"""A PostgreSQL server for challenges: throwaway databases and roles, and what sweeps them up.

Everything that is to go again carries the token of the process that made it. That process holds an
advisory lock on its token for as long as it lives, so that a sweep can tell at once what is left of
a process that was killed.
"""

from __future__ import annotations

import itertools
import queue
import secrets
import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import POLL_OK, POLL_READ, parse_dsn

from mlarena.challenges.sql.engines.ran import EngineUnavailable

PREFIX = "mlarena"
OWNER = f"{PREFIX}_owner"  # of everything in templates; nobody logs in as it
LOCKS = 0x6D6C61  # the class of our advisory locks
PATIENCE = 10.0  # seconds for a statement of our own
DROP_PATIENCE = 20.0
QUIET_PATIENCE = 5.0
MOST_GARBAGE = 60
KEEP_UNUSED = timedelta(days=30)  # templates of challenges that nobody tries


class Late(Exception):
    """The deadline passed before the server answered."""


def answers(url: str) -> str | None:
    """Why the server at `url` does not answer; None when it does."""
    try:
        psycopg2.connect(**{**parse_dsn(url), "connect_timeout": "2"}).close()
    except psycopg2.Error as error:
        return f"PostgreSQL for challenges: {_first_line(error)}"
    return None


class Server:
    """The server at `url`, whose role there may create roles and databases."""

    def __init__(self, url: str) -> None:
        self._dsn = parse_dsn(url)
        self.token = secrets.token_hex(4)
        self._numbers = itertools.count(1)
        self._using = threading.Lock()
        self._connection: Any = None
        self._garbage: queue.Queue[tuple[str, str] | None] = queue.Queue()
        self._dropper: threading.Thread | None = None
        self._quiet = threading.Condition()
        self._runs = 0
        self._closing = False

    @contextmanager
    def admin(self) -> Iterator[Any]:
        """A cursor of the server's own role, one user at a time. Raises EngineUnavailable."""
        with self._using:
            try:
                if self._connection is None or self._connection.closed:
                    self._connection = self._open_admin()
                    self._hold_token(self._connection)
                with self._connection.cursor() as cursor:
                    yield cursor
            except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
                self._forget_connection()
                raise EngineUnavailable(
                    f"PostgreSQL for challenges: {_first_line(error)}"
                ) from None

    def _open_admin(self) -> Any:
        connection = psycopg2.connect(**{"connect_timeout": "5", **self._dsn})
        connection.autocommit = True
        return connection

    def _hold_token(self, connection: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock_shared(%s, %s)", (LOCKS, _key(self.token)))

    def _forget_connection(self) -> None:
        with suppress(psycopg2.Error):
            if self._connection is not None:
                self._connection.close()
        self._connection = None

    def name(self, kind: str) -> str:
        """A new name for something that is to go again."""
        return f"{self._start(kind)}{next(self._numbers)}"

    def make_role(self) -> tuple[str, str]:
        """A login role without any right, and its password."""
        role, password = self.name("u"), secrets.token_urlsafe(18)
        with self.admin() as cursor:
            cursor.execute(
                sql.SQL(
                    "CREATE ROLE {} LOGIN NOCREATEDB NOCREATEROLE CONNECTION LIMIT 4 PASSWORD {}"
                ).format(sql.Identifier(role), sql.Literal(password))
            )
        return role, password

    def copy(self, template: str, role: str) -> str:
        """A database like `template` that only `role` may enter.

        Raises psycopg2.errors.InvalidCatalogName when there is no such template.
        """
        name = self.name("r")
        with self.admin() as cursor:
            cursor.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )
            cursor.execute(
                sql.SQL(
                    "REVOKE ALL ON DATABASE {0} FROM PUBLIC; GRANT CONNECT ON DATABASE {0} TO {1}; "
                    "GRANT CREATE ON DATABASE {0} TO {2}"
                ).format(sql.Identifier(name), sql.Identifier(role), sql.Identifier(OWNER))
            )
        return name

    def connect(
        self, database: str, role: str, password: str, options: dict[str, str], seconds: float
    ) -> Session:
        """A session of `role`. Raises EngineUnavailable."""
        written = " ".join(f"-c {name}={value}" for name, value in options.items())
        given = {**self._dsn, "dbname": database, "user": role, "password": password}
        try:
            connection = psycopg2.connect(**given, options=written, async_=1)
            session = Session(connection)
            session.wait(time.monotonic() + seconds)
        except Late:
            raise EngineUnavailable("PostgreSQL for challenges does not answer.") from None
        except psycopg2.Error as error:
            raise EngineUnavailable(f"PostgreSQL for challenges: {_first_line(error)}") from None
        return session

    def terminate(self, pid: int) -> None:
        """End a session that does not heed its cancellation."""
        with self.admin() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", (pid,))

    def is_ours(self, name: str) -> bool:
        """Whether a database was made by this process, to go again."""
        return name.startswith((self._start("r"), self._start("b")))

    def _start(self, kind: str) -> str:
        return f"{PREFIX}_{kind}_{self.token}_"

    def begin_run(self) -> None:
        with self._quiet:
            self._runs += 1

    def end_run(self) -> None:
        with self._quiet:
            self._runs -= 1
            self._quiet.notify_all()

    def drop_later(self, databases: list[str], role: str | None = None) -> None:
        """Drop these in the background, when no run is under way: with each goes a checkpoint."""
        for database in databases:
            self._garbage.put(("database", database))
        if role is not None:
            self._garbage.put(("role", role))
        with self._quiet:
            if self._dropper is None or not self._dropper.is_alive():
                self._dropper = threading.Thread(
                    target=self._drop, name="postgres-drop", daemon=True
                )
                self._dropper.start()

    def _drop(self) -> None:
        try:
            connection = self._open_admin()
        except psycopg2.Error:
            return  # the sweep will find them
        with connection.cursor() as cursor:
            while (one := self._garbage.get()) is not None:
                self._wait_until_quiet()
                with suppress(psycopg2.Error):
                    drop(cursor, *one)
        connection.close()

    def _wait_until_quiet(self) -> None:
        with self._quiet:
            self._quiet.wait_for(
                lambda: self._closing or not self._runs or self._garbage.qsize() > MOST_GARBAGE,
                QUIET_PATIENCE,
            )

    def sweep(self) -> int:
        """Drop what processes that are gone have left; returns how many things that were."""
        found = 0
        with self.admin() as cursor:
            for kind, name in _leftovers(cursor):
                token = name.split("_")[2]
                if token != self.token and _is_gone(cursor, token):
                    drop(cursor, kind, name)
                    found += 1
            for name in _unused_templates(cursor):
                drop(cursor, "database", name)
                found += 1
        return found

    def close(self) -> None:
        """Wait for what is being dropped, and leave."""
        with self._quiet:
            self._closing = True
            self._quiet.notify_all()
        if self._dropper is not None and self._dropper.is_alive():
            self._garbage.put(None)
            self._dropper.join(DROP_PATIENCE)
        with self._using:
            self._forget_connection()


class Session:
    """A connection that is waited for with a deadline."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    @property
    def pid(self) -> int:
        return int(self.connection.info.backend_pid)

    def ask(self, statement: str, values: tuple[Any, ...], deadline: float) -> Any:
        """A cursor with the answer. Raises Late, psycopg2.Error."""
        cursor = self.connection.cursor()
        cursor.execute(statement, values or None)
        self.wait(deadline)
        return cursor

    def wait(self, deadline: float) -> None:
        while (state := self.connection.poll()) != POLL_OK:
            left = deadline - time.monotonic()
            reading, writing = (
                ([self.connection], []) if state == POLL_READ else ([], [self.connection])
            )
            if left <= 0 or not any(select.select(reading, writing, [], left)):
                raise Late

    def cancel(self, seconds: float) -> bool:
        """Ask the server to stop what it does; whether it did."""
        with suppress(psycopg2.Error):
            self.connection.cancel()
        try:
            self.wait(time.monotonic() + seconds)
        except Late:
            return False
        except psycopg2.Error:
            return True
        return True

    def close(self) -> None:
        with suppress(psycopg2.Error):
            self.connection.close()


def drop(cursor: Any, kind: str, name: str) -> None:
    """Drop a database, whoever is in it, or a role."""
    how = (
        "DROP DATABASE IF EXISTS {} WITH (FORCE)"
        if kind == "database"
        else "DROP ROLE IF EXISTS {}"
    )
    cursor.execute(sql.SQL(how).format(sql.Identifier(name)))


def _leftovers(cursor: Any) -> list[tuple[str, str]]:
    """Databases first: a role goes only when nothing is left that it may enter."""
    cursor.execute(
        "SELECT 'database', datname FROM pg_database WHERE datname ~ %s UNION ALL "
        "SELECT 'role', rolname FROM pg_roles WHERE rolname ~ %s ORDER BY 1, 2",
        (f"^{PREFIX}_[rb]_[0-9a-f]{{8}}_", f"^{PREFIX}_u_[0-9a-f]{{8}}_"),
    )
    found: list[tuple[str, str]] = cursor.fetchall()
    return found


def _unused_templates(cursor: Any) -> list[str]:
    """Templates that no run has asked for in a long time; one that is asked for again is made again."""
    cursor.execute(
        "SELECT datname FROM pg_database WHERE datname LIKE %s AND "
        "shobj_description(oid, 'pg_database')::json ->> 'used' < %s",
        (f"{PREFIX}\\_t\\_%", str(date.today() - KEEP_UNUSED)),
    )
    return [name for (name,) in cursor.fetchall()]


def _is_gone(cursor: Any, token: str) -> bool:
    """Whether nobody holds the token: its process has ended."""
    cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", (LOCKS, _key(token)))
    (free,) = cursor.fetchone()
    if free:
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", (LOCKS, _key(token)))
    return bool(free)


def _key(token: str) -> int:
    """The token as the signed number an advisory lock takes."""
    number = int(token, 16)
    return number - (1 << 32) if number >= 1 << 31 else number


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no answer"])[0]
