"""Every shipped quest: an honest good model passes, a lazy one does not, whatever the secret."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from mlarena.packs.reader import read_pack
from mlarena.quests.datasets import build
from mlarena.scoring.metrics import METRICS

pytestmark = pytest.mark.pure

STARTER = Path(__file__).parents[2] / "content" / "starter"
QUESTS = {quest.slug: quest for quest in read_pack(STARTER).quests}
SECRETS = [hashlib.sha256(f"installation {number}".encode()).digest() for number in range(3)]

WORDS = ["contract", "internet", "payment"]


def scaled(model):
    return make_pipeline(StandardScaler(), model)


def encoded(model):
    columns = make_column_transformer((OneHotEncoder(), WORDS), remainder=StandardScaler())
    return make_pipeline(columns, model)


def ordinal(model):
    columns = make_column_transformer((OrdinalEncoder(), WORDS), remainder="passthrough")
    return make_pipeline(columns, model)


def kmeans(clusters):
    return KMeans(clusters, n_init=10, random_state=0)


# slug: (a model that an honest learner at that level writes, models that must not be enough)
MODELS = {
    "linear-regression-challenge": (LinearRegression(), [DummyRegressor()]),
    "wine-tasting": (scaled(LogisticRegression()), [DummyClassifier()]),
    "a-year-ahead": (LinearRegression(), [DummyRegressor()]),
    "binary-classification": (encoded(LogisticRegression()), [DummyClassifier()]),
    "multi-class-classification": (scaled(LogisticRegression()), [DummyClassifier()]),
    "how-many-kinds": (scaled(kmeans(5)), [kmeans(5), kmeans(2), scaled(kmeans(2))]),
    "advanced-regression": (
        HistGradientBoostingRegressor(random_state=0),
        [DummyRegressor(), LinearRegression()],
    ),
    "customer-segments": (
        scaled(kmeans(5)),
        [kmeans(5), scaled(kmeans(3)), scaled(kmeans(4)), scaled(kmeans(8))],
    ),
    "second-opinion": (
        scaled(LogisticRegression()),
        [DummyClassifier(), DecisionTreeClassifier(random_state=0)],
    ),
    "read-the-digits": (SVC(), [DummyClassifier(), DecisionTreeClassifier(random_state=0)]),
    "advanced-classification": (
        ordinal(HistGradientBoostingClassifier(random_state=0)),
        [DummyClassifier(), encoded(LogisticRegression())],
    ),
    "honest-doubt": (scaled(LogisticRegression()), [DummyClassifier(), GaussianNB()]),
    "within-a-tenth": (
        TransformedTargetRegressor(
            HistGradientBoostingRegressor(random_state=0), func=np.log, inverse_func=np.exp
        ),
        [DummyRegressor(), LinearRegression()],
    ),
}


@cache
def built(name, secret):
    return build(name, secret)


def score_of(quest, model, secret):
    """The score as the arena computes it, of a model fitted on the learner's download."""
    data = built(quest.dataset, secret)
    metric = METRICS[quest.metric]
    model = clone(model)
    if data.target is None:
        model.fit(data.train)
    else:
        model.fit(data.train.drop(columns=data.target), data.train[data.target])
    probable = metric.needs == "probabilities"
    answers = (model.predict_proba if probable else model.predict)(data.hidden_features)
    return metric.score(
        data.hidden_target,
        answers,
        classes=list(model.classes_) if probable else None,
        features=data.hidden_features,
    )


def test_every_shipped_quest_has_its_models_here():
    assert set(MODELS) == set(QUESTS)


@pytest.mark.parametrize("secret", SECRETS, ids=lambda secret: secret.hex()[:6])
@pytest.mark.parametrize("slug", MODELS)
def test_honest_passes_and_lazy_does_not(slug, secret):
    quest = QUESTS[slug]
    metric = METRICS[quest.metric]
    honest, lazy = MODELS[slug]
    score = score_of(quest, honest, secret)
    assert metric.passes(score, quest.threshold), f"an honest model gets {score:.4f}"
    for model in lazy:
        score = score_of(quest, model, secret)
        assert not metric.passes(score, quest.threshold), f"{model} gets {score:.4f}"


@pytest.mark.parametrize("slug", MODELS)
def test_starter_code_runs_as_it_is_and_passes_the_first_quest_only(slug):
    """So that the way there and back is learned on the first; every other asks for an idea."""
    quest = QUESTS[slug]
    data = built(quest.dataset, SECRETS[0])
    space = {}
    exec(compile(quest.starter_code, f"{slug}.py", "exec"), space)
    features = data.train.drop(columns=data.target) if data.target else data.train
    model = space["train"](features, data.train[data.target] if data.target else None)
    metric = METRICS[quest.metric]
    probable = metric.needs == "probabilities"
    answers = (model.predict_proba if probable else model.predict)(data.hidden_features)
    score = metric.score(
        data.hidden_target,
        answers,
        classes=list(model.classes_) if probable else None,
        features=data.hidden_features,
    )
    assert metric.passes(score, quest.threshold) == (slug == "linear-regression-challenge")
