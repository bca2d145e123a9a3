"""A table on its way into the jail, as the frame `pandas.read_csv` makes of the download.

The CSV is read once on the trusted side; what travels is its columns in binary, so that a child
neither parses text nor guesses types. A column that does not fit the binary form (mixed types)
sends the whole table as its CSV: slower, and exact by construction.
"""

from __future__ import annotations

import io
import json
import os
import struct
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

MAGIC = b"MLATABLE"
_LENGTH = struct.Struct("<I")
_PLAIN = ("float64", "int64", "bool", "uint64")
_ALIGNMENT = 64


class Table:
    """Rows and named columns, given as CSV (UTF-8, a header line)."""

    def __init__(self, csv: bytes) -> None:
        self.csv = csv

    @classmethod
    def from_csv(cls, source: bytes | str | os.PathLike[str]) -> Table:
        """From the CSV itself (bytes) or the path of a CSV file."""
        if isinstance(source, bytes):
            return cls(source)
        return cls(Path(source).read_bytes())

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> Table:
        """From a frame: what a learner would read from `frame.to_csv(index=False)`."""
        return cls(frame.to_csv(index=False).encode())

    @cached_property
    def frame(self) -> pd.DataFrame:
        """What `pandas.read_csv` makes of it. Shared: do not change it."""
        import pandas as pd

        return pd.read_csv(io.BytesIO(self.csv))

    @property
    def rows(self) -> int:
        return len(self.frame)

    @property
    def columns(self) -> list[str]:
        return [str(name) for name in self.frame.columns]

    @cached_property
    def encoded(self) -> bytes:
        """The binary form, made once."""
        return _encode(self.frame) or _with_header({"csv": True}, [self.csv])


def decode(data: bytes) -> pd.DataFrame:
    """The frame of an encoded table (runs inside the jail)."""
    import pandas as pd

    if not data.startswith(MAGIC):
        raise ValueError("not a table")
    start = len(MAGIC) + _LENGTH.size
    end = start + _LENGTH.unpack_from(data, len(MAGIC))[0]
    header = json.loads(data[start:end])
    body = memoryview(data)[_aligned(end) :]
    if header.get("csv"):
        return pd.read_csv(io.BytesIO(body))
    rows, columns = header["rows"], header["columns"]
    if columns and len({kind for _, kind, _ in columns}) == 1 and columns[0][1] in _PLAIN:
        return _one_block(body, rows, columns)
    series = {}
    for name, kind, words in columns:
        series[name], body = _take(body, rows, kind, words)
    return pd.DataFrame(series)


def _encode(frame: pd.DataFrame) -> bytes | None:
    columns: list[tuple[str, str, list[str] | None]] = []
    parts: list[bytes] = []
    for name, series in frame.items():
        kind = str(series.dtype)
        if kind in _PLAIN:
            columns.append((str(name), kind, None))
            parts.append(series.to_numpy().tobytes())
        elif kind == "str":
            codes, words = _codes(series)
            columns.append((str(name), kind, words))
            parts.append(codes.tobytes())
        else:
            return None
    return _with_header({"rows": len(frame), "columns": columns}, parts)


def _codes(series: pd.Series) -> tuple[np.ndarray, list[str]]:
    """Each distinct word once, and the number of its word per row (-1 for a missing value)."""
    import numpy as np
    import pandas as pd

    codes, words = pd.factorize(series)
    return codes.astype(np.int32), [str(word) for word in words]


def _with_header(header: dict[str, Any], parts: list[bytes]) -> bytes:
    text = json.dumps(header).encode()
    start = len(MAGIC) + _LENGTH.size + len(text)
    padding = bytes(_aligned(start) - start)
    return b"".join([MAGIC, _LENGTH.pack(len(text)), text, padding, *parts])


def _aligned(offset: int) -> int:
    return -(-offset // _ALIGNMENT) * _ALIGNMENT


def _one_block(body: memoryview, rows: int, columns: list[list[Any]]) -> pd.DataFrame:
    """All columns of one plain type are one block, as read_csv makes it; copied to be writable."""
    import numpy as np
    import pandas as pd

    block = np.frombuffer(body, columns[0][1]).reshape(len(columns), rows).copy()
    return pd.DataFrame(block.T, columns=[name for name, _, _ in columns], copy=False)


def _take(
    body: memoryview, rows: int, kind: str, words: list[str] | None
) -> tuple[Any, memoryview]:
    import numpy as np
    import pandas as pd

    if words is None:
        size = rows * np.dtype(kind).itemsize
        return np.frombuffer(body[:size], kind).copy(), body[size:]
    codes = np.frombuffer(body[: rows * 4], np.int32)
    values = np.array([*words, np.nan], dtype=object)[codes]
    return pd.array(values, dtype="str"), body[rows * 4 :]
