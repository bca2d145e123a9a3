"""Each rule of advice: facts that make it speak, and facts at which it is silent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlarena.scoring.advice import MOST, RULES, advise
from mlarena.scoring.facts import Download, Facts, download_facts
from mlarena.scoring.metrics import METRICS

pytestmark = pytest.mark.pure

CHURN = Download(
    rows=2_000,
    shares={"no": 0.75, "yes": 0.25},
    widths={"bill": 20.0, "tenure": 22.0},
    ties={"bill": 0.3, "tenure": 0.4, "age": 0.01},
)
HOUSING = Download(rows=2_000, low=100.0, high=900.0, widths={"area": 40.0, "rooms": 1.5})
GROUPS = [{"rows": 500, "sure": 0.7, "right": 0.7}, {"rows": 500, "sure": 0.95, "right": 0.93}]


def classes(no: float, yes: float) -> list[dict[str, Any]]:
    return [
        {"label": "no", "rows": 750, "precision": 0.9, "recall": no, "f1": 0.9},
        {"label": "yes", "rows": 250, "precision": 0.8, "recall": yes, "f1": 0.8},
    ]


@pytest.fixture
def good() -> Facts:
    """A good classifier, of which there is nothing to say."""
    return Facts(
        task_type="classification",
        metric=METRICS["accuracy"],
        threshold=0.85,
        score=0.88,
        findings={
            "rows": 1_000,
            "classes": classes(0.92, 0.85),
            "never_answered": [],
            "reliability": {"groups": GROUPS, "gap": 0.01},
        },
        download=CHURN,
        parts=("StandardScaler", "LogisticRegression"),
        seen_score=0.89,
        seen_rows=200,
        moved={"bill": 0.2, "tenure": 0.4, "age": 0.0},
        shuffled_rows=25,
        answers=np.array(["no"] * 700 + ["yes"] * 300),
        milliseconds=20,
        allowed=10_000,
    )


@pytest.fixture
def line() -> Facts:
    """A good regression, of which there is nothing to say."""
    fifths = [{"rows": 200, "truth": t, "answer": t + 5, "mae": 40.0} for t in range(200, 700, 100)]
    return Facts(
        task_type="regression",
        metric=METRICS["r2"],
        threshold=0.8,
        score=0.82,
        findings={"rows": 1_000, "bias": 5.0, "mae": 40.0, "along_target": fifths},
        download=HOUSING,
        parts=("LinearRegression",),
        seen_score=0.83,
        seen_rows=200,
        moved={"area": 1.0, "rooms": 1.0},
        shuffled_rows=40,
        answers=np.linspace(150, 850, 1_000),
    )


@pytest.fixture
def groups() -> Facts:
    """A good clustering."""
    return Facts(
        task_type="clustering",
        metric=METRICS["adjusted_rand"],
        threshold=0.8,
        score=0.9,
        findings={
            "rows": 1_000,
            "clusters": 5,
            "agreement": {"homogeneity": 0.95, "completeness": 0.94, "pure": [1.0] * 5},
        },
        download=Download(rows=2_000, widths={"spent": 700.0, "share": 0.12}),
        parts=("StandardScaler", "KMeans"),
        answers=np.arange(1_000) % 5,
    )


def test_of_a_good_model_there_is_nothing_to_say(good: Facts, line: Facts, groups: Facts) -> None:
    assert advise(good) == advise(line) == advise(groups) == []


def with_findings(facts: Facts, **more: Any) -> Facts:
    return replace(facts, findings=facts.findings | more)


def names_of(facts: Facts) -> list[str]:
    return [advice["rule"] for advice in advise(facts)]


def said(facts: Facts, rule: str) -> dict[str, str]:
    found = {advice["rule"]: advice for advice in advise(facts)}
    assert rule in found, found
    assert all(found[rule].values())
    return found[rule]


def test_one_answer(good: Facts, line: Facts) -> None:
    alone = replace(good, answers=np.full(1_000, "no"), parts=("DummyClassifier",), score=0.75)
    advice = said(alone, "one_answer")
    assert "1,000 answers are `no`" in advice["fact"]
    assert "DummyClassifier" in advice["text"]
    mean = said(replace(line, answers=np.full(1_000, 371_204.0)), "one_answer")
    assert "371,000" in mean["fact"]
    even = replace(good, answers=np.full((1_000, 2), 0.5))
    assert "same probabilities" in said(even, "one_answer")["fact"]


def test_a_class_never_answered(good: Facts) -> None:
    missing = with_findings(good, never_answered=["yes"])
    assert "25%" in said(missing, "never_answered")["fact"]
    # Who answers one class only is told that, and not this as well.
    alone = replace(missing, answers=np.full(1_000, "no"))
    assert "never_answered" not in names_of(alone)


def test_no_better_than_a_guess(good: Facts, line: Facts) -> None:
    assert "about 0.75" in said(replace(good, score=0.755), "no_better_than_guessing")["fact"]
    assert "mean" in said(replace(line, score=-0.4), "no_better_than_guessing")["fact"]
    assert "no_better_than_guessing" not in names_of(replace(good, score=0.8))


def test_answers_out_of_the_targets_range(line: Facts) -> None:
    far = replace(line, answers=np.r_[np.linspace(150, 850, 900), np.full(100, -50.0)])
    assert "10%" in said(far, "out_of_range")["fact"]
    near = replace(line, answers=np.r_[np.linspace(150, 850, 900), np.full(100, 90.0)])
    assert "out_of_range" not in names_of(near)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("RandomForestClassifier", "min_samples_leaf"),
        ("HistGradientBoostingClassifier", "learning_rate"),
        ("KNeighborsClassifier", "n_neighbors"),
        ("SVC", "smaller C"),
        ("SomebodysOwn", "simpler"),
    ],
)
def test_overfitting(good: Facts, part: str, words: str) -> None:
    parts = ("StandardScaler", part)
    advice = said(replace(good, parts=parts, seen_score=1.0), "overfit")
    assert words in advice["text"]
    assert "1.0000 on 200 rows" in advice["fact"]
    assert "overfit" not in names_of(replace(good, parts=parts, seen_score=0.93))
    assert "overfit" not in names_of(replace(good, parts=parts, seen_score=None))


def test_overfitting_where_less_is_better(line: Facts) -> None:
    rmse = replace(line, metric=METRICS["rmse"], threshold=60.0, score=55.0)
    assert "overfit" in names_of(replace(rmse, seen_score=20.0))
    assert "overfit" not in names_of(replace(rmse, seen_score=50.0))


def test_too_simple(line: Facts) -> None:
    short = replace(line, score=0.61, seen_score=0.62)
    assert "0.6200 on 200 rows" in said(short, "too_simple")["fact"]
    # It would pass on what it knows: that is not the trouble.
    assert "too_simple" not in names_of(replace(line, score=0.75, seen_score=0.83))


def test_unscaled_distances(groups: Facts) -> None:
    advice = said(replace(groups, parts=("KMeans",)), "unscaled")
    assert "`spent` varies by 700, `share` by 0.12" in advice["fact"]
    for parts in (("MinMaxScaler", "KMeans"), ("Features", "KMeans"), ("LinearRegression",)):
        assert "unscaled" not in names_of(replace(groups, parts=parts))
    even = replace(groups.download, widths={"a": 1.0, "b": 3.0})
    assert "unscaled" not in names_of(replace(groups, parts=("KMeans",), download=even))


def test_an_id_column(good: Facts) -> None:
    numbered = replace(good.download, numbered=("customer_id",))
    leaning = replace(good, download=numbered, moved={**good.moved, "customer_id": 0.4})
    assert "40% of 25 answers" in said(leaning, "leans_on_an_id")["fact"]
    unmoved = replace(leaning, moved={**good.moved, "customer_id": 0.0})
    assert "leans_on_an_id" not in names_of(unmoved)


def test_an_ignored_column(good: Facts) -> None:
    failed = replace(good, score=0.8, seen_score=0.86)
    deaf = replace(failed, moved={"bill": 0.0, "tenure": 0.4, "age": 0.0})
    advice = said(deaf, "ignored_column")
    assert "`bill` changed none of 25 answers" in advice["fact"] and "0.30" in advice["fact"]
    # `age` says nothing of the target, so to ignore it is right.
    assert "ignored_column" not in names_of(failed)


def test_a_rare_class_overlooked(good: Facts) -> None:
    overlooked = with_findings(good, classes=classes(0.97, 0.45))
    advice = said(overlooked, "rare_class")
    assert "45% of `yes` (25% of the download), and 97% of `no`" in advice["fact"]
    even = replace(overlooked, download=replace(CHURN, shares={"no": 0.5, "yes": 0.5}))
    assert "rare_class" not in names_of(even)


def test_keeping_to_the_middle_and_exaggerating(line: Facts) -> None:
    careful = said(with_findings(line, slope=1.31), "keeps_to_the_middle")
    assert "100 apart, the truth is about 131 apart" in careful["fact"]
    loud = said(with_findings(line, slope=0.7), "exaggerates")
    assert "only about 70 apart" in loud["fact"]
    for slope in (None, 0.95, 1.05):
        assert advise(with_findings(line, slope=slope)) == []


def test_off_to_one_side(line: Facts) -> None:
    assert "too low" in said(with_findings(line, bias=-30.0), "off_to_one_side")["title"]


def test_not_as_sure_as_right(good: Facts) -> None:
    groups = [{"rows": 500, "sure": 0.9, "right": 0.6}, {"rows": 500, "sure": 0.99, "right": 0.85}]
    boast = with_findings(good, reliability={"groups": groups, "gap": 0.22})
    advice = said(boast, "not_as_sure_as_right")
    assert "90% sure, it is right in about 60%" in advice["fact"]
    shy = with_findings(good, reliability={"groups": groups[::-1], "gap": -0.2})
    judged = replace(shy, metric=METRICS["log_loss"], threshold=0.5, score=0.3, seen_score=0.3)
    assert "less sure" in said(judged, "not_as_sure_as_right")["title"]
    # Where only labels count, being too modest costs nothing.
    assert "not_as_sure_as_right" not in names_of(shy)
    unknown = with_findings(good, reliability=None)
    assert "not_as_sure_as_right" not in names_of(unknown)


def test_clusters_too_few_or_too_many(groups: Facts) -> None:
    few = {"homogeneity": 0.5, "completeness": 0.95, "pure": []}
    failed = replace(groups, score=0.5)
    assert (
        "throws kinds"
        in said(with_findings(failed, agreement=few, clusters=2), "clusters_too_few_or_many")[
            "title"
        ]
    )
    many = {"homogeneity": 0.95, "completeness": 0.5, "pure": []}
    assert (
        "splits"
        in said(with_findings(failed, agreement=many, clusters=20), "clusters_too_few_or_many")[
            "title"
        ]
    )


def test_near_the_time_limit(good: Facts) -> None:
    slow = replace(good, milliseconds=6_000)
    assert "6.0 of 10 seconds" in said(slow, "near_the_time_limit")["fact"]


def test_within_reach(good: Facts, line: Facts) -> None:
    close = replace(good, score=0.84, seen_score=0.86)
    assert "0.0100 short of 0.85" in said(close, "within_reach")["fact"]
    assert "within_reach" not in names_of(replace(good, score=0.7, seen_score=0.86))
    rmse = replace(line, metric=METRICS["rmse"], threshold=60.0, score=61.0, seen_score=59.0)
    assert "1.0000 short of 60" in said(rmse, "within_reach")["fact"]


def test_the_weightiest_come_first_and_not_too_many(good: Facts) -> None:
    bad = with_findings(
        replace(good, score=0.84, seen_score=1.0, milliseconds=9_000, moved={"tenure": 0.0}),
        classes=classes(0.97, 0.45),
        reliability={"groups": GROUPS, "gap": 0.2},
    )
    found = names_of(bad)
    assert len(found) == MOST
    assert found[0] == "overfit"
    places = {name: place for place, name, _ in RULES}
    assert [places[name] for name in found] == sorted(places[name] for name in found)


def test_every_rule_is_tried_here() -> None:
    text = Path(__file__).read_text()
    assert [name for _, name, _ in RULES if f'"{name}")' not in text] == []
    assert len({place for place, _, _ in RULES}) == len(RULES)


def test_facts_of_a_download() -> None:
    random = np.random.default_rng(3)
    rows = 500
    frame = pd.DataFrame(
        {
            "id": random.permutation(rows) + 1_000,
            "curve": random.uniform(-1, 1, rows),
            "noise": random.normal(size=rows),
            "word": random.choice(["a", "b"], rows),
            "holes": np.where(random.random(rows) < 0.1, np.nan, 1.0),
        }
    )
    frame["target"] = frame["curve"] ** 2 + (frame["word"] == "a") * 0.3
    found = download_facts(frame, "target")
    assert (found.low, found.high) == (frame["target"].min(), frame["target"].max())
    assert found.numbered == ("id",) and found.missing == ("holes",)
    assert found.ties["curve"] > 0.5 and found.ties["word"] > 0.3
    assert found.ties["noise"] < 0.2 and found.ties["id"] < 0.2
    labels = download_facts(
        frame.assign(target=np.where(frame["curve"] > 0, "up", "down")), "target"
    )
    assert labels.low is None and sum(labels.shares.values()) == pytest.approx(1)
    assert labels.ties["curve"] > 0.9
    none = download_facts(frame.drop(columns="target"), None)
    assert (
        none.ties == {}
        and none.shares == {}
        and set(none.widths) == {"id", "curve", "noise", "holes"}
    )
