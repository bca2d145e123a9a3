"""Writing quests and their data sets: what packs (and later the instructor's forms) call."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from mlarena.core.db import db
from mlarena.core.storage import storage
from mlarena.quests import derived
from mlarena.quests.models import Dataset, Quest

if TYPE_CHECKING:
    from mlarena.quests.datasets.dataset import Dataset as BuiltDataset

# A data set is the author's, not a stranger's: this only stops an accident.
LARGEST_PART = 1 << 30


def save_dataset(built: BuiltDataset) -> Dataset:
    """Store a built data set under its name; the same content again changes nothing. No commit."""
    import numpy as np

    labels = io.BytesIO()
    target = np.asarray(built.hidden_target)
    # Words as fixed-width text: the hidden labels are never pickled.
    np.save(labels, target.astype("U") if target.dtype.kind == "O" else target, allow_pickle=False)
    values = {
        "title": built.title,
        "description": built.description,
        "licence": built.licence,
        "source": built.source,
        "target": built.target,
        "columns": built.columns,
        "rows": built.rows,
        "hidden_rows": built.hidden_rows,
        "train_blob": _keep(built.train_csv()),
        "sample_blob": _keep(built.sample_csv()),
        "hidden_features_blob": _keep(built.hidden_features_csv()),
        "hidden_target_blob": _keep(labels.getvalue()),
    }
    dataset = db.session.scalar(select(Dataset).where(Dataset.name == built.name))
    changed = dataset is None or dataset.train_blob != values["train_blob"]
    if dataset is None:
        dataset = Dataset(name=built.name, **values)
        db.session.add(dataset)
    else:
        _update(dataset, values)
    if changed or dataset.derived_with != derived.stamp():
        derived.derive(dataset, built.task_type)
    db.session.flush()
    return dataset


def save_quest(slug: str, values: dict[str, Any]) -> Quest:
    """Create the quest of that slug or bring it up to date; its submissions stay. No commit.

    A change of what is judged (metric, threshold, data) makes a new version.
    """
    quest = db.session.scalar(select(Quest).where(Quest.slug == slug))
    if quest is None:
        quest = Quest(slug=slug, **values)
        db.session.add(quest)
    else:
        judged = ("metric", "threshold", "dataset_id")
        if any(getattr(quest, name) != values.get(name, getattr(quest, name)) for name in judged):
            quest.version += 1
        _update(quest, values)
    db.session.flush()
    return quest


def _keep(content: bytes) -> str:
    return storage().put(io.BytesIO(content), LARGEST_PART).sha256


def _update(row: Any, values: dict[str, Any]) -> None:
    for name, value in values.items():
        if getattr(row, name) != value:
            setattr(row, name, value)
