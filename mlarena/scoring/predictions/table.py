"""A CSV file read in pieces, with its header checked first. What pandas says of a bad file, in words."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from difflib import get_close_matches
from typing import Any, BinaryIO

import pandas as pd

from mlarena.scoring.predictions.faults import FileFault, listed, quoted, unusable

CHUNK_ROWS = 1 << 18
_HEAD = 1 << 16
_MOST_COLUMNS = 2_000
_FIELDS = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")
_UNCLOSED = re.compile(r"EOF inside string starting at row (\d+)")


def read_header(file: BinaryIO) -> list[str]:
    """The names in the first line; leaves `file` at its beginning. Raises FileFault."""
    head = file.read(_HEAD)
    file.seek(0)
    if not head.strip():
        raise unusable("The file is empty")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in head:
        raise unusable("The file is not UTF-8 text; save it as CSV (UTF-8)")
    # A character that the cut went through is at the end, beyond the first lines.
    lines = io.StringIO(head.decode("utf-8-sig", errors="replace"), newline="")
    try:
        rows = csv.reader(lines)
        header = [name.strip() for name in next(rows)]
        first = next(rows, [])
    except csv.Error as error:
        raise unusable(f"The first lines are not CSV: {error}") from None
    for other in ";\t":
        if len(header) == 1 and other in header[0]:
            name = "semicolons" if other == ";" else "tabs"
            raise unusable(f"The columns are apart by {name}; use commas")
    if len(header) > _MOST_COLUMNS:
        raise unusable(f"The first line has {len(header):,} columns")
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise unusable(f"The first line names a column twice: {listed(twice)}")
    # pandas drops the surplus of the first row with no more than a warning.
    if len(first) > len(header) and any(first[len(header) :]):
        raise unusable(_fields(2, len(first), len(header)))
    return header


def check_header(header: list[str], wanted: list[str]) -> None:
    """Exactly the wanted columns, in any order; raises FileFault naming those that differ."""
    missing = [name for name in wanted if name not in header]
    surplus = [name for name in header if name not in wanted]
    said = []
    if missing:
        said.append(f"the column{_s(missing)} {listed(missing[:5])} {_are(missing)} missing")
    if surplus:
        said.append(f"the column{_s(surplus)} {listed(surplus[:5])} {_are(surplus)} not asked for")
    if not said:
        return
    meant = [
        f"{quoted(near[0])} for {quoted(name)}"
        for name in missing[:3]
        if (near := get_close_matches(name.lower(), [s.lower() for s in surplus], 1, 0.7))
    ]
    hint = f" (did you write {' and '.join(meant)}?)" if meant else ""
    first = ",".join(wanted) if len(wanted) <= 10 else ",".join(wanted[:10]) + ",…"
    what = " and ".join(said)
    raise unusable(f"{what[0].upper()}{what[1:]}{hint}; the first line must be {quoted(first)}")


def pieces(
    file: BinaryIO, header: list[str], dtype: Any, rows: int = CHUNK_ROWS
) -> Iterator[pd.DataFrame]:
    """The file as tables of at most `rows` rows. Nothing is taken for a missing value.

    Raises FileFault for what is no table, ValueError or OverflowError for a value that is not of `dtype`.
    """
    try:
        with pd.read_csv(
            file,
            names=header,
            header=0,
            index_col=False,
            dtype=dtype,
            na_filter=False,
            skipinitialspace=True,
            chunksize=rows,
            encoding="utf-8",
            engine="c",
        ) as reader:
            yield from reader
    except pd.errors.EmptyDataError:
        raise unusable("The file is empty") from None
    except pd.errors.ParserError as error:
        raise explained(str(error)) from None
    except UnicodeDecodeError:
        raise unusable("The file is not UTF-8 text; save it as CSV (UTF-8)") from None


def ahead(found: Iterator[pd.DataFrame]) -> Generator[pd.DataFrame, None, None]:
    """The same pieces, each made on a thread while the one before is looked at. To be closed before anybody
    else touches the file."""
    with ThreadPoolExecutor(1, "predictions") as pool:
        coming = pool.submit(next, found, None)
        while (piece := coming.result()) is not None:
            coming = pool.submit(next, found, None)
            yield piece


def texts(file: BinaryIO, header: list[str], rows: int = CHUNK_ROWS) -> Iterator[pd.DataFrame]:
    """The file as tables of text: nothing is taken for a number or a date either."""
    return pieces(file, header, object, rows)


def explained(error: str) -> FileFault:
    """What pandas says of a file that is no table, in words."""
    if found := _FIELDS.search(error):
        columns, line, fields = (int(number) for number in found.groups())
        return unusable(_fields(line, fields, columns))
    if found := _UNCLOSED.search(error):
        return unusable(f"A quotation mark opened in line {int(found[1]) + 1} is never closed")
    return unusable(f"The file is not a CSV table ({error.strip().splitlines()[-1][:120]})")


def _fields(line: int, fields: int, columns: int) -> str:
    return (
        f"Line {line} has {fields} fields where the first line names {columns} "
        f"column{'' if columns == 1 else 's'}; a comma inside a value needs quotation marks around it"
    )


def _s(names: list[str]) -> str:
    return "" if len(names) == 1 else "s"


def _are(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"
