"""What is in a SQLite database that a script has built: its tables, and rows that break its keys."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

MOST_PROBLEMS = 5


def statements(script: str) -> Iterator[str]:
    """The statements of `script`, as SQLite itself tells where one ends."""
    piece = ""
    for part in script.split(";"):
        piece += part
        if sqlite3.complete_statement(piece + ";"):
            if piece.strip():
                yield piece + ";"
            piece = ""
        else:
            piece += ";"
    if piece.strip(" \t\r\n;"):
        yield piece


def about(connection: sqlite3.Connection) -> dict[str, Any]:
    """Tables and views with columns and keys; rows against the keys that SQLite lets pass."""
    tables = [_table(connection, name, kind) for name, kind in _names(connection)]
    return {"tables": tables, "problems": list(_problems(connection, tables))[:MOST_PROBLEMS]}


def _names(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    return connection.execute(
        "SELECT name, type FROM sqlite_schema WHERE type IN ('table', 'view') "
        "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid"
    ).fetchall()


def _table(connection: sqlite3.Connection, name: str, kind: str) -> dict[str, Any]:
    columns = [
        {"name": column, "type": declared, "nullable": not (required or key), "key": bool(key)}
        for _, column, declared, required, _, key, hidden in _pragma(
            connection, "table_xinfo", name
        )
        if hidden != 1
    ]
    links: dict[int, dict[str, Any]] = {}
    for number, _, table, column, target, *_ in _pragma(connection, "foreign_key_list", name):
        link = links.setdefault(number, {"columns": [], "table": table, "references": []})
        link["columns"].append(column)
        link["references"].append(target or "")
    (rows,) = connection.execute(f"SELECT count(*) FROM {quoted(name)}").fetchone()  # noqa: S608
    return {
        "name": name,
        "path": [name],
        "kind": kind,
        "columns": columns,
        "links": list(links.values())[::-1],
        "rows": rows,
    }


def _pragma(connection: sqlite3.Connection, pragma: str, table: str) -> list[tuple[Any, ...]]:
    return connection.execute(f"PRAGMA {pragma}({quoted(table)})").fetchall()


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _problems(connection: sqlite3.Connection, tables: list[dict[str, Any]]) -> Iterator[str]:
    """Foreign keys are not enforced by default, and a primary key may hold NULL."""
    try:
        broken = connection.execute("PRAGMA foreign_key_check").fetchall()
    except sqlite3.Error as error:
        yield str(error)
        return
    for table, rowid, parent, _ in broken:
        where = f"row {rowid} of {table}" if rowid is not None else f"a row of {table}"
        yield f"{where} refers to a row of {parent} that does not exist"
    for table in tables:
        for column in table["columns"]:
            if not column["key"] or table["kind"] != "table":
                continue
            (count,) = connection.execute(
                f"SELECT count(*) FROM {quoted(table['name'])} "  # noqa: S608
                f"WHERE {quoted(column['name'])} IS NULL"
            ).fetchone()
            if count:
                yield f"{table['name']}.{column['name']} is a primary key and holds NULL"


def reverse(connection: sqlite3.Connection) -> None:
    """Put the rows of each table in again in the opposite order, where their order is free.

    A table with an INTEGER PRIMARY KEY, or WITHOUT ROWID, lies in the order of its key anyway.
    """
    connection.execute("PRAGMA foreign_keys = OFF")
    for trigger in connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'trigger'"
    ).fetchall():
        connection.execute(f"DROP TRIGGER {quoted(trigger[0])}")
    for name, kind in _names(connection):
        if kind != "table" or not _has_free_order(connection, name):
            continue
        columns = ", ".join(
            quoted(row[1]) for row in _pragma(connection, "table_xinfo", name) if row[6] == 0
        )
        table = quoted(name)
        connection.execute(
            f"CREATE TEMP TABLE mlarena_reversed AS SELECT {columns} FROM {table} "  # noqa: S608
            "ORDER BY rowid DESC"
        )
        connection.execute(f"DELETE FROM {table}")  # noqa: S608
        connection.execute(
            f"INSERT INTO {table} ({columns}) SELECT {columns} FROM mlarena_reversed "  # noqa: S608
            "ORDER BY rowid"
        )
        connection.execute("DROP TABLE mlarena_reversed")


def _has_free_order(connection: sqlite3.Connection, name: str) -> bool:
    try:
        connection.execute(f"SELECT rowid FROM {quoted(name)} LIMIT 1")  # noqa: S608
    except sqlite3.Error:
        return False
    keys = [row for row in _pragma(connection, "table_xinfo", name) if row[5]]
    return not (len(keys) == 1 and keys[0][2].upper() == "INTEGER")
