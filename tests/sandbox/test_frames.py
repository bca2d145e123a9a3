"""The reader of what a child sends takes exactly one form, whatever the bytes."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlarena.sandbox import frames

pytestmark = pytest.mark.pure


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, (1, 0), allow_pickle=False)
    return buffer.getvalue()


def with_header(text: str, data: bytes = bytes(24), version: bytes = b"\x01\x00") -> bytes:
    header = text.encode().ljust(118) + b"\n"
    return b"\x93NUMPY" + version + len(header).to_bytes(2, "little") + header + data


@pytest.mark.parametrize(
    "array",
    [
        np.array([1.5, -2.0, 3.0]),
        np.array([1, 2, 3]),
        np.array([True, False, True]),
        np.array(["yes", "nö", "😀"]),
        np.array(["", "a", "b" * 64]),
    ],
)
def test_honest_answers_are_read(array: np.ndarray) -> None:
    found = frames.read_predictions(npy(array), 3)
    assert found.dtype == array.dtype
    assert found.tolist() == array.tolist()


def test_probabilities_are_read_with_their_columns() -> None:
    matrix = np.full((3, 2), 0.5)
    assert frames.read_predictions(npy(matrix), 3, 2).tolist() == matrix.tolist()
    for rows, columns, category in (
        (4, 2, "wrong_length"),
        (3, 3, "wrong_shape"),
        (3, None, "wrong_shape"),
    ):
        with pytest.raises(frames.BadFrame) as bad:
            frames.read_predictions(npy(matrix), rows, columns)
        assert bad.value.category == category


FLOATS = "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }"


@pytest.mark.parametrize(
    ("payload", "category"),
    [
        (b"", "bad_frame"),
        (b"\x93NUMPY", "bad_frame"),
        (with_header(FLOATS, version=b"\x02\x00"), "bad_frame"),
        (with_header(FLOATS, version=b"\x03\x00"), "bad_frame"),
        (with_header(FLOATS, bytes(25)), "bad_frame"),
        (with_header(FLOATS, bytes(23)), "bad_frame"),
        (with_header(FLOATS.replace("(3,)", "(999999999,)")), "wrong_length"),
        (with_header(FLOATS.replace("(3,)", "(9999999999,)")), "bad_frame"),
        (with_header(FLOATS.replace("(3,)", "(-3,)")), "bad_frame"),
        (with_header(FLOATS.replace("(3,)", "(3, 1, 1)")), "bad_frame"),
        (with_header(FLOATS.replace("(3,)", "()")), "bad_frame"),
        (with_header(FLOATS.replace("(3,)", "(4,)"), bytes(32)), "wrong_length"),
        (with_header(FLOATS.replace("False", "True")), "bad_frame"),
        (with_header(FLOATS.replace("<f8", "|O")), "bad_frame"),
        (with_header(FLOATS.replace("<f8", ">f8")), "bad_frame"),
        (with_header(FLOATS.replace("<f8", "<f2"), bytes(6)), "wrong_type"),
        (with_header(FLOATS.replace("<f8", "<U65"), bytes(780)), "wrong_type"),
        (with_header(FLOATS.replace("<f8", "<U0"), b""), "wrong_type"),
        (with_header(FLOATS.replace("<f8", "<U2"), b"\xff" * 24), "bad_frame"),
        (with_header(FLOATS.replace("<f8", "<U2"), b"\x00\xd8\x00\x00" * 6), "bad_frame"),
        (with_header(FLOATS.replace("<f8", "|b1"), b"\x02\x00\x01"), "bad_frame"),
        (with_header("__import__('os').abort()"), "bad_frame"),
        (b"\x93NUMPY\x01\x00\xff\xff" + b" " * 65535, "bad_frame"),
        (npy(np.array([1.0, np.nan, 2.0])), "not_finite"),
        (npy(np.array([1.0, np.inf, 2.0])), "not_finite"),
        (npy(np.array([1.0, -np.inf, 2.0])), "not_finite"),
        (npy(np.array([b"a", b"b", b"c"])), "bad_frame"),
        (npy(np.array([1j, 2, 3])), "bad_frame"),
        (npy(np.array(["2020", "2021", "2022"], "M8[D]")), "bad_frame"),
    ],
)
def test_forged_answers_are_refused(payload: bytes, category: str) -> None:
    with pytest.raises(frames.BadFrame) as bad:
        frames.read_predictions(payload, 3)
    assert bad.value.category == category


@given(st.binary(max_size=400))
@settings(max_examples=200)
def test_no_bytes_do_anything_but_be_refused(data: bytes) -> None:
    for read in (
        lambda: frames.read_predictions(data, 3),
        lambda: frames.read_predictions(with_header(FLOATS)[:60] + data, 3),
        lambda: frames.read_json(data),
        lambda: frames.Reader(1000).feed(data),
    ):
        try:
            read()
        except frames.BadFrame:
            continue


@given(
    st.lists(st.tuples(st.sampled_from([b"NOTE", b"PRED", b"FAIL"]), st.binary(max_size=50))),
    st.data(),
)
@settings(max_examples=60)
def test_frames_arrive_whole_however_they_are_cut(
    sent: list[tuple[bytes, bytes]], data: st.DataObject
) -> None:
    stream = b"".join(frames.frame(tag, payload) for tag, payload in sent)
    reader = frames.Reader(1000)
    found = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += reader.feed(stream[:size])
        stream = stream[size:]
    assert found == sent
    assert not reader.pending()


def test_a_giant_is_noticed_by_its_header() -> None:
    reader = frames.Reader(100)
    assert reader.feed(b"PRED" + (101).to_bytes(4, "little")) == []
    assert reader.too_big


@pytest.mark.parametrize(
    "text", ["NaN", "[Infinity]", "[" * 5000, "[" * 40 + "]" * 40, "9" * 5000, "{"]
)
def test_json_is_plain_and_shallow(text: str) -> None:
    with pytest.raises(frames.BadFrame):
        frames.read_json(text.encode())


def test_classes_are_labels() -> None:
    assert frames.read_classes(["a", 1, 2.5, True]) == ["a", 1, 2.5, True]
    wrong: list[Any] = [None, [], {}, [None], [[1]], ["x" * 65], [2**64], ["a"] * 1001, "ab"]
    for value in wrong:
        with pytest.raises(frames.BadFrame):
            frames.read_classes(value)
    with pytest.raises(frames.BadFrame):
        frames.read_classes(frames.read_json(json.dumps({"a": 1}).encode()))
