"""Starter code and a first reference, written for the columns of an instructor's data."""

from __future__ import annotations

from mlarena.quests.datasets.recipes import BASELINES
from mlarena.scoring.metrics import Metric

# Of more columns than this the code says which they are by their type.
_NAMED = 24
_DUMMY = {
    "regression": ("sklearn.dummy", "DummyRegressor", "DummyRegressor()"),
    "classification": ("sklearn.dummy", "DummyClassifier", "DummyClassifier()"),
    "clustering": ("sklearn.cluster", "KMeans", "KMeans(2, n_init=10, random_state=0)"),
}
_YOUR_TURN = {
    "regression": "it answers the mean for every row",
    "classification": "it answers the most common class for every row",
    "clustering": "it makes two clusters of raw columns",
}
_WIDTH = 88


def starter_code(
    task_type: str, metric: Metric, numbers: list[str], words: list[str], gaps: bool
) -> str:
    """Python that defines `train(X, y)`: it runs as it is, names the columns, and has learned nothing."""
    module, name, dummy = _DUMMY[task_type]
    imports = {f"from {module} import {name}", "from sklearn.pipeline import make_pipeline"}
    steps = []
    if words:
        imports.add("from sklearn.preprocessing import OneHotEncoder")
        steps.append('(OneHotEncoder(handle_unknown="ignore", sparse_output=False), WORDS),')
    if numbers and gaps:
        imports.add("from sklearn.impute import SimpleImputer")
        steps.append('(SimpleImputer(strategy="median"), NUMBERS),')
    elif numbers:
        steps.append('("passthrough", NUMBERS),')
    imports.add("from sklearn.compose import make_column_transformer")
    columns = [f"        {step}" for step in steps]
    named = len(numbers) + len(words) <= _NAMED
    top = [*_listing("NUMBERS", numbers), *_listing("WORDS", words)] if named else []
    inside = [] if named else _by_type(numbers, words)
    body = [
        *inside,
        "    # What the model is told of each row: add, leave out, scale.",
        "    columns = make_column_transformer(",
        *columns,
        "    )",
        "",
        "    # Your turn: this model has learned nothing,",
        f"    # {_YOUR_TURN[task_type]}.",
        f"    # The quest is judged by {metric.label}.",
        f"    model = make_pipeline(columns, {dummy})",
        "    return model.fit(X)" if task_type == "clustering" else "    return model.fit(X, y)",
    ]
    ordered = sorted(imports, key=lambda line: line.split()[1])
    return "\n".join(
        [*ordered, "", *top, *([""] if top else []), "", "def train(X, y):", *body, ""]
    )


def _listing(name: str, columns: list[str]) -> list[str]:
    if not columns:
        return []
    line = f"{name} = [{', '.join(map(repr, columns))}]"
    if len(line) <= _WIDTH:
        return [line]
    return [f"{name} = [", *(f"    {column!r}," for column in columns), "]"]


def _by_type(numbers: list[str], words: list[str]) -> list[str]:
    found = []
    if numbers:
        found.append('    NUMBERS = list(X.select_dtypes("number"))')
    if words:
        found.append('    WORDS = list(X.select_dtypes(exclude="number"))')
    return [*found, ""]


def reference_code(task_type: str) -> str:
    """The strongest of the house's baselines: a reference to begin with."""
    return list(BASELINES[task_type].values())[-1]
