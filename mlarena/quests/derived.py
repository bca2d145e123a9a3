"""What is made once of a data set's public rows: its preview, and sample models to try an upload with.

Of the training table only. Made when the data set is, and again when the libraries that wrote the models
are others; kept as blobs, named by their content, so that a page may keep what it read for good.
"""

from __future__ import annotations

import io
import json
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, or_, select

from mlarena.core.db import db
from mlarena.core.storage import storage
from mlarena.quests.datasets import recipes
from mlarena.quests.models import Dataset

if TYPE_CHECKING:
    import pandas as pd

# Raised when this file makes something else of the same rows.
FORMAT = 1
LARGEST = 64 << 20


def stamp() -> str:
    """What is made now is made by these."""
    return f"{FORMAT}, scikit-learn {version('scikit-learn')}, skops {version('skops')}"


def any_stale() -> bool:
    """Whether a data set has nothing made of it yet, or by other libraries."""
    old = or_(Dataset.derived_with.is_(None), Dataset.derived_with != stamp())
    return bool(db.session.scalar(select(exists().where(old))))


def derive(dataset: Dataset, task_type: str) -> None:
    """Make it all from the stored download. No commit."""
    made = _made(storage().read(dataset.train_blob), dataset.target, task_type)
    kept = [storage().put(io.BytesIO(content), LARGEST).sha256 for content in made]
    dataset.preview_blob, dataset.sample_joblib_blob, dataset.sample_skops_blob = kept
    dataset.derived_with = stamp()


@lru_cache(maxsize=16)
def _made(csv: bytes, target: str | None, task_type: str) -> tuple[bytes, bytes, bytes]:
    """The preview, and the sample model as joblib and skops write it."""
    import joblib
    import pandas as pd
    import skops.io

    from mlarena.quests.datasets.preview import preview

    train = pd.read_csv(io.BytesIO(csv))
    shown = preview(train, target, len(csv))
    model = _sample_model(train, target, task_type)
    file = io.BytesIO()
    joblib.dump(model, file)
    return json.dumps(shown, ensure_ascii=False).encode(), file.getvalue(), skops.io.dumps(model)


def _sample_model(train: pd.DataFrame, target: str | None, task_type: str) -> Any:
    """A model that has learned nothing. It passes nowhere: its file is for everybody."""
    space: dict[str, Any] = {}
    exec(recipes.laziest(task_type), space)  # noqa: S102 – our own text
    features = train.drop(columns=[target]) if target else train
    return space["train"](features, train[target] if target else None)


def preview_of(dataset: Dataset) -> dict[str, Any] | None:
    """The preview as it was made; None for a data set that has none yet. Not to be changed: it is kept."""
    return preview_at(dataset.preview_blob) if dataset.preview_blob else None


@lru_cache(maxsize=256)
def preview_at(sha256: str) -> dict[str, Any]:
    """The preview of that name. Not to be changed: it is kept."""
    found: dict[str, Any] = json.loads(storage().read(sha256))
    return found
