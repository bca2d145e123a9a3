"""The tables a query can use, as the page shows them."""

from __future__ import annotations

from typing import Any

from mlarena.challenges.sql.prepared import Prepared
from mlarena.challenges.sql.results import Column, Description, ForeignKey, Grid, TableInfo


def describe(prepared: Prepared) -> Description:
    """Tables, columns, keys and sample rows (of the first visible case). Costs nothing: it was
    read when the challenge was saved."""
    return Description(prepared.engine, tuple(_table(told) for told in prepared.tables))


def _table(told: dict[str, Any]) -> TableInfo:
    sample = told["sample"]
    return TableInfo(
        name=told["name"],
        kind=told["kind"],
        columns=tuple(
            Column(one["name"], one["type"], one["nullable"], one["key"]) for one in told["columns"]
        ),
        foreign_keys=tuple(
            ForeignKey(tuple(link["columns"]), link["table"], tuple(link["references"]))
            for link in told["links"]
        ),
        sample=Grid(sample["columns"], sample["rows"], told["rows"]) if sample else None,
    )
