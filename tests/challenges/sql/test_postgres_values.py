"""PostgreSQL's text of records, arrays and intervals, read into cells."""

from __future__ import annotations

import pytest

from mlarena.challenges.sql.engines.postgres_values import read_row, reader, split_record

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("record", "fields"),
    [
        ("()", []),
        ("(1)", ["1"]),
        ("(,)", [None, None]),
        ('("",)', ["", None]),
        ('("a,b""c\\\\",x)', ['a,b"c\\', "x"]),
        ('("(1,""x y"")","{1,2}")', ['(1,"x y")', "{1,2}"]),
        ('(a," ","\n")', ["a", " ", "\n"]),
    ],
)
def test_records(record: str, fields: list[str | None]) -> None:
    assert split_record(record, len(fields)) == fields


@pytest.mark.parametrize(
    ("oid", "text", "cell"),
    [
        (16, "t", True),
        (20, "9223372036854775807", 2**63 - 1),
        (701, "1.5e-07", 1.5e-07),
        (701, "NaN", ["f", "nan"]),
        (701, "-Infinity", ["f", "-inf"]),
        (1700, "1.50", ["n", "1.50"]),
        (1700, "NaN", ["n", "NaN"]),
        (1082, "2012-07-01", ["d", "2012-07-01"]),
        (1082, "infinity", ["d", "infinity"]),
        (1114, "2012-07-01 08:00:00.5", ["ts", "2012-07-01 08:00:00.5"]),
        (1184, "2012-07-01 08:00:00+00", ["ts", "2012-07-01 08:00:00"]),
        (1186, "1 year 2 mons -3 days -04:05:06.7", ["i", [14, -3, -14706700000]]),
        (1186, "00:00:00", ["i", [0, 0, 0]]),
        (1186, "1 mon", ["i", [1, 0, 0]]),
        (1186, "-1 days", ["i", [0, -1, 0]]),
        (1186, "26:00:00", ["i", [0, 0, 93_600_000_000]]),
        (17, "\\x00ff", ["b", "00ff"]),
        (1042, "ab   ", "ab"),
        (25, "ab   ", "ab   "),
        (3802, '{"a": [1, 2.50, null, true], "b": "x"}',
         ["o", [["a", ["l", [1, ["n", "2.50"], None, True]]], ["b", "x"]]]),
        (1007, "{1,NULL,3}", ["l", [1, None, 3]]),
        (1007, "{}", ["l", []]),
        (1007, "{{1,2},{3,4}}", ["l", [["l", [1, 2]], ["l", [3, 4]]]]),
        (1007, "[0:1]={1,2}", ["l", [1, 2]]),
        (1009, '{a,"b,c","NULL","d\\"e"}', ["l", ["a", "b,c", "NULL", 'd"e']]),
        (1182, "{2012-07-01}", ["l", [["d", "2012-07-01"]]]),
        (3904, "[1,5)", "[1,5)"),  # a range: as the server shows it
    ],
)  # fmt: skip
def test_values(oid: int, text: str, cell: object) -> None:
    assert reader(oid)(text) == cell


def test_a_row() -> None:
    readers = [reader(23), reader(25), reader(1700)]
    assert read_row('(1,"a b",)', readers) == [1, "a b", None]
    with pytest.raises(ValueError, match="zip"):
        read_row("(1,2)", readers)
