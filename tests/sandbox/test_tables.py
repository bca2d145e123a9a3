"""A table arrives in the jail as read_csv would have made it, to the type."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlarena.sandbox import Table
from mlarena.sandbox.table import decode

pytestmark = pytest.mark.pure

CSVS = {
    "floats": "a,b\n1.5,2\n0.25,3\n",
    "whole numbers": "a,b\n1,2\n3,4\n",
    "text": "a,b\nx,1\ny,2\nx,3\n",
    "missing text and numbers": "a,b,c\nx,,1\n,2,2\ny,3,3\n",
    "booleans": "a,b\nTrue,1\nFalse,2\n",
    "missing booleans": "a,b\nTrue,1\n,2\n",
    "unicode": "größe,名\n1,é\n2,😀\n",
    "large numbers": "a\n18446744073709551615\n1\n",
    "repeated names": "a,a\n1,2\n",
    "quotes and lines": 'a,b\n"x,1\n2",""\n"""q""",z\n',
    "numbers as names": "0,1\n1.5,x\n",
    "no rows": "a,b\n",
    "one empty column": "a,b\n1,\n2,\n",
    "mixed": "a\n1\nx\n2.5\n",
}


@pytest.mark.parametrize("csv", CSVS.values(), ids=CSVS.keys())
def test_the_same_frame_as_read_csv(csv: str) -> None:
    table = Table.from_csv(csv.encode())
    expected = pd.read_csv(io.StringIO(csv))
    pd.testing.assert_frame_equal(decode(table.encoded), expected, check_exact=True)
    assert table.rows == len(expected)
    assert table.columns == [str(name) for name in expected.columns]


cells = st.one_of(
    st.integers(-(10**6), 10**6),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.text(st.characters(exclude_categories=["C"]), max_size=6),
    st.none(),
)


@given(st.lists(st.lists(cells, min_size=3, max_size=3), max_size=8))
@settings(max_examples=60)
def test_any_table_is_the_same_frame_as_read_csv(rows: list[list[object]]) -> None:
    csv = pd.DataFrame(rows, columns=["a", "b", "c"], dtype=object).to_csv(index=False)
    expected = pd.read_csv(io.StringIO(csv))
    table = Table.from_csv(csv.encode())
    pd.testing.assert_frame_equal(decode(table.encoded), expected, check_exact=True)


def test_the_frame_may_be_changed_by_a_pipeline() -> None:
    for csv in CSVS.values():
        frame = decode(Table.from_csv(csv.encode()).encoded)
        frame["new"] = 1
        if len(frame):
            frame.iloc[0, 0] = frame.iloc[-1, 0]


def test_from_a_file_and_from_a_frame(tmp_path: Path) -> None:
    path = tmp_path / "download.csv"
    path.write_text("a,b\n1,x\n")
    frame = Table.from_csv(path).frame
    pd.testing.assert_frame_equal(decode(Table.from_frame(frame).encoded), frame)
