"""Joins that cannot lose a row, by the keys that the tables declare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlglot import exp

Told = dict[str, Any]


def is_lossless(join: exp.Join, tables: Sequence[Told]) -> bool:
    """Whether every row on the left finds its partner: `join` follows a foreign key, each column of
    which is never NULL, and asks for nothing else. LEFT JOIN is then the same query.

    `tables` are told as by an engine's reader: name, columns (name, nullable), links (columns, table,
    references). Columns are followed through subqueries that hand them on as they are. False where it
    cannot be seen.
    """
    select = join.parent
    if not isinstance(select, exp.Select) or not isinstance(join.this, exp.Table):
        return False
    joined = _table(join.this, tables)
    pairs = _pairs(join)
    if joined is None or not pairs:
        return False
    here = join.this.alias_or_name.lower()
    found: dict[str, str] = {}  # column on the left → column of the joined table
    sides = set()
    for pair in pairs:
        left, right = sorted(pair, key=lambda column: column.table.lower() == here)
        if right.table.lower() != here or left.table.lower() == here:
            return False
        sides.add(left.table.lower())
        found[left.name.lower()] = right.name.lower()
    if len(sides) != 1 or len(found) != len(pairs):
        return False
    origin = _origin(select, join, sides.pop(), list(found), tables)
    if origin is None:
        return False
    told, columns = origin
    return _is_key(told, joined, dict(zip(columns, found.values(), strict=True)))


def _origin(
    select: exp.Select,
    until: exp.Join | None,
    alias: str,
    columns: list[str],
    tables: Sequence[Told],
) -> tuple[Told, list[str]] | None:
    """The base table, and its columns, that `columns` of the source `alias` are; None where they are
    computed, of several tables, or may be made NULL by an outer join."""
    node = _sources(select, until).get(alias)
    if node is None:
        return None
    inner = node.this if isinstance(node, exp.Subquery) else _cte(node)
    if inner is None:
        told = _table(node, tables)
        return None if told is None else (told, columns)
    if not isinstance(inner, exp.Select):
        return None
    by_name = {one.alias_or_name.lower(): one.unalias() for one in inner.expressions}
    passed = [by_name.get(name) for name in columns]
    sources = _sources(inner, None)
    only = next(iter(sources), "") if len(sources) == 1 else ""
    sides, names = set(), []
    for one in passed:
        if not isinstance(one, exp.Column):
            return None
        sides.add(one.table.lower() or only)
        names.append(one.name.lower())
    return _origin(inner, None, sides.pop(), names, tables) if len(sides) == 1 else None


def _sources(select: exp.Select, until: exp.Join | None) -> dict[str, exp.Expr]:
    """What stands in FROM and JOIN, before `until` if it is given, by alias; nothing where an outer join
    may make rows of NULL."""
    first = select.args.get("from_") or select.args.get("from")
    nodes = [first.this] if first else []
    for one in select.args.get("joins") or []:
        if one is until:
            break
        if one.args.get("side"):
            return {}
        nodes.append(one.this)
    return {
        node.alias_or_name.lower(): node
        for node in nodes
        if isinstance(node, exp.Table | exp.Subquery) and node.alias_or_name
    }


def _cte(node: exp.Expr) -> exp.Expr | None:
    """The query of the CTE that the table `node` names, if it names one."""
    name, at = node.name.lower(), node.parent
    while at is not None:
        with_ = at.args.get("with_") or at.args.get("with")
        for one in with_.expressions if with_ else []:
            if one.alias.lower() == name:
                query: exp.Expr = one.this
                # Named columns are others than its query's; rather not.
                return exp.Union() if one.args["alias"].columns else query
        at = at.parent
    return None


def _table(node: exp.Expr, tables: Sequence[Told]) -> Told | None:
    if not isinstance(node, exp.Table) or node.args.get("db") or _cte(node) is not None:
        return None
    found = [one for one in tables if one["name"].lower() == node.name.lower()]
    return found[0] if len(found) == 1 else None


def _pairs(join: exp.Join) -> list[tuple[exp.Column, exp.Column]]:
    """The columns that ON says are equal; none where it says anything else."""
    on = join.args.get("on")
    if on is None:
        return []
    found = []
    for part in on.flatten() if isinstance(on, exp.And) else [on]:
        equal = part.unnest()
        if not isinstance(equal, exp.EQ):
            return []
        one, other = equal.this, equal.expression
        if not isinstance(one, exp.Column) or not isinstance(other, exp.Column):
            return []
        found.append((one, other))
    return found


def _is_key(told: Told, joined: Told, found: dict[str, str]) -> bool:
    nullable = {one["name"].lower() for one in told["columns"] if one["nullable"]}
    if nullable & set(found):
        return False
    return any(
        link["table"].lower() == joined["name"].lower()
        and {
            column.lower(): (reference or "").lower()
            for column, reference in zip(link["columns"], link["references"], strict=True)
        }
        == found
        for link in told["links"]
    )
