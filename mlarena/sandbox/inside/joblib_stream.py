"""Reads a joblib file with the C unpickler: the same objects as joblib.load, several times faster.

joblib writes an ordinary pickle, except that behind each array's wrapper object (its BUILD
opcode) the array's raw bytes stand in the stream. joblib.load uses Python's own unpickler to step
aside there. Here the wrapper reads its bytes when it is built, and one opcode is slipped in behind
it, BINPERSID, which hands the wrapper to `persistent_load` and puts what that returns, the array,
in its place. The C unpickler reads exactly what it needs from a file without `peek`, so the
position in the stream is right.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import zlib
from collections.abc import Callable
from typing import Any

import joblib
import numpy as np
from joblib.numpy_pickle import NumpyArrayWrapper

_DECOMPRESSORS: dict[bytes, Callable[[bytes], bytes]] = {
    b"\x1f\x8b": gzip.decompress,
    b"\x78": zlib.decompress,
    b"BZ": bz2.decompress,
    b"\xfd7zXZ": lzma.decompress,
    b"\x5d\x00": lzma.decompress,
}


class _NotThisForm(Exception):
    """A file of joblib before 0.10, or something that only looks like a file of joblib."""


class _Stream:
    """The bytes of a pickle, without `peek`, with room for one slipped-in opcode."""

    def __init__(self, data: bytes) -> None:
        self.file = io.BytesIO(data)
        self.readline = self.file.readline
        self._slipped_in = b""

    def slip_in(self, opcode: bytes) -> None:
        self._slipped_in = opcode

    def read(self, size: int = -1) -> bytes:
        if self._slipped_in:
            opcode, self._slipped_in = self._slipped_in, b""
            return opcode
        return self.file.read(size)


class _Unpickler(pickle.Unpickler):
    # what NumpyArrayWrapper.read() asks of the unpickler it is given
    np = np
    mmap_mode = None

    def __init__(self, stream: _Stream) -> None:
        super().__init__(stream)
        self.file_handle = stream.file
        unpickler = self

        class Wrapper(NumpyArrayWrapper):
            array: Any = None

            def __setstate__(self, state: dict[str, Any]) -> None:
                self.__dict__.update(state)
                self.array = _array(self, unpickler)
                stream.slip_in(pickle.BINPERSID)

        self._wrapper = Wrapper

    def find_class(self, module: str, name: str) -> Any:
        if module.startswith("joblib.numpy_pickle"):
            if (module, name) != ("joblib.numpy_pickle", "NumpyArrayWrapper"):
                raise _NotThisForm
            return self._wrapper
        return super().find_class(module, name)

    def persistent_load(self, wrapper: Any) -> Any:
        if not isinstance(wrapper, self._wrapper):
            raise pickle.UnpicklingError("a persistent id, which joblib never writes")
        return wrapper.array


def _array(wrapper: Any, unpickler: _Unpickler) -> Any:
    """The array whose bytes come next, read at once; what is out of the ordinary, by joblib."""
    dtype = wrapper.dtype
    if dtype.hasobject or not dtype.isnative or wrapper.subclass is not np.ndarray:
        return wrapper.read(unpickler, ensure_native_byte_order=True)
    file = unpickler.file_handle
    if wrapper.safe_get_numpy_array_alignment_bytes() is not None:
        file.seek(file.read(1)[0], io.SEEK_CUR)
    array = np.empty(wrapper.shape, dtype, order=wrapper.order)
    flat = array.T if wrapper.order == "F" else array
    if array.nbytes and file.readinto(flat.reshape(-1).view(np.uint8).data) != array.nbytes:
        raise EOFError("the file ends inside an array")
    return array


def decompressed(data: bytes) -> bytes:
    """`data` without the compression joblib may have put around it."""
    for magic, decompress in _DECOMPRESSORS.items():
        if data.startswith(magic):
            try:
                return decompress(data)
            except OSError as error:  # what gzip and bz2 raise for data that is not theirs
                raise pickle.UnpicklingError(f"broken compression: {error}") from error
    return data


def load(data: bytes) -> Any:
    """The object in the joblib file `data`, compressed or not. Raises what unpickling raises."""
    plain = decompressed(data)
    try:
        return _Unpickler(_Stream(plain)).load()
    except _NotThisForm:
        return joblib.load(io.BytesIO(data))
