"""For each shipped quest, code that a learner with only a browser could write, and that passes."""

from __future__ import annotations

_PLAIN = """\
{imports}


def train(X, y):
    return {model}.fit(X, y)
"""
_SCALED = """\
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
{imports}


def train(X, y):
    return make_pipeline(StandardScaler(), {model}).fit(X, y)
"""
_WORDS = """\
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
{imports}

WORDS = ["contract", "internet", "payment"]


def train(X, y):
    columns = make_column_transformer(({words}, WORDS), remainder={rest})
    return make_pipeline(columns, {model}).fit(X, y)
"""
_LINE = "from sklearn.linear_model import LinearRegression"
_LOGIT = "from sklearn.linear_model import LogisticRegression"
_KMEANS = "from sklearn.cluster import KMeans"
_BOOST = "from sklearn.ensemble import HistGradientBoosting"

SOLUTIONS = {
    "linear-regression-challenge": _PLAIN.format(imports=_LINE, model="LinearRegression()"),
    "wine-tasting": _SCALED.format(imports=_LOGIT, model="LogisticRegression()"),
    "a-year-ahead": _PLAIN.format(imports=_LINE, model="LinearRegression()"),
    "binary-classification": _WORDS.format(
        imports=_LOGIT,
        words="OneHotEncoder()",
        rest="StandardScaler()",
        model="LogisticRegression()",
    ),
    "multi-class-classification": _SCALED.format(imports=_LOGIT, model="LogisticRegression()"),
    "how-many-kinds": _SCALED.format(imports=_KMEANS, model="KMeans(5, n_init=10, random_state=0)"),
    "advanced-regression": _PLAIN.format(
        imports=f"{_BOOST}Regressor", model="HistGradientBoostingRegressor(random_state=0)"
    ),
    "customer-segments": _SCALED.format(
        imports=_KMEANS, model="KMeans(5, n_init=10, random_state=0)"
    ),
    "second-opinion": _SCALED.format(imports=_LOGIT, model="LogisticRegression()"),
    "read-the-digits": _PLAIN.format(imports="from sklearn.svm import SVC", model="SVC()"),
    "advanced-classification": _WORDS.format(
        imports=f"{_BOOST}Classifier",
        words="OrdinalEncoder()",
        rest='"passthrough"',
        model="HistGradientBoostingClassifier(random_state=0)",
    ),
    "honest-doubt": _SCALED.format(imports=_LOGIT, model="LogisticRegression()"),
    "within-a-tenth": """\
import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingRegressor


def train(X, y):
    print(f"{len(X)} houses")
    trees = HistGradientBoostingRegressor(random_state=0)
    return TransformedTargetRegressor(trees, func=np.log, inverse_func=np.exp).fit(X, y)
""",
}
