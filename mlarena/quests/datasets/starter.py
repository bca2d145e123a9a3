"""The first lines of a quest: a program that works as pasted and is the worst that counts.

It loads the download, trains a model that has learned nothing, and saves it. What is left to the
learner is the one line that matters.
"""

from __future__ import annotations

from mlarena.quests.datasets.dataset import Source
from mlarena.scoring.metrics import Metric

_DUMMY = {
    "regression": ("from sklearn.dummy import DummyRegressor", "DummyRegressor()"),
    "classification": ("from sklearn.dummy import DummyClassifier", "DummyClassifier()"),
    "clustering": (
        "from sklearn.cluster import KMeans",
        "KMeans(n_clusters=2, n_init=10, random_state=0)",
    ),
}
_YOUR_TURN = {
    "regression": "it answers the mean for every row",
    "classification": "it answers the most common class for every row",
    "clustering": "two clusters, on columns as they come",
}


def starter_code(source: Source, metric: Metric) -> str:
    """Python for a quest on `source` judged by `metric`: reads NAME_train.csv, writes model.joblib."""
    dummy_import, dummy = _DUMMY[source.task_type]
    imports = ["import joblib", "import pandas as pd"]
    if source.features == "mixed":
        imports.append("from sklearn.compose import make_column_transformer")
    imports.append(dummy_import)
    if source.features == "mixed":
        imports.append("from sklearn.pipeline import make_pipeline")
        imports.append("from sklearn.preprocessing import OneHotEncoder")
    return "\n".join(
        [
            *imports,
            "",
            *_load(source),
            "",
            f"# Your turn: this model has learned nothing ({_YOUR_TURN[source.task_type]}).",
            f"# The quest is judged by {metric.label}.",
            *_model(source, dummy),
            *(["model.fit(X, y)"] if source.target else ["model.fit(X)"]),
            "",
            'joblib.dump(model, "model.joblib")',
            'print("Upload model.joblib")',
            "",
        ]
    )


def _load(source: Source) -> list[str]:
    read = f'pd.read_csv("{source.name}_train.csv")'
    if source.target is None:
        return [f"X = {read}"]
    target = f'"{source.target}"'
    return [f"data = {read}", f"X = data.drop(columns={target})", f"y = data[{target}]"]


def _model(source: Source, dummy: str) -> list[str]:
    if source.features == "numeric":
        return [f"model = {dummy}"]
    # The text columns become numbers inside the model, so that it takes the test rows as they are.
    return [
        'words = X.select_dtypes(exclude="number").columns',
        "columns = make_column_transformer(",
        '    (OneHotEncoder(handle_unknown="ignore"), words),',
        '    remainder="passthrough",',
        ")",
        f"model = make_pipeline(columns, {dummy})",
    ]
