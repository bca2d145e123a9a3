"""A quest to take home: its script and its notebook, both made of the same cells around its starter code.

The script marks its cells with `# %%`, which editors run one by one; the notebook is nbformat 4.5.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from mlarena.quests.models import Quest

MODEL = "model.joblib"
# What scikit-learn's cross_val_score calls a metric. Of others the program trains and says no figure.
SCORERS = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced_accuracy",
    "f1_macro": "f1_macro",
    "f1_weighted": "f1_weighted",
    "roc_auc": "roc_auc_ovr",
    "log_loss": "neg_log_loss",
    "r2": "r2",
    "rmse": "neg_root_mean_squared_error",
    "mae": "neg_mean_absolute_error",
    "mape": "neg_mean_absolute_percentage_error",
}


@dataclass(frozen=True)
class Cell:
    kind: Literal["markdown", "code"]
    text: str


def script(quest: Quest, address: str) -> str:
    """The quest as a Python program. `address` is the quest's page."""
    parts = []
    for cell in cells(quest, address):
        if cell.kind == "markdown":
            lines = ["# %% [markdown]", *(f"# {line}".rstrip() for line in cell.text.splitlines())]
        else:
            lines = ["# %%", *cell.text.rstrip("\n").split("\n")]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def notebook(quest: Quest, address: str) -> str:
    """The quest as a Jupyter notebook."""
    return json.dumps(
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {
                "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
                "language_info": {"name": "python"},
            },
            "cells": [
                _notebook_cell(number, cell)
                for number, cell in enumerate(cells(quest, address), start=1)
            ],
        },
        ensure_ascii=False,
        indent=1,
    )


def _notebook_cell(number: int, cell: Cell) -> dict[str, Any]:
    made: dict[str, Any] = {
        "cell_type": cell.kind,
        "id": f"cell-{number}",
        "metadata": {},
        "source": cell.text.rstrip("\n").splitlines(keepends=True),
    }
    if cell.kind == "code":
        made |= {"execution_count": None, "outputs": []}
    return made


def cells(quest: Quest, address: str) -> list[Cell]:
    """What script and notebook have in common: load, train, judge, save."""
    rule = quest.rule()
    file = f"{quest.dataset.name}_train.csv"
    return [
        Cell(
            "markdown",
            f"# {_line(quest.title)}\n\n{_line(quest.summary)}\n\n"
            f"To pass: {rule.label} {rule.sign} {quest.threshold:g} on rows that nobody has seen.\n\n"
            f"Put `{file}`, the training data from {address}, beside this file.",
        ),
        Cell("code", _load(quest, file)),
        Cell(
            "markdown",
            "## Your turn\n\nWhat `train` returns is what is scored. *Train here*, on the quest's page, "
            "runs the very same function.",
        ),
        Cell("code", quest.starter_code),
        Cell(
            "markdown",
            "## How good is it?\n\nJudge your ideas here. The hidden rows are for the verdict.",
        ),
        Cell("code", _judge(quest)),
        Cell("markdown", f"## Hand it in\n\nUpload `{MODEL}` at {address}"),
        Cell("code", f'joblib.dump(model, "{MODEL}")\nprint("Upload {MODEL}")'),
    ]


def _line(text: str) -> str:
    """One line of it, whatever it holds: a comment must not end where a title breaks."""
    return " ".join(text.split())


def _load(quest: Quest, file: str) -> str:
    lines = ["import joblib", "import pandas as pd", ""]
    if quest.dataset.target is None:
        lines += [f"X = pd.read_csv({_text(file)})", "y = None  # nobody has named the groups"]
        shown = "X"
    else:
        target = _text(quest.dataset.target)
        lines += [f"data = pd.read_csv({_text(file)})", f"X = data.drop(columns={target})"]
        lines += [f"y = data[{target}]"]
        shown = "data"
    return "\n".join([*lines, f"{shown}.describe()"])


def _judge(quest: Quest) -> str:
    rule = quest.rule()
    if quest.task_type == "clustering":
        return "\n".join(
            [
                "from sklearn.metrics import silhouette_score",
                "from sklearn.preprocessing import StandardScaler",
                "",
                "model = train(X, y)",
                "scaled = StandardScaler().fit_transform(pd.get_dummies(X))",
                "score = silhouette_score(scaled, model.predict(X))",
                'print(f"Silhouette on the training rows: {score:.4f}")',
            ]
        )
    scorer = SCORERS.get(rule.name)
    if scorer is None:
        return "model = train(X, y)"
    minus = "-" if scorer.startswith("neg_") else ""
    return "\n".join(
        [
            "from sklearn.model_selection import cross_val_score",
            "",
            "model = train(X, y)",
            f"scores = {minus}cross_val_score(model, X, y, cv=5, scoring={_text(scorer)})",
            f'print(f"{rule.label} in five folds: {{scores.mean():.4f}} ± {{scores.std():.4f}}")',
        ]
    )


def _text(value: str) -> str:
    """A string as Python (and JSON) write it."""
    return json.dumps(value, ensure_ascii=False)
