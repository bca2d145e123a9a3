"""The quick reader of joblib files gives what joblib.load gives."""

from __future__ import annotations

import io
import pickle
from typing import Any

import joblib
import numpy as np
import pytest

from mlarena.sandbox.inside import joblib_stream

pytestmark = pytest.mark.pure

SHARED = np.arange(5.0)
THINGS: dict[str, Any] = {
    "array": SHARED,
    "twice": [SHARED, SHARED],
    "objects": np.array(["x", None, {"a": 1}], dtype=object),
    "fortran": np.asfortranarray(np.arange(6.0).reshape(3, 2)),
    "scalar": np.float64(3),
    "no elements": np.empty((0, 3)),
    "no dimension": np.array(7.5),
    "big-endian": np.arange(5, dtype=">f8"),
    "text": np.array(["aé", "b"]),
    "times": np.array(["2020-01-01"], "M8[ns]"),
    "records": np.zeros(3, [("a", "i4"), ("b", "f8")]),
    "matrix": np.asmatrix(np.eye(2)),
    "long text": "x" * 100_000,
    "sliced": np.arange(20.0)[::3],
}


def same(first: Any, second: Any) -> None:
    assert type(first) is type(second)
    if isinstance(first, list):
        for one, other in zip(first, second, strict=True):
            same(one, other)
    elif isinstance(first, np.ndarray):
        assert first.dtype == second.dtype
        assert first.flags.f_contiguous == second.flags.f_contiguous
        assert first.flags.writeable == second.flags.writeable
        np.testing.assert_array_equal(first, second)
    else:
        assert first == second


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize(
    "compress", [0, 3, ("gzip", 2), ("bz2", 2), ("xz", 1), ("lzma", 1)], ids=str
)
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_the_same_objects_as_joblib(compress: Any, protocol: int) -> None:
    buffer = io.BytesIO()
    joblib.dump(THINGS, buffer, compress=compress, protocol=protocol)
    expected = joblib.load(io.BytesIO(buffer.getvalue()))
    found = joblib_stream.load(buffer.getvalue())
    assert list(found) == list(expected)
    for name in THINGS:
        same(found[name], expected[name])


def test_plain_pickles_too() -> None:
    assert joblib_stream.load(pickle.dumps({"a": [1, "x"]})) == {"a": [1, "x"]}


def test_a_persistent_id_is_refused() -> None:
    with pytest.raises(pickle.UnpicklingError, match="persistent id"):
        joblib_stream.load(b"\x80\x04K\x01Q.")


def test_an_array_cut_short_is_an_early_end() -> None:
    buffer = io.BytesIO()
    joblib.dump(np.arange(1000.0), buffer)
    with pytest.raises(EOFError, match="inside an array"):
        joblib_stream.load(buffer.getvalue()[:-100])
