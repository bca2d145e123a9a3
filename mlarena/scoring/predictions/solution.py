"""The organiser's side: the answer file, which rows are public, and what a file of predictions looks like.

A CSV whose first column names the rows. A column `Usage` says Public, Private or Ignored; without one the
rows are split by a keyed hash of their id, which depends neither on the order of the file nor on anybody's
choice, and stays as it is when an answer is mended. A column `query` groups the rows where the metric asks
for it. What is left are the targets.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO

import numpy as np
import pandas as pd

from mlarena.scoring.metrics import Metric, Takes
from mlarena.scoring.predictions.faults import Faults, listed, quoted, unusable
from mlarena.scoring.predictions.plain import Places
from mlarena.scoring.predictions.table import read_header, texts

PRIVATE, PUBLIC, IGNORED = 0, 1, 2
USAGES = {"private": PRIVATE, "public": PUBLIC, "ignored": IGNORED}
USAGE, QUERY = "Usage", "query"
# Above this a float no longer tells two whole numbers apart, and pandas reads a column with one `7.0` in it
# as floats: such ids are compared as text.
EXACT = 2**53
MOST_LABELS = 1_000
# Of so many numbers in a row one is an id, at least.
DENSE = 4
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,15})")
_ZEROS = re.compile(r"[+-]?[0-9]{1,16}(\.0*)?")


@dataclass(frozen=True, eq=False)
class Solution:
    """Ids (n,) int64 or text, truth (n,) or (n, k), usage (n,), in the order of the file.

    Truth is float for numbers, codes into `labels` for labels and probabilities, text otherwise.
    """

    id: str
    ids: np.ndarray
    targets: tuple[str, ...]
    truth: np.ndarray
    usage: np.ndarray
    takes: Takes
    labels: tuple[str, ...] = ()
    groups: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def whole_ids(self) -> bool:
        return self.ids.dtype.kind == "i"

    @cached_property
    def _index(self) -> tuple[pd.Index, bool]:
        """The places of the ids, and whether it knows them by 64 bits of their hash: looking a million
        texts up takes a third of the time then. Ids that share one are compared as they are."""
        if not self.whole_ids:
            hashed = pd.Index(_hashes(self.ids))
            if hashed.is_unique:
                return hashed, True
        return pd.Index(self.ids), False

    @cached_property
    def _dense(self) -> tuple[int, np.ndarray] | None:
        """The least of ids that are whole numbers close together, and the place of each number from there on
        (-1: nobody's): a look costs less than in any index. None for other ids."""
        if not self.whole_ids or not len(self):
            return None
        least, most = int(self.ids.min()), int(self.ids.max())
        if most - least >= DENSE * len(self):
            return None
        places = np.full(most - least + 1, -1, dtype=np.int64)
        places[self.ids - least] = np.arange(len(self))
        return least, places

    @cached_property
    def places(self) -> Places:
        """The places of ids that are text, by their bytes."""
        return Places(self.ids)

    @cached_property
    def public(self) -> np.ndarray:
        return np.flatnonzero(self.usage == PUBLIC)

    @cached_property
    def private(self) -> np.ndarray:
        return np.flatnonzero(self.usage == PRIVATE)

    def locate(self, ids: np.ndarray, expected: int) -> np.ndarray:
        """The place of each id (m,), -1 for one that is not there. Most files keep the order they were
        given, so the stretch from `expected` is tried first."""
        if np.array_equal(ids, self.ids[expected : expected + len(ids)]):
            return np.arange(expected, expected + len(ids))
        if self._dense is not None:
            least, places = self._dense
            # Compared before anything is subtracted: the ids are whatever somebody wrote.
            inside = (ids >= least) & (ids < least + len(places))
            return np.where(inside, places[np.where(inside, ids, least) - least], -1)
        index, hashed = self._index
        return np.asarray(index.get_indexer(_hashes(ids) if hashed else ids))

    def keys(self, ids: np.ndarray) -> np.ndarray:
        """Ids as text (m,), as they would have been read: whole numbers lose zeros and a `.0`; what is
        no such number becomes the id that nobody has."""
        if not self.whole_ids:
            return ids
        nobody = np.iinfo(np.int64).min
        return np.array(
            [int(float(text)) if _ZEROS.fullmatch(text) else nobody for text in ids.tolist()],
            dtype=np.int64,
        )


def _hashes(ids: np.ndarray) -> np.ndarray:
    return np.asarray(pd.util.hash_array(ids, categorize=False))


def whole(ids: np.ndarray) -> np.ndarray:
    """Ids as int64 where all are plain whole numbers below 2⁵³; else as they are. `007` is no number."""
    if all(_WHOLE.fullmatch(text) for text in ids.tolist()):
        numbers = ids.astype(np.int64)
        if np.abs(numbers).max(initial=0) < EXACT:
            return np.asarray(numbers)
    return ids


def read_solution(file: BinaryIO, metric: Metric, secret: bytes, public_share: float) -> Solution:
    """The answer file, checked. Raises FileFault naming the first places of every fault.

    `secret` and `public_share` (0..1) split the rows where the file has no column `Usage`.
    """
    if metric.takes is None:
        raise unusable(f"{metric.label} cannot score a file of predictions")
    header = read_header(file)
    table = pd.concat(list(texts(file, header)), ignore_index=True)
    if table.empty:
        raise unusable("The file has no rows below its first line")
    names = {name.lower(): name for name in header}
    usage, query = names.get(USAGE.lower()), names.get(QUERY)
    grouped = metric.needs == "relevance" and query is not None
    targets = [name for name in header[1:] if name != usage and not (grouped and name == query)]
    _check_targets(targets, metric)
    faults = Faults()
    ids = _texts(table[header[0]])
    _check_ids(ids, faults)
    truth, labels = _truth(table[targets], metric.takes, ids, faults)
    kinds = _usage(table[usage], ids, faults) if usage else split(ids, secret, public_share)
    faults.check()
    for kind, word in ((PUBLIC, "public"), (PRIVATE, "private")):
        if not (kinds == kind).any():
            raise unusable(
                f"No row is {word}; "
                + ("see the column `Usage`" if usage else "change the public share or add rows")
            )
    groups = pd.factorize(_texts(table[query]))[0] if grouped else None
    return Solution(
        header[0], whole(ids), tuple(targets), truth, kinds, metric.takes, labels, groups
    )


def split(ids: np.ndarray, secret: bytes, public_share: float) -> np.ndarray:
    """PUBLIC or PRIVATE per id (n,): public where HMAC-SHA256(secret, id) is in the first share of its
    range."""
    most = int(public_share * 2**64)
    first = (hmac.digest(secret, str(text).encode(), "sha256")[:8] for text in ids.tolist())
    public = [int.from_bytes(digest, "big") < most for digest in first]
    return np.where(public, PUBLIC, PRIVATE).astype(np.int8)


def _check_targets(targets: list[str], metric: Metric) -> None:
    if not targets:
        raise unusable("There is no column of answers beside the ids")
    if len(targets) > 1 and metric.takes != "numbers":
        raise unusable(
            f"{metric.label} has one column of answers; here are {len(targets)}: {listed(targets[:5])}"
        )


def _check_ids(ids: np.ndarray, faults: Faults) -> None:
    series = pd.Series(ids)
    for rule, wrong in (
        ("There are rows without an id", series == ""),
        ("There are ids twice", series.duplicated()),
    ):
        places = np.flatnonzero(wrong.to_numpy())
        faults.add(rule, (f"line {at + 2} {quoted(ids[at])}" for at in places), len(places))


def _truth(
    table: pd.DataFrame, takes: Takes, ids: np.ndarray, faults: Faults
) -> tuple[np.ndarray, tuple[str, ...]]:
    if takes in ("number", "numbers"):
        columns = []
        for name in table.columns:
            values = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=np.float64)
            places = np.flatnonzero(~np.isfinite(values))
            faults.add(
                f"There are answers in {quoted(name)} that are not numbers",
                (f"line {at + 2} {quoted(table[name].iloc[at])}" for at in places),
                len(places),
            )
            columns.append(values)
        return (columns[0] if takes == "number" else np.column_stack(columns)), ()
    values = _texts(table.iloc[:, 0])
    if takes not in ("label", "probability"):
        return values, ()
    places = np.flatnonzero(values == "")
    faults.add("There are answers missing", (f"line {at + 2}" for at in places), len(places))
    labels = _in_order(pd.unique(values))
    if len(labels) > MOST_LABELS:
        raise unusable(f"There are {len(labels):,} different labels; is it a column of numbers?")
    if len(labels) < 2:
        raise unusable(f"Every answer is {quoted(labels[0])}, so there is nothing to predict")
    return pd.Index(labels).get_indexer(pd.Index(values)), tuple(labels)


def _in_order(labels: np.ndarray) -> list[str]:
    """As numbers where all are numbers: 10 comes after 9, and the second of 0 and 1 is 1."""
    try:
        return sorted(labels.tolist(), key=float)
    except ValueError:
        return sorted(labels.tolist())


def _usage(column: pd.Series, ids: np.ndarray, faults: Faults) -> np.ndarray:
    said = _texts(column)
    kinds = np.array([USAGES.get(text.lower(), -1) for text in said.tolist()], dtype=np.int8)
    places = np.flatnonzero(kinds < 0)
    faults.add(
        f"The column {quoted(column.name)} holds more than Public, Private and Ignored",
        (f"line {at + 2} {quoted(said[at])}" for at in places),
        len(places),
    )
    return kinds


def _texts(column: pd.Series) -> np.ndarray:
    return np.asarray(column.str.strip().to_numpy(dtype=object))


def to_csv(solution: Solution) -> bytes:
    """The answer file as it is kept: one row for each id, its usage always said."""
    words = {code: word.capitalize() for word, code in USAGES.items()}
    table = pd.DataFrame({solution.id: solution.ids})
    if solution.groups is not None:
        table[QUERY] = solution.groups
    truth = solution.truth
    if solution.labels:
        table[solution.targets[0]] = np.array(solution.labels, dtype=object)[truth]
    elif truth.ndim == 1:
        table[solution.targets[0]] = truth
    else:
        for place, name in enumerate(solution.targets):
            table[name] = truth[:, place]
    table[USAGE] = [words[code] for code in solution.usage.tolist()]
    return table.to_csv(index=False, lineterminator="\n").encode()
