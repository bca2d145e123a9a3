"""Which rows of the solution's result tie on its ORDER BY, and whether its LIMIT cuts a tie."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from mlarena.challenges.sql import solution
from mlarena.challenges.sql.solution import Cut
from mlarena.challenges.sql.statement import Attempt
from mlarena.scoring import matching
from mlarena.scoring.cells import Row
from mlarena.scoring.tables import Table

Ask = Callable[[str], Table | None]  # runs a query on the case; None when it fails


class CutsTie(Exception):
    """The result depends on which of several rows that tie the engine takes first."""


def find_ties(attempt: Attempt, result: Table, again: Table, ask: Ask) -> list[int] | None:
    """Sizes of the groups of rows of `result` that tie; None when the solution does not sort.

    `again` is the result on the same rows put in in the opposite order. Raises CutsTie.
    """
    cut = solution.cut_of(attempt)
    if not attempt.sorts:
        if cut is not None:
            _check_unsorted_cut(attempt, result, ask)
        return None
    if not result.rows:
        return []
    for query in solution.ranked(attempt, result.columns):
        ranked = ask(query)
        if ranked is None or len(ranked.columns) != len(result.columns) + 1:
            continue
        ties = _from_ranks(ranked.rows, cut, result)
        if ties is not None:
            return ties
    return _from_two_orders(result, again)


def _check_unsorted_cut(attempt: Attempt, result: Table, ask: Ask) -> None:
    """LIMIT without ORDER BY: harmless only where every row is the same, or none is cut off."""
    query = solution.uncut(attempt)
    whole = ask(query) if query else None
    if whole is None or len(whole.rows) <= len(result.rows):
        return
    if any(row != whole.rows[0] for row in whole.rows):
        raise CutsTie


def _from_ranks(rows: Sequence[Row], cut: Cut | None, result: Table) -> list[int] | None:
    """From the uncut rows with their group's number. None when they do not explain `result`."""
    groups = [
        [row[:-1] for row in some]
        for _, some in groupby(sorted(rows, key=lambda row: row[-1]), key=lambda row: row[-1])
    ]
    start, end = _bounds(cut, result, sum(map(len, groups)))
    ties: list[int] = []
    place = 0
    for group in groups:
        first, last = max(place, start), min(place + len(group), end)
        if first < last:
            if last - first < len(group) and any(row != group[0] for row in group):
                raise CutsTie
            ties.append(last - first)
            if not _same_rows(group[: last - first], result.rows[first - start : last - start]):
                return None
        place += len(group)
    return ties if sum(ties) == len(result.rows) else None


def _bounds(cut: Cut | None, result: Table, total: int) -> tuple[int, int]:
    if cut is None:
        return 0, total
    # An OFFSET that is no plain number can only be guessed; _same_rows finds a wrong guess.
    start = cut.offset or 0
    count = len(result.rows) if cut.count is None else cut.count
    return start, min(start + count, total)


def _same_rows(some: Sequence[Row], others: Sequence[Row]) -> bool:
    ours, theirs, _, _ = matching.prepared(some, others, loose_text=False)
    return matching.unmatched(ours, theirs) == ([], [])


def _from_two_orders(result: Table, again: Table) -> list[int]:
    """Without the engine's word on ties: rows that change places between the two are taken to tie.

    Between two places where both results have had the same rows so far, there is one group.
    """
    ours, theirs, _, _ = matching.prepared(result.rows, again.rows, loose_text=False)
    if len(ours) != len(theirs):
        return [1] * len(ours)
    ties: list[int] = []
    open_rows: dict[object, int] = {}
    size = 0
    for here, there in zip(ours.exact, theirs.exact, strict=True):
        size += 1
        for key, change in ((here, 1), (there, -1)):
            count = open_rows.pop(key, 0) + change
            if count:
                open_rows[key] = count
        if not open_rows:
            ties.append(size)
            size = 0
    return [*ties, size] if size else ties
