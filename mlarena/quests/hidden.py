"""The hidden part of a data set, in the worker only: loaded once, kept by its content's name."""

from __future__ import annotations

import hmac
import io
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import select

from mlarena.core.db import db
from mlarena.core.installation import installation_secret
from mlarena.core.storage import storage
from mlarena.quests.known import known
from mlarena.quests.models import Dataset
from mlarena.sandbox import Table

if TYPE_CHECKING:
    import numpy as np

    from mlarena.scoring.slices import Slices
    from mlarena.scoring.veil import Veil


@dataclass(frozen=True)
class Hidden:
    """`features` go into the jail; `target` (n,), `slices` and `veil` stay with the grader."""

    features: Table
    target: np.ndarray
    slices: Slices
    veil: Veil


def hidden(dataset: Dataset) -> Hidden:
    """The hidden rows of `dataset`. Not to be changed by the caller: they are shared."""
    return _load(dataset.hidden_features_blob, dataset.hidden_target_blob)


def warm() -> None:
    """Load every data set in use, and with them pandas and scikit-learn: a worker's first minute."""
    import sklearn.metrics  # noqa: F401

    for dataset in db.session.scalars(select(Dataset)):
        hidden(dataset)
        known(dataset.train_blob, dataset.sample_blob, dataset.target)
    db.session.remove()


@lru_cache(maxsize=64)
def _load(features: str, target: str) -> Hidden:
    import numpy as np

    from mlarena.scoring.slices import cut_slices
    from mlarena.scoring.veil import Veil

    read = storage().read
    labels = np.load(io.BytesIO(read(target)), allow_pickle=False)
    table = Table(read(features))
    secret = installation_secret("report cards")
    veil = Veil(hmac.digest(secret, f"{features} {target}".encode(), "sha256"), len(labels))
    return Hidden(table, labels, cut_slices(table.frame), veil)
