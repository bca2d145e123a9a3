"""For what ended without a score: the likely cause, and what to try. What happened is said by the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Remedy:
    cause: str
    tries: tuple[str, ...]


VERSIONS = "Train and save with the library versions named on the quest's page."
SAMPLE = "Try it at home first: load the file in a fresh Python and let it predict the rows without labels."
PIPELINE = "Put every step from the raw columns to the answer into one Pipeline, and save that."

REMEDIES = {
    "not_a_model": Remedy(
        "The file holds something else than a fitted model.",
        (
            "Save what fit() gave you: joblib.dump(model, 'model.joblib').",
            "Look at what you upload: is it the notebook, the CSV, a folder packed as a zip?",
        ),
    ),
    "truncated": Remedy(
        "The file was cut on its way: a full disk, a download that broke off, a program still writing.",
        ("Save it once more and compare its size before you upload it.",),
    ),
    "main_class": Remedy(
        "A pickle holds the names of your own classes and functions, not their code.",
        (
            "Train here: what your code defines goes along with the model.",
            "Or use scikit-learn's own pieces only, or export to .onnx.",
        ),
    ),
    "missing_library": Remedy(
        "Your model needs a library that is not here.",
        (
            "Use a scikit-learn model: HistGradientBoosting stands in well for XGBoost and LightGBM.",
            "Or export it to .onnx (skl2onnx, onnxmltools): that needs no library here.",
        ),
    ),
    "other_version": Remedy(
        "scikit-learn reads only what its own version has written.", (VERSIONS, "Or Train here.")
    ),
    "load_failed": Remedy(
        "The file could be read, and what is in it could not be put together.",
        (SAMPLE, VERSIONS),
    ),
    "blocked": Remedy(
        "It reaches out of the room: a file, a program, the network.",
        (
            "Keep what it needs inside the model, as attributes that fit() sets.",
            "Load nothing by path in predict(), transform() or train().",
        ),
    ),
    "wrong_features": Remedy(
        "It was fitted on other columns than it is asked about.",
        (
            "Leave X as the download has it, and do everything else inside a Pipeline.",
            "Drop the target before fit(), and nothing before predict().",
        ),
    ),
    "not_fitted": Remedy(
        "The model was saved before it was trained.", ("Call fit(X, y) first, then save.",)
    ),
    "no_method": Remedy(
        "The kind of model does not fit what the quest asks for.",
        ("The starter code on the quest's page has one that does.",),
    ),
    "predict_failed": Remedy(
        "It met rows unlike those it was trained on: a missing value, a word it never saw, another type.",
        (
            "OneHotEncoder(handle_unknown='ignore') takes words it has not seen.",
            "SimpleImputer fills what is missing.",
            PIPELINE,
        ),
    ),
    "wrong_length": Remedy(
        "Rows got lost or doubled on the way, as by dropna() or a filter.",
        ("A model may fill rows, or mark them, but never drop any: one answer per row.",),
    ),
    "wrong_shape": Remedy(
        "It answers with a table where one value a row is asked for.",
        ("Fit on y as one column: data['target'], not data[['target']].",),
    ),
    "wrong_type": Remedy(
        "Its answers are neither numbers nor words.",
        ("Return what predict() of the scikit-learn model returns, unchanged.",),
    ),
    "not_finite": Remedy(
        "Somewhere a missing value, a division by zero or a logarithm of zero came in.",
        ("SimpleImputer before the model; np.log1p in place of np.log.", SAMPLE),
    ),
    "answers": Remedy(
        "What it answers cannot be compared with the truth.",
        ("Train on the target column as it stands in the download.", SAMPLE),
    ),
    "unsuited": Remedy(
        "Regression answers with numbers, classification with labels, clustering with groups.",
        ("Take the model of the same name for this kind: …Regressor, …Classifier.",),
    ),
    "memory": Remedy(
        "Too much at once: a large model, or many columns made from few.",
        (
            "Fewer or shallower trees; max_depth keeps a forest small.",
            "PolynomialFeatures of a lower degree, sparse one-hot columns.",
        ),
    ),
    "slow": Remedy(
        "It does more work than its time allows.",
        (
            "Fewer trees, fewer neighbours to compare, a smaller search.",
            "n_jobs does not help: there is one processor.",
        ),
    ),
    "violation": Remedy(
        "Something in it starts processes or reaches into the system.",
        (
            "Set n_jobs=1, and keep subprocess, os and sockets out of what is saved.",
            SAMPLE,
        ),
    ),
    "crashed": Remedy(
        "A library ended in the middle, often because the file was made with other versions.",
        (VERSIONS, SAMPLE),
    ),
    "no_result": Remedy(
        "It ended itself before it had answered.",
        ("Take exit(), quit() and os._exit() out.",),
    ),
    "output": Remedy(
        "It prints or returns more than anybody can read.",
        ("Take prints out of loops, and verbose out of models.",),
    ),
    "code": Remedy(
        "The line named above is where it stopped; the cause may lie a little before.",
        (
            "Print what you have just before that line: X.shape, X.dtypes, X.head().",
            "“Try it” on the quest's page runs it without using up an attempt.",
        ),
    ),
    "no_train": Remedy(
        "The arena calls one function of yours, by its name.",
        ("Begin with the starter code: def train(X, y), and return the fitted model.",),
    ),
    "not_picklable": Remedy(
        "Something that lives only while the code runs hangs on the model.",
        ("Leave open files, generators and locks out of it.",),
    ),
}
# Several endings of the jail have one remedy.
_SAME = {
    **dict.fromkeys(("timeout", "cpu_limit"), "slow"),
    **dict.fromkeys(("output_flood", "result_too_big", "bad_frame"), "output"),
    **dict.fromkeys(("syntax", "code_failed", "asks", "ended"), "code"),
    "model_too_big": "memory",
}


def remedy(report: dict[str, Any]) -> Remedy | None:
    """What helps against the problem of a report; None where its verdict has said it all."""
    category = (report.get("problem") or {}).get("category", "")
    return REMEDIES.get(_SAME.get(category, category))
