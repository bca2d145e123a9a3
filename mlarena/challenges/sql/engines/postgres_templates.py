"""Cases as template databases: built once from their scripts, copied for every run.

The cases that an attempt may see together lie in one database, each with schemas of its own: while
a case is built, and again while it is run, its schemas have the names that the scripts gave them;
otherwise they are put aside under other names (`mlarena.turn_to`).

The scripts run under a role of their own that may do nothing but fill its database. When they are
done, everything in it is given to a role that nobody logs in as, and reading is granted to all.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

import psycopg2
from psycopg2 import errors, sql

from mlarena.challenges.sql.engines.postgres_server import OWNER, PREFIX, Late, Server, Session
from mlarena.challenges.sql.engines.ran import (
    BUILD_SECONDS,
    BuildFailed,
    BuildLate,
    Built,
    EngineUnavailable,
)

VERSION = 1  # of what the files of postgres_sql/ put into a template
CONNECT_SECONDS = 5.0
SETTINGS = {
    "timezone": "UTC",
    "datestyle": "ISO",
    "client_encoding": "UTF8",
    "client_min_messages": "error",
    "jit": "off",
    "statement_timeout": f"{BUILD_SECONDS * 1000:.0f}",
}
LOCALES = ("LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'", "LC_COLLATE 'C' LC_CTYPE 'C'")

Scripts = Sequence[str]
Cases = Sequence[Scripts]


class Templates:
    """The templates on `server`."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._noted: dict[str, str] = {}

    def name_of(self, cases: Cases) -> str:
        """The name of the template of these cases; the same scripts have the same template."""
        text = json.dumps([VERSION, [list(scripts) for scripts in cases]])
        return f"{PREFIX}_t_{hashlib.sha256(text.encode()).hexdigest()[:32]}"

    def ensure(self, cases: Cases) -> str:
        """Make the template of cases that were built before, if it is not there. Its name."""
        name = self.name_of(cases)
        if any(isinstance(one, BuildFailed) for one in self.build(cases, name)):
            raise EngineUnavailable("A case could not be built again.")
        return name

    def build(self, cases: Cases, name: str, reverse: bool = False) -> list[Built | BuildFailed]:
        """The database `name` with these cases; there is none when one of them fails."""
        about = self._find(name)
        if about is None:
            built = self._make(name, cases, reverse)
            if any(isinstance(one, BuildFailed) for one in built):
                return [one if isinstance(one, BuildFailed) else _built(*one) for one in built]
            about = {"cases": [one[1] for one in built if not isinstance(one, BuildFailed)]}
        return [_built(scripts, told) for scripts, told in zip(cases, about["cases"], strict=True)]

    def note_use(self, name: str) -> None:
        """Write down, once a day, that a template is used: the sweep drops those that are not."""
        today = str(date.today())
        if self._noted.get(name) == today or self._server.is_ours(name):
            return
        found = self._find(name)
        if found is not None and found["used"] != today:
            with self._server.admin() as cursor:
                _comment(cursor, name, {**found, "used": today})
        self._noted[name] = today

    def _find(self, name: str) -> dict[str, Any] | None:
        """What the comment on a finished template says."""
        with self._server.admin() as cursor:
            cursor.execute(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
                (name,),
            )
            row = cursor.fetchone()
        if row is None or row[0] is None:
            return None
        found: dict[str, Any] = json.loads(row[0])
        return found

    def _make(
        self, name: str, cases: Cases, reverse: bool
    ) -> list[tuple[Scripts, dict[str, Any]] | BuildFailed]:
        """Each case's scripts and what is in it, or why it failed."""
        role, password = self._server.make_role()
        database = self._server.name("b")
        left = [database]
        try:
            self._create(database, role)
            session = self._server.connect(database, role, password, SETTINGS, CONNECT_SECONDS)
            try:
                built = _Filling(session, reverse).fill(cases)
                told = [one[1] for one in built if not isinstance(one, BuildFailed)]
                if len(told) == len(built):
                    self._disown(database, session)
                    session.close()
                    self._finish(database, name, told)
                    left = []
            finally:
                session.close()
        except errors.DuplicateDatabase:
            pass  # somebody else was quicker
        finally:
            self._server.drop_later(left, role)
        return built

    def _create(self, database: str, role: str) -> None:
        with self._server.admin() as cursor:
            with suppress(errors.DuplicateObject):
                cursor.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(OWNER)))
            cursor.execute(
                sql.SQL(
                    "GRANT {0} TO CURRENT_USER; GRANT {1} TO CURRENT_USER; GRANT {1} TO {0}"
                ).format(sql.Identifier(role), sql.Identifier(OWNER))
            )
            for locale in LOCALES:
                with suppress(errors.WrongObjectType, errors.InvalidParameterValue):
                    cursor.execute(
                        sql.SQL(
                            "CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8' {}"
                        ).format(sql.Identifier(database), sql.Identifier(role), sql.SQL(locale))
                    )
                    return
        raise EngineUnavailable("PostgreSQL for challenges has no UTF-8 locale.")

    def _disown(self, database: str, session: Session) -> None:
        """What the scripts have made belongs to nobody who could change it."""
        with self._server.admin() as cursor:
            cursor.execute(
                sql.SQL(
                    "ALTER DATABASE {0} OWNER TO CURRENT_USER; GRANT CREATE ON DATABASE {0} TO {1}"
                ).format(sql.Identifier(database), sql.Identifier(OWNER))
            )
        session.ask(f"REASSIGN OWNED BY CURRENT_USER TO {OWNER}", (), time.monotonic() + 5)

    def _finish(self, database: str, name: str, told: list[dict[str, Any]]) -> None:
        """Give the finished database its name. Raises DuplicateDatabase when it is taken."""
        with self._server.admin() as cursor:
            cursor.execute(
                sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC, {}").format(
                    sql.Identifier(database), sql.Identifier(OWNER)
                )
            )
            _comment(cursor, database, {"cases": told, "used": str(date.today())})
            cursor.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                    sql.Identifier(database), sql.Identifier(name)
                )
            )


class _Filling:
    """The scripts of the cases, run one case after the other in one database."""

    def __init__(self, session: Session, reverse: bool) -> None:
        self._session, self._reverse = session, reverse

    def fill(self, cases: Cases) -> list[tuple[Scripts, dict[str, Any]] | BuildFailed]:
        built: list[tuple[Scripts, dict[str, Any]] | BuildFailed] = []
        self._ours("begin.sql")
        for place, scripts in enumerate(cases):
            try:
                built.append((scripts, self._case(place, scripts)))
            except BuildFailed as failed:
                built.append(failed)
                self._statement("ROLLBACK")
                self._statement("DISCARD ALL")
                self._statement("SELECT mlarena.drop_case()")
                if isinstance(failed, BuildLate):
                    built += [failed] * (len(cases) - len(built))
                    break
        self._ours("finish.sql")
        return built

    def _case(self, place: int, scripts: Scripts) -> dict[str, Any]:
        deadline = time.monotonic() + BUILD_SECONDS
        for number, script in enumerate(scripts):
            if script.strip():
                self._script(script, number, deadline)
        try:
            self._statement("COMMIT")  # should a script have left a transaction open
            (path,) = self._statement("SHOW search_path")
            self._statement("DISCARD ALL")
            if self._reverse:
                self._statement("SELECT mlarena.reverse_rows()")
            (tables,) = self._statement("SELECT mlarena.tables()")
            self._statement(f"SELECT mlarena.put_aside({place})")
        except (Late, psycopg2.Error) as error:
            raise BuildFailed(f"The database cannot be finished: {error}") from None
        return {"search_path": path, "tables": tables or []}

    def _script(self, script: str, number: int, deadline: float) -> None:
        try:
            self._session.ask(script, (), deadline)
        except Late:
            self._session.cancel(1)
            raise BuildLate(
                f"The script takes longer than {BUILD_SECONDS:g} seconds.", number
            ) from None
        except psycopg2.Error as error:
            raise BuildFailed(_where(error, script), number) from None

    def _statement(self, text: str) -> Any:
        cursor = self._session.ask(text, (), time.monotonic() + BUILD_SECONDS)
        return cursor.fetchone() if cursor.description else None

    def _ours(self, name: str) -> None:
        self._statement(_statements(name))


@cache
def _statements(name: str) -> str:
    return resources.files(__package__).joinpath("postgres_sql", name).read_text("utf-8")


def _built(scripts: Scripts, told: dict[str, Any]) -> Built:
    image = {"scripts": list(scripts), "search_path": told["search_path"]}
    return Built(json.dumps(image).encode(), {"tables": told["tables"], "problems": []})


def _comment(cursor: Any, database: str, found: dict[str, Any]) -> None:
    cursor.execute(
        sql.SQL("COMMENT ON DATABASE {} IS {}").format(
            sql.Identifier(database), sql.Literal(json.dumps(found))
        )
    )


def _where(error: psycopg2.Error, script: str) -> str:
    """The server's message, and the line it is about."""
    message = str(error.diag.message_primary or error).strip()
    position = error.diag.statement_position
    if position is None:
        return message
    line = script.count("\n", 0, int(position) - 1)
    said = script.split("\n")[line].strip()
    return f"{message}\nline {line + 1}: {said[:120]}"
