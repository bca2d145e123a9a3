"""Random numbers that depend on the installation's secret.

Each part of a data set ("train", "hidden", …) has a generator of its own, keyed by an HMAC of the
secret. A generator is not a cipher: whoever recovered its state from the published rows would know
everything that it draws. With a key per part, the published rows say nothing of the hidden ones.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

MIN_SECRET_BYTES = 16


def generator(secret: bytes, *purpose: str | int) -> np.random.Generator:
    """The random generator of one purpose; the same secret and purpose give the same numbers.

    Raises ValueError for a secret below 16 bytes: it could be guessed by trying.
    """
    import numpy as np

    if len(secret) < MIN_SECRET_BYTES:
        raise ValueError(f"the data set secret needs at least {MIN_SECRET_BYTES} bytes")
    message = "\0".join(["mlarena dataset", *map(str, purpose)]).encode()
    digest = hmac.digest(secret, message, hashlib.sha256)
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest)))
