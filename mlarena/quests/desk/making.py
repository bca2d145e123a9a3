"""From a file or a recipe to a stored data set, in the worker: read, cut, and the whole is gone."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from mlarena.core import apart
from mlarena.core.db import db
from mlarena.core.installation import installation_secret
from mlarena.quests.authoring import save_dataset
from mlarena.quests.datasets.dataset import Dataset as Built
from mlarena.quests.desk.cutting import Cut, Wanted, cut
from mlarena.quests.desk.generated import RECIPES, table_of
from mlarena.quests.desk.reading import read_table
from mlarena.scoring.predictions.faults import FileFault

if TYPE_CHECKING:
    import pandas as pd

# Fields of a data set that are words about it.
WORDS = ("title", "description", "licence", "source")


def make(
    name: str, about: dict[str, Any], wanted: dict[str, Any], kept: str | None, dry: bool = False
) -> dict[str, Any]:
    """Make the data set `name` of the file kept apart as `kept`, else of the recipe `about["origin"]`.

    {"errors": {field: [..]}}, or {"dataset_id", "columns", "gaps", "words"} of what is stored.
    `dry`: nothing is. Commits.
    """
    secret, how = installation_secret("datasets"), Wanted(**wanted)
    try:
        if kept is not None:
            table, notes = read_table(apart.read(kept))
        else:
            recipe = RECIPES[about["origin"]]
            table = table_of(about["origin"], about["rows"], about["noise"], how.seed, secret)
            notes = (
                ["Its rows are public: who looks them up finds the hidden ones too."]
                if recipe.loaded
                else []
            )
        done = cut(table, how, secret)
    except FileFault as fault:
        return {"errors": {"data_file" if kept else "origin": [str(one) for one in fault.faults]}}
    finally:
        if kept is not None:
            apart.forget(kept)
            db.session.commit()
    if dry:
        return {"rows": len(done.parts.train)}
    built = _built(name, about, how, done)
    dataset = save_dataset(built)
    dataset.cut = {
        "origin": about["origin"],
        "task_type": how.task_type,
        "target": done.target,
        "percent": how.percent,
        "seed": how.seed,
        "stratified": done.stratified,
        "groups": how.task_type == "clustering" and done.target is not None,
        "notes": notes + done.notes,
    }
    if "made_of" in about:
        dataset.cut |= {"made_of": about["made_of"]}  # a pack: who wrote it has the whole table
    else:
        dataset.hidden_once = apart.keep_bytes(hidden_csv(built, done.target))
    db.session.commit()
    features = done.parts.hidden_features
    return {
        "dataset_id": dataset.id,
        "numbers": [str(name) for name in features if features[name].dtype.kind in "iuf"],
        "words": [str(name) for name in features if features[name].dtype.kind not in "iuf"],
        "gaps": bool(_has_gaps(done)),
    }


def _built(name: str, about: dict[str, Any], how: Wanted, done: Cut) -> Built:
    import numpy as np

    truth = done.parts.hidden_target
    if how.task_type == "clustering" and truth.dtype.kind == "O":
        truth = np.unique(truth.astype(str), return_inverse=True)[1]
    return Built(
        name=name,
        **{word: about[word] for word in WORDS},
        target=None if how.task_type == "clustering" else done.target,
        task_type=how.task_type,
        train=done.parts.train,
        hidden_features=done.parts.hidden_features,
        hidden_target=truth,
        sample=done.parts.sample,
    )


def _has_gaps(done: Cut) -> bool:
    parts: list[pd.DataFrame] = [done.parts.train, done.parts.hidden_features, done.parts.sample]
    return any(bool(part.isna().any().any()) for part in parts)


def hidden_csv(built: Built, target: str | None) -> bytes:
    """The hidden rows with their target, for the one time that they are shown."""
    features = built.hidden_features
    if target is not None:
        features = features.assign(**{target: built.hidden_target})
    text = io.StringIO()
    features.to_csv(text, index=False, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
    return text.getvalue().encode()
