"""Files that are kept for a while and then forgotten: an upload that is looked at first, rows shown once.

A blob is named by its content and may belong to many, so none can be deleted for one of them. What is
kept apart begins with random bytes: it is nobody else's, and forgetting it takes nothing from anybody.
"""

from __future__ import annotations

import io
import secrets
import tempfile
from typing import BinaryIO, cast

from mlarena.core.storage import CHUNK, storage

_SALT = 32
_IN_MEMORY = 8 << 20


def keep(file: BinaryIO, most: int) -> str:
    """Store at most `most` bytes; the name to ask for them by. Raises TooLarge. The caller commits."""
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as salted:
        salted.write(secrets.token_bytes(_SALT))
        left = most + 1
        while left > 0 and (piece := file.read(min(CHUNK, left))):
            salted.write(piece)
            left -= len(piece)
        salted.seek(0)
        return storage().put(cast(BinaryIO, salted), most + _SALT).sha256


def keep_bytes(content: bytes) -> str:
    return keep(io.BytesIO(content), len(content))


def read(name: str) -> bytes:
    """Raises NotFound for what has been forgotten."""
    return storage().read(name)[_SALT:]


def forget(name: str) -> None:
    """The caller commits."""
    storage().delete(name)
