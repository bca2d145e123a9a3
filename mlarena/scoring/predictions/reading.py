"""The learner's side: a file of predictions, laid against the solution's ids.

Ways through the same file, the quickest first. Those that read typed columns give up at the first oddity;
the careful one reads text, and either finds what is wrong and where, or that it was well meant after all.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from mlarena.scoring.answers import speller
from mlarena.scoring.files import check_mask
from mlarena.scoring.metrics import Takes
from mlarena.scoring.predictions import plain
from mlarena.scoring.predictions.faults import Faults, listed, quoted, unusable
from mlarena.scoring.predictions.solution import Solution
from mlarena.scoring.predictions.table import (
    CHUNK_ROWS,
    ahead,
    check_header,
    pieces,
    read_header,
    texts,
)

Progress = Callable[[int], None]
# How far the probabilities of a row may be from 1 together.
_SUM_TOLERANCE = 1e-3
_MISSING = {"", "na", "n/a", "nan", "null", "none", "<na>"}


@dataclass(frozen=True)
class Layout:
    """What a file of predictions looks like: one id column, and `columns` of what is predicted.

    Probabilities are one column (of the second of two labels) or one per label, named after it.
    """

    id: str
    columns: tuple[str, ...]
    takes: Takes
    labels: tuple[str, ...] = ()

    @classmethod
    def of(cls, solution: Solution, columns: list[str] | None = None) -> Layout:
        """The layout that `solution` asks for; `columns` (a sample's) choose between two ways to write
        probabilities. Raises FileFault for columns that fit neither."""
        one, each = solution.targets, solution.labels
        wanted = one
        if solution.takes == "probability":
            wanted = each if len(each) > 2 else one
            if columns is not None and set(columns) == set(each):
                wanted = each
        if columns is not None:
            check_header([solution.id, *columns], [solution.id, *wanted])
        return cls(solution.id, tuple(wanted), solution.takes, each)

    @property
    def header(self) -> list[str]:
        return [self.id, *self.columns]

    @property
    def per_label(self) -> bool:
        return self.takes == "probability" and self.columns == self.labels


def sample(solution: Solution, layout: Layout) -> bytes:
    """A file of predictions that scores: every row with the same dull answer."""
    dull: Any = {
        "label": layout.labels[0] if layout.labels else "",
        "number": 0,
        "numbers": 0,
        "probability": round(1 / len(layout.columns), 6) if layout.per_label else 0.5,
    }.get(layout.takes, "")
    table = pd.DataFrame({layout.id: solution.ids})
    for name in layout.columns:
        table[name] = dull
    return table.to_csv(index=False, lineterminator="\n").encode()


def read_predictions(
    file: BinaryIO, solution: Solution, layout: Layout, progress: Progress = lambda _rows: None
) -> np.ndarray:
    """The predictions in the solution's order: floats (n,) or (n, k), codes of labels (n,), or text (n,).

    `file` is seekable and at its beginning; `progress` hears the rows read so far. Raises FileFault
    naming every broken rule with its first places.
    """
    header = read_header(file)
    check_header(header, layout.header)
    found = None
    try:
        found = _quick(_plain(file, header, solution, layout), solution, layout, progress)
    except plain.NotPlain:
        file.seek(0)
        found = _quick(_typed_pieces(file, header, solution, layout), solution, layout, progress)
    if found is None:
        file.seek(0)
        found = _careful(file, header, solution, layout, progress)
    return found


# Rows that were read: the place of each among the solution's ids (-1: none of them), and what it says.
Located = Generator[tuple[np.ndarray, pd.DataFrame], None, None]


def _plain(file: BinaryIO, header: list[str], solution: Solution, layout: Layout) -> Located:
    """Raises NotPlain where this way cannot be gone."""
    if solution.whole_ids or header[0] != layout.id:
        raise plain.NotPlain
    dtype = dict.fromkeys(layout.columns, _dtype(layout))
    return plain.located(file, header, dtype, solution.places)


def _typed_pieces(file: BinaryIO, header: list[str], solution: Solution, layout: Layout) -> Located:
    dtype = dict.fromkeys(layout.columns, _dtype(layout))
    dtype[layout.id] = np.int64 if solution.whole_ids else object
    rows = 0
    with closing(ahead(pieces(file, header, dtype))) as found:
        for piece in found:
            yield solution.locate(piece[layout.id].to_numpy(), rows), piece
            rows += len(piece)


def _quick(
    located: Located, solution: Solution, layout: Layout, progress: Progress
) -> np.ndarray | None:
    """The predictions, or None where anything is not as it should be."""
    values, seen, rows = _room(solution, layout), np.zeros(len(solution), dtype=bool), 0
    try:
        with closing(located):  # who reads on in another way has the file to themselves
            for at, piece in located:
                rows += len(piece)
                if rows > len(solution) or at.min(initial=0) < 0:
                    return None
                seen[at] = True
                values[at] = _typed(piece, layout)
                progress(rows)
    except (ValueError, OverflowError):
        return None
    whole = rows == len(solution) and seen.all()
    return values if whole and _wrong(values, layout) is None else None


def _dtype(layout: Layout) -> Any:
    if layout.takes == "label":
        # pandas takes categories that look like numbers for numbers: 01 would be 1.
        return object if speller(list(layout.labels)) is str else "category"
    return object if layout.takes in ("list", "mask") else np.float64


def _typed(piece: pd.DataFrame, layout: Layout) -> np.ndarray:
    if layout.takes == "label":
        column = piece[layout.columns[0]].astype("category").cat
        codes = _label_codes(column.categories.to_numpy(dtype=object), layout)
        # What pandas took for no category at all has the code -1, and so has the last place.
        return np.append(codes, -1)[column.codes]
    if len(layout.columns) == 1 and not layout.per_label and layout.takes != "numbers":
        return piece[layout.columns[0]].to_numpy()
    return piece[list(layout.columns)].to_numpy()


def _room(solution: Solution, layout: Layout) -> np.ndarray:
    if layout.takes == "label":
        return np.zeros(len(solution), dtype=np.int64)
    if layout.takes in ("list", "mask"):
        return np.full(len(solution), "", dtype=object)
    several = layout.per_label or layout.takes == "numbers"
    shape = (len(solution), len(layout.columns)) if several else (len(solution),)
    return np.zeros(shape)


def _label_codes(said: np.ndarray, layout: Layout) -> np.ndarray:
    """The code of each label that was said, -1 for one that is none. 1, 1.0 and True are one label."""
    spell = speller(list(layout.labels))
    codes = {spell(label): code for code, label in enumerate(layout.labels)}
    return np.array(
        [codes.get(spell(str(text).strip()), -1) for text in said.tolist()], dtype=np.int64
    )


def _wrong(values: np.ndarray, layout: Layout) -> tuple[str, np.ndarray] | None:
    """The first rule that typed values break, and the rows (m,) that do; None if they are right."""
    rules: list[tuple[str, Any]] = []
    if layout.takes == "label":
        shown = listed(layout.labels[:5]) + (", …" if len(layout.labels) > 5 else "")
        rules.append((f"Some predictions are none of the labels {shown}", np.asarray(values < 0)))
    elif layout.takes == "mask":
        # One by one is slow, but a mask that is none would cost the whole score.
        wrong = np.array([check_mask(text) is not None for text in values.tolist()], dtype=bool)
        rules.append(("Some masks are not pairs of start and length, in order", wrong))
    elif values.dtype.kind == "f":
        table = values.reshape(len(values), -1)
        rules.append(("Some predictions are not finite numbers", ~np.isfinite(table).all(axis=1)))
        if layout.takes == "probability":
            outside = ((table < 0) | (table > 1)).any(axis=1)
            rules.append(("Some probabilities are below 0 or above 1", outside))
        if layout.per_label:
            off = np.abs(table.sum(axis=1) - 1) > _SUM_TOLERANCE
            rules.append(("In some rows the probabilities do not sum to 1", off))
    for rule, broken in rules:
        if broken.any():
            return rule, np.flatnonzero(broken)
    return None


def _careful(
    file: BinaryIO, header: list[str], solution: Solution, layout: Layout, progress: Progress
) -> np.ndarray:
    """The predictions, read as text; raises FileFault for all that is wrong with them."""
    faults = Faults()
    values, first_line = _room(solution, layout), np.zeros(len(solution), dtype=np.int64)
    rows = 0
    for piece in texts(file, header, CHUNK_ROWS // 4):
        if piece.empty:
            break
        ids = np.asarray(piece[layout.id].str.strip().to_numpy(dtype=object))
        at = solution.locate(solution.keys(ids), rows)
        lines = np.arange(rows, rows + len(ids)) + 2
        _check_ids(ids, at, lines, first_line, solution, faults)
        told = _check_values(piece, lines, ids, layout, faults)
        values[at[at >= 0]] = told[at >= 0]
        rows += len(piece)
        progress(rows)
    if not rows:
        raise unusable("The file has no rows below its first line")
    missing = np.flatnonzero(first_line == 0)
    if len(missing):
        rule = f"{_count(missing)} of the {len(solution):,} ids of the test set are missing"
        faults.add(rule, (quoted(solution.ids[place]) for place in missing), len(missing))
    faults.check()
    return values


def _check_ids(
    ids: np.ndarray,
    at: np.ndarray,
    lines: np.ndarray,
    first_line: np.ndarray,
    solution: Solution,
    faults: Faults,
) -> None:
    """Unknown and repeated ids of one piece; notes in `first_line` where each known one stands."""
    unknown = np.flatnonzero(at < 0)
    if len(unknown):
        faults.add(
            "There are ids that are not in the test set" + _hint(ids[unknown], solution),
            (f"line {lines[row]} {quoted(ids[row])}" for row in unknown),
            len(unknown),
        )
    known = np.flatnonzero(at >= 0)
    places = at[known]
    again = pd.Series(places).duplicated().to_numpy() | (first_line[places] > 0)
    fresh = known[~again]
    first_line[at[fresh]] = lines[fresh]
    repeated = known[again]
    faults.add(
        "There are ids twice",
        (
            f"line {lines[row]} {quoted(ids[row])} as in line {first_line[at[row]]}"
            for row in repeated
        ),
        len(repeated),
    )


def _hint(unknown: np.ndarray, solution: Solution) -> str:
    """What may have become of ids that were text: a spreadsheet that took 007 for 7, and the like."""
    if solution.whole_ids:
        return ""
    known = {str(text).lstrip("0") for text in solution.ids[:1_000].tolist()}
    if any(text.lstrip("0").removesuffix(".0") in known for text in unknown[:100].tolist()):
        return " (they lost leading zeros or became fractions; read the ids as text, dtype=str)"
    return ""


def _check_values(
    piece: pd.DataFrame, lines: np.ndarray, ids: np.ndarray, layout: Layout, faults: Faults
) -> np.ndarray:
    """The typed values of one piece, what is wrong with them noted. Wrong ones become something harmless."""
    columns = [piece[name].str.strip() for name in layout.columns]

    def note(rule: str, rows: np.ndarray, column: pd.Series) -> None:
        places = (f"line {lines[row]} {quoted(column.iloc[row])}" for row in rows)
        faults.add(rule, places, len(rows))

    if layout.takes in ("list", "mask"):
        values = columns[0].to_numpy(dtype=object)
    elif layout.takes == "label":
        codes, said = pd.factorize(columns[0].to_numpy(dtype=object))
        values = _label_codes(np.asarray(said, dtype=object), layout)[codes]
    else:
        typed = [np.array(pd.to_numeric(column, errors="coerce"), float) for column in columns]
        for column, numbers, name in zip(columns, typed, layout.columns, strict=True):
            blank = column.str.lower().isin(_MISSING).to_numpy()
            words = np.isnan(numbers) & ~blank
            for rule, bad in (
                (f"There are predictions missing in {quoted(name)}", blank),
                (f"There are predictions in {quoted(name)} that are not numbers", words),
            ):
                note(rule, np.flatnonzero(bad), column)
            numbers[np.isnan(numbers)] = 1 / len(columns)
        several = layout.per_label or layout.takes == "numbers"
        values = np.column_stack(typed) if several else typed[0]
    wrong = _wrong(values, layout)
    if wrong is not None:
        rule, rows = wrong
        note(rule, rows, columns[0] if len(columns) == 1 else _joined(columns, rows))
    return np.asarray(values)


def _joined(columns: list[pd.Series], rows: np.ndarray) -> pd.Series:
    """The fields of the first few of `rows` side by side, at their places."""
    shown = columns[0].copy()
    for row in rows[:10].tolist():
        shown.iloc[row] = ",".join(str(column.iloc[row]) for column in columns[:5])
    return shown


def _count(places: np.ndarray) -> str:
    return f"{len(places):,}"
