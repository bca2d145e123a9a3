"""Models that the house writes itself, as the code of a `train(X, y)`: its baselines and its samples.

Words become columns and gaps are filled inside the model, so that one text serves every table.
"""

from __future__ import annotations

_PLAIN = """\
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
{imports}


def train(X, y):
    words = list(X.select_dtypes(exclude="number"))
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), words),
        remainder=make_pipeline(SimpleImputer(strategy="median"), StandardScaler()),
        sparse_threshold=0,
    )
    return make_pipeline(columns, {model}).fit(X, y)
"""
_TREES = """\
from sklearn.compose import make_column_transformer
from sklearn.ensemble import {model}
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder


def train(X, y):
    words = list(X.select_dtypes(exclude="number"))
    numbers = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    columns = make_column_transformer((numbers, words), remainder="passthrough")
    trees = {model}(max_iter=30, learning_rate=0.2, max_leaf_nodes=15, random_state=0)
    return make_pipeline(columns, trees).fit(X, y)
"""
_DUMMY = """\
from sklearn.dummy import {model}


def train(X, y):
    return {model}({strategy}).fit(X, y)
"""
# As many groups as the Bayesian information criterion finds worth their parameters.
_MIXTURE = """\
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


def train(X, y):
    words = list(X.select_dtypes(exclude="number"))
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), words),
        remainder=make_pipeline(SimpleImputer(strategy="median"), StandardScaler()),
        sparse_threshold=0,
    )
    table = columns.fit_transform(X)
    mixtures = [
        GaussianMixture(k, covariance_type="diag", n_init=2, random_state=0).fit(table)
        for k in range(2, 11)
    ]
    return make_pipeline(columns, min(mixtures, key=lambda mixture: mixture.bic(table)))
"""


def _linear(name: str, arguments: str = "") -> str:
    return _PLAIN.format(
        imports=f"from sklearn.linear_model import {name}", model=f"{name}({arguments})"
    )


def _k_means(groups: int) -> str:
    return _PLAIN.format(
        imports="from sklearn.cluster import KMeans",
        model=f"KMeans({groups}, n_init=10, random_state=0)",
    )


# By kind of task: the name on the board and the code, from the laziest to the strongest.
BASELINES: dict[str, dict[str, str]] = {
    "regression": {
        "the mean": _DUMMY.format(model="DummyRegressor", strategy=""),
        "linear model": _linear("LinearRegression"),
        "boosted trees": _TREES.format(model="HistGradientBoostingRegressor"),
    },
    "classification": {
        "the commonest class": _DUMMY.format(model="DummyClassifier", strategy='strategy="prior"'),
        "linear model": _linear("LogisticRegression", "max_iter=1000"),
        "boosted trees": _TREES.format(model="HistGradientBoostingClassifier"),
    },
    "clustering": {
        "two groups": _k_means(2),
        "eight groups": _k_means(8),
        "Gaussian mixture": _MIXTURE,
    },
}


def laziest(task_type: str) -> str:
    """The code of the baseline that has learned nothing: what a sample model is made of."""
    return next(iter(BASELINES[task_type].values()))
