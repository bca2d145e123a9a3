"""Which row is held out when: the folds of a cross-validation."""

from __future__ import annotations

from typing import Any

import numpy as np

SEED = 20_261_121


def deal(rows: int, count: int, classes: Any = None) -> np.ndarray:
    """The number (0 to `count` - 1) of each row's fold, as bytes, the same at every call.

    Folds differ by one row at most. With `classes` (one label a row) each class is spread over the
    folds as evenly as it can be, small ones too.
    """
    if not 2 <= count <= min(rows, 255):
        raise ValueError(f"{rows} rows cannot be dealt to {count} folds")
    order = np.random.default_rng(SEED).permutation(rows)
    if classes is not None:
        codes = np.unique(np.asarray(classes).astype(str), return_inverse=True)[1].reshape(-1)
        order = order[np.argsort(codes[order], kind="stable")]
    folds = np.empty(rows, np.uint8)
    folds[order] = np.arange(rows) % count
    return folds
