"""What a jailed child sends back: tagged frames on a pipe, read as the word of an enemy.

A frame is a four-letter tag, the payload's length (32-bit little-endian) and the payload.
    SEEN  predictions for the sample rows as npy 1.0, before the note
    NOTE  JSON: the sample phase is over, here is what it found
    PRED  predictions as npy 1.0
    PROB  what may follow them: the probabilities behind the labels, in the form of a FOLD
    MODL  the model of a training run: bytes that are never opened outside the jail
    FOLD  of a cross-validation, one fold's predictions: any number of them, before the last frame
    BLOB  a database built by an instructor's script: bytes that only the jail opens again
    JSON  the result of a code run, or of a query on one case
    FAIL  JSON: why there is no result
The trusted side parses with its own small reader: no pickle, no eval, no numpy header parser.
"""

from __future__ import annotations

import json
import re
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

TAGS = (b"SEEN", b"NOTE", b"PRED", b"PROB", b"MODL", b"FOLD", b"BLOB", b"JSON", b"FAIL")
HEADER = struct.Struct("<4sI")
_LENGTH = struct.Struct("<I")
SMALL = 64 * 1024  # the largest NOTE or FAIL
NPY_MAGIC = b"\x93NUMPY\x01\x00"
NPY_HEADER = 512
LONGEST_LABEL = 64
MOST_CLASSES = 1000
DEEPEST_JSON = 32

_NPY = re.compile(
    rb"\{'descr': '(?P<kind>[<|][fibU]\d{1,3})', 'fortran_order': False, "
    rb"'shape': \((?P<rows>\d{1,9}),(?: (?P<columns>\d{1,4}))?\), \} *\n"
)


class BadFrame(ValueError):
    """The child broke the form of a frame; `category` names the learner's mistake, if any."""

    def __init__(self, reason: str, category: str = "bad_frame") -> None:
        super().__init__(reason)
        self.category = category


class Reader:
    """Collects bytes from the pipe and gives the frames that are complete."""

    def __init__(self, result_bytes: int) -> None:
        self._buffer = bytearray()
        self._result_bytes = result_bytes
        self.too_big = False

    def feed(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """Frames completed by `data`. Raises BadFrame; sets `too_big` and stops on a giant."""
        self._buffer += data
        frames: list[tuple[bytes, bytes]] = []
        while len(self._buffer) >= HEADER.size:
            tag, length = HEADER.unpack_from(self._buffer)
            if tag not in TAGS:
                raise BadFrame(f"unknown tag {bytes(tag)!r}")
            if length > (SMALL if tag in (b"NOTE", b"FAIL") else self._result_bytes):
                self.too_big = True
                return frames
            if len(self._buffer) < HEADER.size + length:
                break
            end = HEADER.size + length
            frames.append((bytes(tag), bytes(self._buffer[HEADER.size : end])))
            del self._buffer[:end]
        return frames

    def pending(self) -> bool:
        """Whether bytes of an incomplete frame are left."""
        return bool(self._buffer)


def frame(tag: bytes, payload: bytes) -> bytes:
    """`payload` framed for the pipe (the jail's side)."""
    return HEADER.pack(tag, len(payload)) + payload


def read_json(payload: bytes) -> Any:
    """Plain JSON: no NaN, no deep nesting. Raises BadFrame."""
    try:
        value = json.loads(payload, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadFrame(f"not JSON: {error}") from None
    _check_depth(value, DEEPEST_JSON)
    return value


def _no_constant(name: str) -> None:
    raise BadFrame(f"{name} is not JSON")


def _check_depth(value: Any, left: int) -> None:
    if left == 0:
        raise BadFrame(f"nested deeper than {DEEPEST_JSON}")
    if isinstance(value, dict):
        for item in value.values():
            _check_depth(item, left - 1)
    elif isinstance(value, list):
        for item in value:
            _check_depth(item, left - 1)


def read_predictions(payload: bytes, rows: int, columns: int | None = None) -> np.ndarray:
    """The array of a PRED frame: `rows` values, or (`rows`, `columns`) probabilities.

    dtype float64, int64, bool or a string of at most 64 characters. Raises BadFrame whose
    category says what is wrong: bad_frame, wrong_length, wrong_shape, wrong_type, not_finite.
    """
    import numpy as np

    kind, shape, data = _read_npy_header(payload)
    if shape[0] != rows:
        raise BadFrame(f"{shape[0]} predictions for {rows} rows", "wrong_length")
    if len(shape) != (1 if columns is None else 2) or (columns and shape[1] != columns):
        raise BadFrame(f"shape {shape}", "wrong_shape")
    dtype = np.dtype(kind)
    count = rows * (columns or 1)
    if len(data) != count * dtype.itemsize:
        raise BadFrame("more or fewer bytes than the header says")
    array = np.frombuffer(data, dtype).reshape(shape)
    if dtype.kind == "U":
        _check_characters(array)
    if dtype.kind == "b" and np.any(array.view(np.uint8) > 1):
        raise BadFrame("a boolean that is neither 0 nor 1")
    if dtype.kind == "f" and not np.isfinite(array).all():
        raise BadFrame("NaN or infinity", "not_finite")
    return array


def fold(classes: list[Any] | None, npy: bytes) -> bytes:
    """The payload of a FOLD or PROB frame (the jail's side)."""
    about = json.dumps({"classes": classes}).encode()
    return _LENGTH.pack(len(about)) + about + npy


def read_fold(payload: bytes, rows: int, proba: bool) -> tuple[np.ndarray, list[Any] | None]:
    """Predictions of one fold, and the classes of their columns (`proba`). Raises BadFrame."""
    if len(payload) < _LENGTH.size:
        raise BadFrame("a fold without its head")
    end = _LENGTH.size + _LENGTH.unpack_from(payload)[0]
    if end > min(SMALL, len(payload)):
        raise BadFrame("a fold whose head has no end")
    about = read_json(payload[_LENGTH.size : end])
    if not isinstance(about, dict):
        raise BadFrame("a fold's head in another form")
    classes = read_classes(about.get("classes")) if proba else None
    return read_predictions(payload[end:], rows, len(classes) if classes else None), classes


def _read_npy_header(payload: bytes) -> tuple[str, tuple[int, ...], bytes]:
    start = len(NPY_MAGIC) + 2
    if not payload.startswith(NPY_MAGIC) or len(payload) < start:
        raise BadFrame("not npy 1.0")
    length = int.from_bytes(payload[len(NPY_MAGIC) : start], "little")
    if length > NPY_HEADER:
        raise BadFrame(f"header of {length} bytes")
    match = _NPY.fullmatch(payload[start : start + length])
    if not match:
        raise BadFrame("header in another form")
    kind = match["kind"].decode()
    if not (kind in ("<f8", "<i8", "|b1") or 1 <= _label_length(kind) <= LONGEST_LABEL):
        raise BadFrame(f"dtype {kind}", "wrong_type")
    shape = tuple(int(part) for part in (match["rows"], match["columns"]) if part is not None)
    return kind, shape, payload[start + length :]


def _label_length(kind: str) -> int:
    return int(kind[2:]) if kind.startswith("<U") else 0


def _check_characters(array: np.ndarray) -> None:
    """numpy believes any 32-bit number to be a character; Python would fail on it later."""
    import numpy as np

    codes = np.ascontiguousarray(array).view(np.uint32)
    if np.any(codes > 0x10FFFF) or np.any((codes >= 0xD800) & (codes <= 0xDFFF)):
        raise BadFrame("a label with characters that do not exist")


def read_classes(value: Any) -> list[str | int | float | bool]:
    """The labels of probability columns: short strings or plain numbers. Raises BadFrame."""
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_CLASSES:
        raise BadFrame("classes are not a list of labels")
    for label in value:
        short = isinstance(label, str) and len(label) <= LONGEST_LABEL
        number = isinstance(label, (int, float)) and abs(label) < 2**63
        if not (short or number):
            raise BadFrame("a class label is neither a short string nor a number")
    return value
