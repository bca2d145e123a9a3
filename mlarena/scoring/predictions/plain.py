"""Predictions as programs write them: no quotation marks, one line a row, ids that are text.

A million ids as Python strings cost more than all the rest of reading, so here they stay bytes. The ids of
a piece are laid out in words of eight bytes and compared with the solution's, exactly; pandas is given the
same bytes and reads the other columns alone.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

_PIECE = 4 << 20
# numpy and pandas let go of the interpreter for nearly all of the work.
AT_ONCE = 2
# Longer ids are rare, and would make the table of words wide.
LONGEST = 64
_WORD = 8
# The first n bytes of a little-endian word.
_FIRST = np.array([(1 << 8 * n) - 1 for n in range(_WORD + 1)], dtype=np.uint64)
# Odd and without a pattern (2⁶⁴ divided by the golden ratio): products by it spread over all bits.
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


class NotPlain(Exception):
    """The file may be right, but has to be read another way."""


@dataclass(frozen=True)
class Bytes:
    """Texts by their UTF-8: `words` (k, n) uint64, padded with zeros, and how many bytes count (n,)."""

    words: np.ndarray
    widths: np.ndarray

    @classmethod
    def cut(cls, buffer: bytes, starts: np.ndarray, widths: np.ndarray, longest: int) -> Bytes:
        """The stretches of `buffer` that begin at `starts` and are `widths` long, `longest` at most."""
        padded = np.frombuffer(buffer + b"\0" * (longest + _WORD), dtype=np.uint8)
        # Every eight bytes of it that stand side by side, without a copy.
        every = np.ndarray(len(padded) - _WORD + 1, dtype="<u8", buffer=padded, strides=(1,))
        words = [
            every[starts + place] & _FIRST[np.clip(widths - place, 0, _WORD)]
            for place in range(0, longest, _WORD)
        ]
        return cls(np.array(words, dtype=np.uint64).reshape(len(words), len(starts)), widths)

    def mixed(self) -> np.ndarray:
        """64 bits of each (n,): equal texts have equal ones."""
        mixed = self.widths.astype(np.uint64)
        for word in self.words:
            mixed = (mixed ^ word) * _SPREAD
            mixed ^= mixed >> np.uint64(29)
        return mixed

    def same(self, other: Bytes, at: Any) -> bool:
        """Whether these are, one by one, what the other has `at` those places."""
        return np.array_equal(self.widths, other.widths[at]) and all(
            np.array_equal(mine, theirs[at])
            for mine, theirs in zip(self.words, other.words, strict=True)
        )


class Places:
    """Where each of the solution's ids (text, distinct) stands, found by its bytes."""

    def __init__(self, ids: np.ndarray) -> None:
        coded = [text.encode() for text in ids.tolist()]
        widths = np.array([len(text) for text in coded], dtype=np.int64)
        self.longest = int(widths.max(initial=0))
        # What stands in quotation marks, or may lose its margins, is no plain id.
        self.usable = 0 < self.longest <= LONGEST
        if self.usable:
            self._known = Bytes.cut(
                b"".join(coded), np.cumsum(widths) - widths, widths, self.longest
            )
            self._index = pd.Index(self._known.mixed())
            self.usable = self._index.is_unique

    def find(
        self, buffer: bytes, starts: np.ndarray, ends: np.ndarray, expected: int
    ) -> np.ndarray:
        """The places of the ids that stand there; NotPlain where one is none of ours. Most files keep the
        order they were given, so the stretch from `expected` is tried first."""
        widths = ends - starts
        if widths.min() < 1 or widths.max() > self.longest:
            raise NotPlain
        said = Bytes.cut(buffer, starts, widths, self.longest)
        stretch = slice(expected, expected + len(starts))
        if said.same(self._known, stretch):
            return np.arange(stretch.start, stretch.stop)
        at = np.asarray(self._index.get_indexer(said.mixed()))
        # Two texts may share 64 bits; that they are the same is seen by their bytes.
        if at.min() < 0 or not said.same(self._known, at):
            raise NotPlain
        return at


def located(
    file: BinaryIO, header: list[str], dtype: dict[str, Any], places: Places
) -> Generator[tuple[np.ndarray, pd.DataFrame], None, None]:
    """Piece after piece: the place of each row among the ids, and its other columns, typed by `dtype`.

    The id is the first column. Raises NotPlain, or ValueError for a value that is not of its type.
    """
    if not places.usable or b'"' in file.readline():
        raise NotPlain
    begun: deque[Future[tuple[np.ndarray, pd.DataFrame]]] = deque()
    pool = ThreadPoolExecutor(AT_ONCE, "predictions")
    try:
        for rows, piece in _pieces(file):
            begun.append(pool.submit(_located, piece, rows, header, dtype, places))
            if len(begun) > AT_ONCE:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _pieces(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Whole lines, some megabytes of them at a time, and how many came before."""
    rows, rest, block = 0, b"", b"-"
    while block:
        block = file.read(_PIECE)
        whole, newline, left = (rest + block).rpartition(b"\n")
        rest, piece = (left, whole + newline) if block else (b"", rest + b"\n" if rest else b"")
        if piece:
            yield rows, piece
            rows += piece.count(b"\n")


def _located(
    piece: bytes, rows: int, header: list[str], dtype: dict[str, Any], places: Places
) -> tuple[np.ndarray, pd.DataFrame]:
    starts, ends = _first_fields(piece, len(header))
    at = places.find(piece, starts, ends, rows)
    table = pd.read_csv(
        io.BytesIO(piece),
        names=header,
        header=None,
        usecols=header[1:],
        dtype=dtype,
        na_filter=False,
        skipinitialspace=True,
        engine="c",
    )
    if len(table) != len(at):
        raise NotPlain
    return at, table


def _first_fields(piece: bytes, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the first field of each line begins and ends. Every line ends with a line feed and has its
    `columns`; else NotPlain."""
    if b'"' in piece or (b"\r" in piece and piece.count(b"\r") != piece.count(b"\r\n")):
        raise NotPlain
    text = np.frombuffer(piece, dtype=np.uint8)
    lines = np.flatnonzero(text == ord("\n"))
    commas = np.flatnonzero(text == ord(","))
    if len(commas) != len(lines) * (columns - 1):
        raise NotPlain
    starts = np.concatenate([[0], lines[:-1] + 1])
    first, last = commas[:: columns - 1], commas[columns - 2 :: columns - 1]
    if (first < starts).any() or (last > lines).any():
        raise NotPlain
    return starts, first
