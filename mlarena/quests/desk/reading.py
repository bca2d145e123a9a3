"""An instructor's CSV as a table, in the worker only: any usual encoding and separator, faults in words."""

from __future__ import annotations

import csv
import io
import math
import re
from typing import Any

import pandas as pd

from mlarena.scoring.predictions.faults import listed, quoted, unusable
from mlarena.scoring.predictions.table import explained

FEWEST_ROWS = 40
MOST_ROWS = 500_000
MOST_COLUMNS = 500
LONGEST_NAME = 64
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_FORMULA = re.compile(r"\s*(?:[=@]|[+\-][A-Za-z(=@'\"])")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")
_NO_CSV = (
    b"PK\x03\x04",  # a workbook, a zip
    b"\x1f\x8b",
    b"\xd0\xcf\x11\xe0",
    b"%PDF",
)


def read_table(content: bytes) -> tuple[pd.DataFrame, list[str]]:
    """The table, and what was done to read it. Raises FileFault for what is no table to learn from."""
    text, encoding = _decoded(content)
    separator = _separator(text)
    header = _header(text, separator)
    table = _parsed(text, separator)
    notes = []
    if encoding != "UTF-8":
        notes.append(f"It was read as {encoding}.")
    if separator != ",":
        notes.append(f"Its columns are apart by {_SEPARATORS[separator]}.")
    if separator != "," and _has_decimal_commas(table):
        table = _parsed(text, separator, decimal=",")
        notes.append("Its decimals are written with a comma.")
    table.columns = pd.Index(header)
    table, done = _tidied(table)
    _refuse_formulas(table)
    return table, notes + done


def _decoded(content: bytes) -> tuple[str, str]:
    if not content.strip():
        raise unusable("The file is empty")
    if content.startswith(_NO_CSV):
        raise unusable("This is no CSV file. In a spreadsheet, choose “Save as … CSV”")
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for name in ("UTF-16",) if marked else ("UTF-8-SIG", "Windows-1252", "Latin-1"):
        try:
            text = content.decode(name)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text.lstrip("\ufeff"), name.removesuffix("-SIG")
    raise unusable("This is no text. Save it as CSV (UTF-8)")


def _separator(text: str) -> str:
    """The one that the first line has most of, outside of quotation marks."""
    first = re.sub(r'"[^"]*"', "", text.lstrip().split("\n", 1)[0])
    return max(_SEPARATORS, key=first.count)


def _header(text: str, separator: str) -> list[str]:
    try:
        rows = csv.reader(io.StringIO(text.lstrip("\r\n"), newline=""), delimiter=separator)
        header = [" ".join(name.split()) for name in next(rows)]
        first = next(rows, [])
    except (csv.Error, StopIteration) as error:
        raise unusable(f"The first lines are not CSV: {error}") from None
    if len(header) == 1:
        raise unusable(
            "The file has one column. It takes a target and at least one column to learn from, apart by "
            "commas, semicolons or tabs"
        )
    if len(header) > MOST_COLUMNS:
        raise unusable(f"The file has {len(header):,} columns; {MOST_COLUMNS} is the most")
    if empty := [str(place) for place, name in enumerate(header, 1) if not name]:
        raise unusable(f"The first line gives no name to column {listed(empty[:5])}")
    lowered = [name.lower() for name in header]
    if twice := sorted({name for name in header if lowered.count(name.lower()) > 1}):
        raise unusable(f"The first line names a column twice: {listed(twice[:5])}")
    if long := [name for name in header if len(name) > LONGEST_NAME]:
        raise unusable(f"The name {quoted(long[0])} is longer than {LONGEST_NAME} characters")
    if odd := [name for name in header if _FORMULA.match(name) or not name.isprintable()]:
        raise unusable(f"The column name {quoted(odd[0])} begins like a formula; call it otherwise")
    if all(_is_number(name) for name in header):
        raise unusable("The first line holds numbers; it must name the columns")
    # pandas would take the surplus of the first row for names of rows, and say nothing.
    if len(first) > len(header):
        raise unusable(
            f"Line 2 has {len(first)} fields where the first line names {len(header)} columns; a "
            "separator inside a value needs quotation marks around it"
        )
    return header


def _parsed(text: str, separator: str, decimal: str = ".") -> pd.DataFrame:
    try:
        table = pd.read_csv(
            io.StringIO(text),
            sep=separator,
            decimal=decimal,
            index_col=False,
            low_memory=False,
            nrows=MOST_ROWS + 1,
            on_bad_lines="error",
        )
    except pd.errors.EmptyDataError:
        raise unusable("The file is empty") from None
    except pd.errors.ParserError as error:
        raise explained(str(error)) from None
    except (ValueError, OverflowError) as error:
        raise unusable(f"The file is not a CSV table ({str(error)[:120]})") from None
    if len(table) > MOST_ROWS:
        raise unusable(f"The file has more than {MOST_ROWS:,} rows")
    return table


def _has_decimal_commas(table: pd.DataFrame) -> bool:
    for name in table.columns:
        if table[name].dtype.kind not in "OU" and str(table[name].dtype) not in ("object", "str"):
            continue
        values = table[name].dropna().astype(str).str.strip()
        if len(values) and values.str.fullmatch(_DECIMAL_COMMA).mean() > 0.5:
            return True
    return False


def _tidied(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Columns as learners will read them back; raises FileFault for values that no model takes."""
    notes = []
    blank = table.isna().all(axis=1)
    if blank.any():
        table = table[~blank]
        notes.append(f"{int(blank.sum()):,} empty rows are left out.")
    table = table.reset_index(drop=True)
    if len(table) < FEWEST_ROWS:
        raise unusable(
            f"The file has {len(table):,} rows; {FEWEST_ROWS} is the least that can be cut in two"
        )
    yes_no = [name for name in table.columns if table[name].dtype.kind == "b"]
    if yes_no:
        table = table.astype(dict.fromkeys(yes_no, "int64"))
        notes.append(f"True and false became 1 and 0 in {listed(yes_no[:5])}.")
    for name in table.columns:
        column = table[name]
        if column.isna().all():
            raise unusable(f"The column {quoted(name)} has no value at all; leave it out")
        if column.dtype.kind == "f" and math.isinf(column.abs().max()):
            raise unusable(f"The column {quoted(name)} holds an infinite number")
    return table, notes


def _refuse_formulas(table: pd.DataFrame) -> None:
    """A learner opens the download in a spreadsheet: what it would run there has no place in it."""
    for name in table.columns:
        column = table[name]
        if column.dtype.kind in "biufc":
            continue
        words = column.dropna().astype(str)
        bad = words[words.str.match(_FORMULA)]
        if len(bad):
            # + 2: lines count from 1, and the first has the names.
            where = f"row {int(bad.index[0]) + 2}"
            raise unusable(
                f"A spreadsheet would take {quoted(bad.iloc[0])} in the column {quoted(name)} ({where}) "
                "for a formula. Save the values, not the formulas, or begin the cell with another character"
            )


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True
