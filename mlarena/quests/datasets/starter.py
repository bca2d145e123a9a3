"""The first lines of a quest: a `train(X, y)` that runs as it is and is the worst that counts.

*Train here* runs it in the page, and the script and the notebook to download are made around it. What is
left to the learner is the one line that matters.
"""

from __future__ import annotations

from mlarena.quests.datasets.dataset import Source
from mlarena.scoring.metrics import Metric

_DUMMY = {
    "regression": ("from sklearn.dummy import DummyRegressor", "DummyRegressor()"),
    "classification": ("from sklearn.dummy import DummyClassifier", "DummyClassifier()"),
    "clustering": (
        "from sklearn.cluster import KMeans",
        "KMeans(2, n_init=10, random_state=0)",
    ),
}
_YOUR_TURN = {
    "regression": "it answers the mean for every row",
    "classification": "it answers the most common class for every row",
    "clustering": "it makes two clusters of raw columns",
}


def starter_code(source: Source, metric: Metric) -> str:
    """Python that defines `train` for a quest on `source` judged by `metric`."""
    dummy_import, dummy = _DUMMY[source.task_type]
    mixed = source.features == "mixed"
    imports = [dummy_import]
    if mixed:
        imports.insert(0, "from sklearn.compose import make_column_transformer")
        imports.append("from sklearn.pipeline import make_pipeline")
        imports.append("from sklearn.preprocessing import OneHotEncoder")
    body = [
        *(_WORDS if mixed else []),
        "# Your turn: this model has learned nothing,",
        f"# {_YOUR_TURN[source.task_type]}.",
        f"# The quest is judged by {metric.label}.",
        f"model = make_pipeline(columns, {dummy})" if mixed else f"model = {dummy}",
        "return model.fit(X, y)" if source.target else "return model.fit(X)",
    ]
    indented = [f"    {line}" if line else "" for line in body]
    return "\n".join([*imports, "", "", "def train(X, y):", *indented, ""])


_WORDS = [
    "# The words become numbers inside the model,",
    "# so that it takes the test rows as they are.",
    'words = list(X.select_dtypes(exclude="number"))',
    "columns = make_column_transformer(",
    '    (OneHotEncoder(handle_unknown="ignore"), words),',
    '    remainder="passthrough",',
    ")",
    "",
]
