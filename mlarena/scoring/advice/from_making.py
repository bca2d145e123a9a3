"""Advice from how a model is made: what it learned by heart, what it drowns, what it overlooks."""

from __future__ import annotations

from mlarena.scoring.advice.rules import Advice, number, rule
from mlarena.scoring.facts import Facts

LEARNS_BY_HEART = {
    ("RandomForest", "ExtraTrees", "DecisionTree", "ExtraTree", "Bagging"): (
        "Let its trees know less: min_samples_leaf=5 or more, or a max_depth."
    ),
    ("GradientBoosting", "HistGradientBoosting", "AdaBoost"): (
        "Boost less: a smaller learning_rate, fewer rounds, or early_stopping=True."
    ),
    ("KNeighbors", "RadiusNeighbors"): "Ask more neighbours: a larger n_neighbors.",
    ("SVC", "SVR", "NuSVC", "NuSVR", "LogisticRegression", "LinearSV"): (
        "Regularise it more: a smaller C."
    ),
    ("MLP",): "Use a smaller network, a larger alpha, or early_stopping=True.",
    ("LinearRegression", "PolynomialFeatures", "Ridge", "Lasso"): (
        "Use fewer columns or a lower degree, and RidgeCV in place of a plain line."
    ),
}


@rule(30)
def overfit(facts: Facts) -> Advice | None:
    seen, score = facts.seen_score, facts.score
    if seen is None or not facts.metric.better(seen, score):
        return None
    if facts.metric.unit == "share" and facts.metric.direction == "higher":
        apart = seen - score >= 0.07
    elif facts.metric.name == "r2":
        apart = seen - score >= 0.1
    elif facts.metric.direction == "lower":
        apart = score >= 1.5 * seen
    else:
        return None
    if not apart:
        return None
    remedy = next(
        (text for names, text in LEARNS_BY_HEART.items() if facts.uses(*names)),
        "Choose a simpler model, or regularise this one more.",
    )
    return Advice(
        "It knows its own rows better than new ones",
        f"That is overfitting. {remedy} Let cross_val_score choose, not the score on the rows you "
        "trained on.",
        f"{facts.metric.label} {facts.metric.show(seen)} on {facts.seen_rows} rows of the download, "
        f"{facts.metric.show(score)} on the hidden ones.",
    )


@rule(32)
def too_simple(facts: Facts) -> Advice | None:
    seen, metric = facts.seen_score, facts.metric
    if seen is None or facts.passed or metric.passes(seen, facts.threshold):
        return None
    if overfit(facts) or facts.alike or facts.task_type == "clustering":
        return None
    return Advice(
        "It does not fit its own training rows either",
        "So more care will not help, but more freedom may: new columns made of two, curves "
        "(PolynomialFeatures, SplineTransformer), or a model that finds them itself "
        "(HistGradientBoosting).",
        f"{metric.label} {metric.show(seen)} on {facts.seen_rows} rows of the download; to pass: "
        f"{metric.sign} {facts.threshold:g}.",
    )


MEASURES_DISTANCE = (
    *("KNeighbors", "RadiusNeighbors", "SVC", "SVR", "NuSVC", "NuSVR", "LinearSV", "MLP", "SGD"),
    *("KMeans", "MiniBatchKMeans", "BisectingKMeans", "AgglomerativeClustering", "DBSCAN"),
    *("HDBSCAN", "OPTICS", "MeanShift", "SpectralClustering", "Birch", "AffinityPropagation"),
)
SCALES = (
    *("StandardScaler", "MinMaxScaler", "RobustScaler", "MaxAbsScaler", "PowerTransformer"),
    *("QuantileTransformer", "Normalizer", "KBinsDiscretizer", "SplineTransformer"),
)
# What these do to the columns is not to be seen from outside.
MAY_SCALE = ("Features", "FunctionTransformer", "PCA", "Pls", "Kernel", "Nystroem", "RBF")


@rule(28)
def unscaled(facts: Facts) -> Advice | None:
    model = facts.uses(*MEASURES_DISTANCE)
    widths = {name: width for name, width in facts.download.widths.items() if width > 0}
    if not model or facts.uses(*SCALES, *MAY_SCALE) or len(widths) < 2:
        return None
    widest, narrowest = max(widths, key=widths.__getitem__), min(widths, key=widths.__getitem__)
    if widths[widest] < 10 * widths[narrowest]:
        return None
    return Advice(
        f"`{widest}` drowns the other columns",
        f"{model} measures distances, and one step counts alike in every column. Put StandardScaler() "
        "before it, in one pipeline.",
        f"`{widest}` varies by {number(widths[widest])}, `{narrowest}` by "
        f"{number(widths[narrowest])} (standard deviations in the download), and no step scales them.",
    )


@rule(36)
def leans_on_an_id(facts: Facts) -> Advice | None:
    name = next((n for n in facts.download.numbered if facts.moved.get(n, 0) >= 0.2), None)
    if name is None:
        return None
    return Advice(
        f"It leans on `{name}`, which only numbers the rows",
        "What it learned there holds for the rows it has seen and for no other. Leave the column out.",
        f"No two rows of the download have the same `{name}`; shuffling it changed "
        f"{facts.moved[name]:.0%} of {facts.shuffled_rows} answers.",
    )


@rule(38)
def ignored_column(facts: Facts) -> Advice | None:
    ties = facts.download.ties
    unused = [
        name for name, moved in facts.moved.items() if moved == 0 and ties.get(name, 0) >= 0.2
    ]
    if not unused or facts.passed or facts.alike:
        return None
    name = max(unused, key=ties.__getitem__)
    return Advice(
        f"It makes nothing of `{name}`",
        "By itself that column says something about the target. Is it dropped on the way, or scaled to "
        "almost nothing? A column of words needs OneHotEncoder.",
        f"Shuffling `{name}` changed none of {facts.shuffled_rows} answers; its correlation with the "
        f"target, curves included, is {ties[name]:.2f} in the download.",
    )


@rule(60)
def near_the_time_limit(facts: Facts) -> Advice | None:
    if not facts.allowed or facts.milliseconds < 0.5 * facts.allowed:
        return None
    return Advice(
        "It only just makes the time limit",
        "On a busy day it may not. Fewer or shallower trees answer faster, and mostly as well.",
        f"It took {facts.milliseconds / 1000:.1f} of {facts.allowed / 1000:g} seconds.",
    )


@rule(70)
def within_reach(facts: Facts) -> Advice | None:
    size = (
        1.0 if facts.metric.unit == "share" or facts.metric.name == "r2" else abs(facts.threshold)
    )
    if facts.passed or not 0 <= -facts.margin <= 0.03 * size:
        return None
    return Advice(
        "You are close",
        "What is missing is a matter of tuning: let GridSearchCV try a few settings, and keep what "
        "helps in cross-validation.",
        f"{facts.metric.show(abs(facts.margin))} short of {facts.threshold:g}.",
    )
