"""Query plans as a tree, from what each engine says."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from mlarena.challenges.sql.results import PlanNode

MOST_NODES = 500
DEEPEST = 60
LONGEST_TEXT = 300


def plan_of_sqlite(rows: Any) -> PlanNode:
    """From the rows of EXPLAIN QUERY PLAN: number, number of the parent (0: none), words."""
    children: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, list) and len(row) == 3 and type(row[0]) is type(row[1]) is int:
            children[row[1]].append((row[0], str(row[2])))

    def below(number: int, deep: int) -> tuple[PlanNode, ...]:
        if deep == 0:
            return ()
        found = children.pop(number, [])
        return tuple(PlanNode(_short(words), below(own, deep - 1)) for own, words in found)

    return PlanNode("QUERY PLAN", below(0, DEEPEST))


def plan_of_duckdb(told: Any) -> PlanNode:
    """From EXPLAIN (FORMAT json): operators with a name, what they do, and their children."""
    try:
        (operator,) = json.loads(told[0])
    except (TypeError, ValueError, IndexError, KeyError):
        return PlanNode("QUERY PLAN")
    return _operator(operator, DEEPEST)


def _operator(operator: Any, deep: int) -> PlanNode:
    if not isinstance(operator, dict) or deep == 0:
        return PlanNode("…")
    about = operator.get("extra_info") or {}
    parts = [str(operator.get("name", "")).strip()]
    if isinstance(about, dict):
        parts += [
            f"{name}: {', '.join(map(str, value)) if isinstance(value, list) else value}"
            for name, value in about.items()
            if value not in ("", [], None)
        ]
    children = operator.get("children") or []
    return PlanNode(
        _short(" · ".join(parts)), tuple(_operator(child, deep - 1) for child in children)
    )


def plan_of_postgres(told: Any) -> PlanNode:
    """From EXPLAIN (FORMAT JSON)."""
    return _node(told[0]["Plan"], DEEPEST)


_SAID = ("Index Cond", "Hash Cond", "Merge Cond", "Join Filter", "Filter", "Sort Key", "Group Key")


def _node(node: dict[str, Any], deep: int) -> PlanNode:
    if deep == 0:
        return PlanNode("…")
    name = str(node.get("Node Type", ""))
    if node.get("Join Type") not in (None, "Inner"):
        name = f"{name} ({node['Join Type']})"
    for kind, word in (("Index Name", "using"), ("Relation Name", "on"), ("CTE Name", "on")):
        if kind in node:
            name += f" {word} {node[kind]}"
    parts = [name]
    for kind in _SAID:
        if kind in node:
            value = node[kind]
            parts.append(f"{kind}: {', '.join(value) if isinstance(value, list) else value}")
    parts.append(f"cost {node.get('Total Cost', 0):g}, rows {node.get('Plan Rows', 0):,}")
    below = tuple(_node(child, deep - 1) for child in node.get("Plans", ()))
    return PlanNode(_short(" · ".join(parts)), below)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"
