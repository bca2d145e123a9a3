"""The real data sets that scikit-learn carries, split by the secret.

Their rows are public, so the secret hides only which of them are asked for; docs/security.md says
so. Rows that are the same in every feature are kept once: a twin in the training data would be a
hidden row given away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from mlarena.core.seeding import generator
from mlarena.quests.datasets.dataset import Parts
from mlarena.scoring.metrics import METRICS

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

# Rows shown without labels. They are set aside for that and are neither trained on nor scored:
# a hidden row, looked up in the public data, would tell its own label.
SAMPLE_ROWS = 10
# Half of these small sets is hidden, or a score would be mostly luck.
HIDDEN_SHARE = 0.5
_DRAWS = 200


@dataclass(frozen=True)
class Promise:
    """What a plain model on scaled columns must reach, or the rows are dealt again.

    A hidden half of 70 irises may happen to hold every hard one; then the threshold would be luck.
    """

    metric: str
    bound: float

    def holds(self, parts: Parts, target: str) -> bool:
        from sklearn.linear_model import LinearRegression, LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        rule = METRICS[self.metric]
        regression = "regression" in rule.task_types
        model = make_pipeline(
            StandardScaler(), LinearRegression() if regression else LogisticRegression()
        )
        model.fit(parts.train.drop(columns=target), parts.train[target])
        ask = model.predict_proba if rule.needs == "probabilities" else model.predict
        classes = None if regression else model.classes_
        score = rule.score(parts.hidden_target, ask(parts.hidden_features), classes=classes)
        return rule.passes(score, self.bound)


def _iris() -> tuple[pd.DataFrame, np.ndarray]:
    from sklearn.datasets import load_iris

    bunch = load_iris(as_frame=True)
    features = bunch.data.rename(columns=lambda name: name.replace(" (cm)", "_cm"))
    return _plain_names(features), bunch.target_names[bunch.target].astype(str)


def _wine() -> tuple[pd.DataFrame, np.ndarray]:
    import numpy as np
    from sklearn.datasets import load_wine

    bunch = load_wine(as_frame=True)
    # scikit-learn says class_0 to class_2; the grapes are those of Forina et al., 1986.
    grapes = np.array(["barolo", "grignolino", "barbera"])
    features = bunch.data.rename(columns={"od280/od315_of_diluted_wines": "od280_od315_ratio"})
    return features, grapes[bunch.target]


def _breast_cancer() -> tuple[pd.DataFrame, np.ndarray]:
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer(as_frame=True)
    return _plain_names(bunch.data), bunch.target_names[bunch.target].astype(str)


def _digits() -> tuple[pd.DataFrame, np.ndarray]:
    from sklearn.datasets import load_digits

    bunch = load_digits(as_frame=True)
    return bunch.data.astype("int64"), bunch.target.to_numpy("int64")


def _diabetes() -> tuple[pd.DataFrame, np.ndarray]:
    from sklearn.datasets import load_diabetes

    bunch = load_diabetes(as_frame=True, scaled=False)
    blood = {
        "s1": "total_cholesterol", "s2": "ldl", "s3": "hdl", "s4": "cholesterol_ratio",
        "s5": "log_triglycerides", "s6": "glucose", "bp": "blood_pressure",
    }  # fmt: skip
    features = bunch.data.rename(columns=blood).astype({"age": "int64", "sex": "int64"})
    return features, bunch.target.to_numpy("float64")


def _plain_names(features: pd.DataFrame) -> pd.DataFrame:
    return features.rename(columns=lambda name: name.replace(" ", "_"))


def _split(
    load: Callable[[], tuple[pd.DataFrame, np.ndarray]],
    name: str,
    target: str,
    promise: Promise | None,
    secret: bytes,
) -> Parts:
    """Load, drop twins, and deal the rows out until the promise holds (mostly at once)."""
    features, truth = load()
    once = ~features.duplicated().to_numpy()
    features, truth = features[once].reset_index(drop=True), truth[once]
    for draw in range(_DRAWS):
        parts = _deal(features, truth, target, generator(secret, name, draw))
        if promise is None or promise.holds(parts, target):
            return parts
    raise RuntimeError(f"no split of {name} in {_DRAWS} draws keeps the quests' thresholds true")


def _deal(
    features: pd.DataFrame, truth: np.ndarray, target: str, random: np.random.Generator
) -> Parts:
    """Deal the rows like cards, so that each class (or fifth of the target) falls apart alike."""
    import numpy as np

    order = random.permutation(len(features))
    order = order[np.argsort(_strata(truth)[order], kind="stable")]
    sample = random.permutation(order[:: max(1, len(order) // SAMPLE_ROWS)][:SAMPLE_ROWS])
    rest = order[~np.isin(order, sample)]
    take = (np.arange(len(rest)) * HIDDEN_SHARE) % 1 < HIDDEN_SHARE
    train, hidden = random.permutation(rest[~take]), random.permutation(rest[take])
    return Parts(
        train=_rows(features, train).assign(**{target: truth[train]}),
        hidden_features=_rows(features, hidden),
        hidden_target=truth[hidden],
        sample=_rows(features, sample),
    )


def _strata(truth: np.ndarray) -> np.ndarray:
    """Class codes, or for a number the fifth of the range of ranks that it is in."""
    import numpy as np

    if truth.dtype.kind == "f":
        return truth.argsort().argsort() * 5 // len(truth)
    return np.unique(truth, return_inverse=True)[1]


def _rows(features: pd.DataFrame, places: Any) -> pd.DataFrame:
    return features.iloc[places].reset_index(drop=True)


make_iris = partial(_split, _iris, "iris", "species", Promise("f1_macro", 0.93))
make_wine = partial(_split, _wine, "wine", "grape", Promise("balanced_accuracy", 0.95))
make_breast_cancer = partial(
    _split, _breast_cancer, "breast_cancer", "diagnosis", Promise("roc_auc", 0.985)
)
# 894 hidden rows need no promise: scores differ by half a percent between splits.
make_digits = partial(_split, _digits, "digits", "digit", None)
make_diabetes = partial(_split, _diabetes, "diabetes", "progression", Promise("rmse", 58.5))
