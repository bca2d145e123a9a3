"""What is in a DuckDB database that a script has built, and its rows the other way round."""

from __future__ import annotations

import contextlib
from typing import Any

import duckdb

from mlarena.sandbox.inside.query import Ended

LONGEST_START = 120


def run_script(connection: duckdb.DuckDBPyConnection, script: str, place: int) -> None:
    """Statement by statement, so that an error can say which one it was."""
    try:
        found = connection.extract_statements(script)
    except duckdb.Error as error:
        raise Ended(f"script {place}", str(error)) from None
    for statement in found:
        try:
            connection.execute(statement)
        except duckdb.Error as error:
            raise Ended(f"script {place}", f"{error}\n{_start(statement.query)}") from None


def _start(statement: str) -> str:
    text = " ".join(statement.split())
    return text if len(text) <= LONGEST_START else text[:LONGEST_START] + "…"


def about(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Tables and views with columns and keys. DuckDB enforces every key it knows by itself."""
    keys: dict[str, set[str]] = {}
    links: dict[str, list[dict[str, Any]]] = {}
    for table, kind, columns, target, references in connection.execute(
        "SELECT schema_name || '.' || table_name, constraint_type, constraint_column_names, "
        "referenced_table, referenced_column_names FROM duckdb_constraints() "
        "WHERE database_name = current_database() ORDER BY constraint_index"
    ).fetchall():
        if kind == "PRIMARY KEY":
            keys[table] = set(columns)
        elif kind == "FOREIGN KEY":
            link = {"columns": columns, "table": target, "references": references}
            links.setdefault(table, []).append(link)
    tables = []
    for schema, name, kind in connection.execute(
        "SELECT table_schema, table_name, table_type FROM information_schema.tables "
        "WHERE table_catalog = current_database() ORDER BY table_type, table_schema, table_name"
    ).fetchall():
        qualified = f"{schema}.{name}"
        columns = [
            {
                "name": column,
                "type": declared,
                "nullable": nullable == "YES",
                "key": column in keys.get(qualified, ()),
            }
            for column, declared, nullable in connection.execute(
                "SELECT column_name, data_type, is_nullable FROM information_schema.columns "
                "WHERE table_catalog = current_database() AND table_schema = ? AND table_name = ? "
                "ORDER BY ordinal_position",
                [schema, name],
            ).fetchall()
        ]
        counted = connection.execute(
            f"SELECT count(*) FROM {quoted(schema)}.{quoted(name)}"  # noqa: S608
        ).fetchone()
        tables.append(
            {
                "name": name if schema == "main" else qualified,
                "path": [schema, name],
                "kind": "view" if kind == "VIEW" else "table",
                "columns": columns,
                "links": links.get(qualified, []),
                "rows": counted[0] if counted else 0,
            }
        )
    return {"tables": tables, "problems": []}


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def reverse(connection: duckdb.DuckDBPyConnection) -> None:
    """Put the rows of each table in again in the opposite order.

    A table that others refer to by foreign keys cannot be emptied and stays as it is: build from
    scripts without foreign keys.
    """
    for schema, name in connection.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() "
        "WHERE database_name = current_database() AND NOT temporary"
    ).fetchall():
        table = f"{quoted(schema)}.{quoted(name)}"
        with contextlib.suppress(duckdb.Error):
            connection.execute(
                "CREATE OR REPLACE TEMP TABLE mlarena_reversed AS "  # noqa: S608
                f"SELECT * FROM {table} ORDER BY rowid DESC"
            )
            connection.execute(f"DELETE FROM {table}")  # noqa: S608
            connection.execute(
                f"INSERT INTO {table} BY NAME "  # noqa: S608
                "SELECT * FROM temp.mlarena_reversed ORDER BY rowid"
            )
