"""Tables and what refers to what: two columns of boxes, with the lines in the lanes beside them.

Unlike the other drawings this one has a size of its own, in pixels: 344 wide, so that its words can be read
on a phone. No line crosses a box: between the columns, and outside them, there are lanes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH = 344
BOX = 132
HEAD = 26
ROW = 20
GAP = 20  # between two boxes of a column
OUTSIDE = 18  # left and right of the columns, where lines between boxes of one column run
LONGEST_NAME = 15  # letters that fit a box
MOST_TABLES = 12
MOST_COLUMNS = 12


@dataclass(frozen=True)
class Line:
    """A column of a table. `mark`: "PK", "FK", both, or nothing."""

    name: str
    whole: str
    mark: str
    y: float


@dataclass(frozen=True)
class Box:
    name: str
    whole: str
    x: float
    y: float
    height: float
    lines: list[Line]
    more: int  # columns that are not drawn


@dataclass(frozen=True)
class Link:
    """One key, from the rows that refer (many) to the row that they refer to (one)."""

    path: str
    many: str  # the crow's foot
    one: str  # the bar across the line
    words: str


@dataclass(frozen=True)
class Relations:
    boxes: list[Box]
    links: list[Link]
    box: float
    width: float
    height: float
    more: int  # tables that are not drawn

    @property
    def words(self) -> str:
        return "; ".join(link.words for link in self.links) or "no table refers to another"


@dataclass
class _Table:
    name: str
    columns: list[str]
    keys: set[str]
    links: list[tuple[str, str, str]]  # column, other table, its column
    left: bool = True
    y: float = 0.0

    @property
    def drawn(self) -> list[str]:
        """Keys are always there; of the rest, as many as there is room for."""
        if len(self.columns) <= MOST_COLUMNS:
            return self.columns
        needed = self.keys | {column for column, _, _ in self.links}
        room = max(0, MOST_COLUMNS - len(needed))
        others = [name for name in self.columns if name not in needed][:room]
        return [name for name in self.columns if name in needed or name in others]

    @property
    def height(self) -> float:
        hidden = len(self.columns) > len(self.drawn)
        return HEAD + ROW * (len(self.drawn) + hidden) + 6

    def row(self, column: str) -> float:
        """The middle of the column's row."""
        place = self.drawn.index(column) if column in self.drawn else 0
        return self.y + HEAD + ROW * (place + 0.5)


def relations(tables: Sequence[Mapping[str, Any]]) -> Relations | None:
    """From tables as a challenge describes them: {"name", "kind", "columns", "foreign_keys"}.

    None where there is nothing to see: one table that refers to nothing, or none at all.
    """
    found = [_table(told) for told in tables if told.get("kind", "table") == "table"]
    drawn = found[:MOST_TABLES]
    _settle_references(drawn)
    if len(drawn) < 2 and not any(table.links for table in drawn):
        return None
    _divide(drawn)
    height = max(_stack(drawn, left) for left in (True, False))
    return Relations(
        boxes=[_box(table) for table in drawn],
        links=_links(drawn),
        box=BOX,
        width=WIDTH,
        height=height,
        more=len(found) - len(drawn),
    )


def _table(told: Mapping[str, Any]) -> _Table:
    columns = [column["name"] for column in told["columns"]]
    keys = {column["name"] for column in told["columns"] if column.get("primary_key")}
    links = []
    for key in told.get("foreign_keys") or ():
        references = list(key.get("references") or ())
        for place, column in enumerate(key["columns"]):
            target = references[place] if place < len(references) else ""
            links.append((column, key["table"], target or ""))
    return _Table(told["name"], columns, keys, links)


def _settle_references(tables: list[_Table]) -> None:
    """A key that names no column means the other's primary key; one to a table that is not drawn goes."""
    # An engine may write a name in another case than the table was made with.
    by_name = {table.name.casefold(): table for table in tables}
    for table in tables:
        settled = []
        for column, other, target in table.links:
            theirs = by_name.get(other.casefold())
            if theirs is None or column not in table.columns:
                continue
            key = next((name for name in theirs.columns if name in theirs.keys), "")
            settled.append((column, theirs.name, target if target in theirs.columns else key))
        table.links = settled


def _divide(tables: list[_Table]) -> None:
    """Each box on the side where fewer of those stand that it is linked with, else on the shorter one."""
    tall = {True: 0.0, False: 0.0}
    linked = {
        table.name: {other for _, other, _ in table.links}
        | {other.name for other in tables for _, name, _ in other.links if name == table.name}
        for table in tables
    }
    placed: dict[str, bool] = {}
    for table in tables:
        sides = [placed[name] for name in linked[table.name] if name in placed]
        here, there = sides.count(True), sides.count(False)
        # Two links are worth a box's height: neither a tower nor a tangle.
        left = (tall[True] + 120 * here) <= (tall[False] + 120 * there)
        table.left = placed[table.name] = left
        tall[left] += table.height + GAP


def _stack(tables: list[_Table], left: bool) -> float:
    y = 1.0
    for table in tables:
        if table.left == left:
            table.y = y
            y += table.height + GAP
    return max(0.0, y - GAP + 1)


def _x(table: _Table) -> float:
    return OUTSIDE if table.left else WIDTH - OUTSIDE - BOX


def _box(table: _Table) -> Box:
    linking = {column for column, _, _ in table.links}
    lines = [
        Line(
            name=_short(name, LONGEST_NAME - (4 if name in table.keys | linking else 0)),
            whole=name,
            mark=" ".join(
                mark for mark, these in (("PK", table.keys), ("FK", linking)) if name in these
            ),
            y=table.row(name),
        )
        for name in table.drawn
    ]
    more = len(table.columns) - len(lines)
    name = _short(table.name, LONGEST_NAME)
    return Box(name, table.name, _x(table), table.y, table.height, lines, more)


def _links(tables: list[_Table]) -> list[Link]:
    by_name = {table.name: table for table in tables}
    pairs = [
        (table, column, by_name[other], target)
        for table in tables
        for column, other, target in table.links
    ]
    between = [pair for pair in pairs if pair[0].left != pair[2].left]
    lanes = {id(pair): place for place, pair in enumerate(between, 1)}
    drawn = []
    outside = {True: 0, False: 0}
    for pair in pairs:
        table, column, other, target = pair
        start, end = table.row(column), other.row(target)
        if pair[0].left != pair[2].left:
            inner = OUTSIDE + BOX
            lane = inner + (WIDTH - 2 * inner) * lanes[id(pair)] / (len(between) + 1)
            starts = inner if table.left else WIDTH - inner
            ends = WIDTH - inner if table.left else inner
        else:
            outside[table.left] += 1
            # The lanes outside lie 4 px apart, and begin again where there is no more room.
            away = 8 + 4 * ((outside[table.left] - 1) % 3)
            starts = ends = OUTSIDE if table.left else WIDTH - OUTSIDE
            lane = starts - away if table.left else starts + away
        drawn.append(
            Link(
                path=f"M{starts:g} {start:g}H{lane:g}V{end:g}H{ends:g}",
                many=_foot(starts, start, 1 if lane > starts else -1),
                one=_bar(ends, end, 1 if lane > ends else -1),
                words=f"{table.name}.{column} refers to {other.name}"
                + (f".{target}" if target else ""),
            )
        )
    return drawn


def _foot(x: float, y: float, way: int) -> str:
    """Three toes that end at the box."""
    return f"M{x + 6 * way:g} {y:g}L{x:g} {y - 4:g}M{x + 6 * way:g} {y:g}L{x:g} {y + 4:g}"


def _bar(x: float, y: float, way: int) -> str:
    return f"M{x + 4 * way:g} {y - 4:g}V{y + 4:g}"


def _short(name: str, most: int) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"
