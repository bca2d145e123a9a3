"""The metrics that competitions brought: scikit-learn's numbers, known examples, what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats
from sklearn import metrics as sk

from mlarena.scoring.metrics import METRICS, MetricError

pytestmark = pytest.mark.pure


def score(name, truth, answers, **more):
    return METRICS[name].score(np.asarray(truth), np.asarray(answers), **more)


@given(
    pair=st.integers(2, 40).flatmap(
        lambda n: st.tuples(*[hnp.arrays(int, n, elements=st.integers(0, 4))] * 2)
    )
)
def test_kappa_agrees_with_scikit_learn_and_knows_its_scale(pair):
    truth, answers = pair
    low, high = min(pair[0].min(), pair[1].min()), max(pair[0].max(), pair[1].max())
    if low == high:
        assert score("quadratic_kappa", truth, answers) == 1.0
        return
    expected = sk.cohen_kappa_score(
        truth, answers, labels=np.arange(low, high + 1), weights="quadratic"
    )
    assert score("quadratic_kappa", truth, answers) == pytest.approx(expected)
    assert score("quadratic_kappa", truth, truth) == 1.0


def test_a_grade_that_nobody_got_keeps_its_place_on_the_scale():
    # From 1 to 5 is four steps, whether or not a 2, 3 or 4 was given.
    near, far = [1, 1, 5, 5, 1], [1, 1, 5, 5, 2]
    assert score("quadratic_kappa", near, far) > 0.9
    assert score("quadratic_kappa", near, [1, 1, 5, 5, 5]) < 0.7


@given(
    pair=st.integers(3, 40).flatmap(
        lambda n: st.tuples(*[hnp.arrays(float, n, elements=st.floats(-1e6, 1e6))] * 2)
    )
)
def test_correlations_agree_with_scipy(pair):
    truth, answers = pair
    for name, theirs in (("pearson", stats.pearsonr), ("spearman", stats.spearmanr)):
        found = score(name, truth, answers)
        assert -1 <= found <= 1
        if np.ptp(truth) and np.ptp(answers):
            if np.ptp(truth) > 1e-3 and np.ptp(answers) > 1e-3:
                assert found == pytest.approx(theirs(truth, answers).statistic, abs=1e-5)
            assert score(name, truth, truth) == pytest.approx(1.0)
        else:
            assert found == 0.0


def test_known_values_of_percentages_and_logarithms():
    assert score("smape", [100, 0, 50], [50, 0, 50]) == pytest.approx((2 * 50 / 150) / 3)
    assert score("smape", [1.0, 2.0], [-1.0, 0.0]) == 2.0
    truth, answers = np.array([3.0, 0.0, 8.0]), np.array([2.0, 1.0, 8.0])
    assert score("rmsle", truth, answers) == pytest.approx(
        sk.root_mean_squared_log_error(truth, answers)
    )


def test_dice_is_f1_of_the_second_label():
    truth, answers = [0, 1, 1, 0, 1], [0, 1, 0, 1, 1]
    assert score("dice", truth, answers) == pytest.approx(sk.f1_score(truth, answers))
    words = np.array(["out", "in"])[np.array(truth)]  # "in" sorts first, so "out" is the second
    assert score("dice", words, words) == 1.0


def test_mean_columnwise_error():
    truth = np.array([[1.0, 10.0], [2.0, 20.0]])
    answers = np.array([[1.0, 13.0], [4.0, 16.0]])
    expected = (math.sqrt(2) + math.sqrt(12.5)) / 2
    assert score("mcrmse", truth, answers) == pytest.approx(expected)
    with pytest.raises(MetricError, match="2 × 1, the hidden data is 2 × 2"):
        score("mcrmse", truth, answers[:, :1])


@pytest.mark.parametrize(
    ("truth", "guesses", "at_3"),
    [
        ("a", "a b c", 1.0),
        ("a", "b a c", 0.5),
        ("a", "b c d a", 0.0),
        ("a b", "a x b", (1 + 2 / 3) / 2),
        ("a b c d e", "a b c", 1.0),
        ("a", "a a a", 1.0),
        ("a b", "a a b", (1 + 1) / 2),
        ("", "a", 0.0),
        ("a", "", 0.0),
    ],
)
def test_mean_average_precision(truth, guesses, at_3):
    assert score("map_at_3", [truth], [guesses]) == pytest.approx(at_3)
    assert score("map_at_3", [truth, "z"], [guesses, "z"]) == pytest.approx((at_3 + 1) / 2)


@given(data=st.data())
def test_ndcg_agrees_with_scikit_learn_query_by_query(data):
    sizes = data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=6))
    if max(sizes) == 1:
        return
    rows = sum(sizes)
    relevance = data.draw(hnp.arrays(float, rows, elements=st.integers(0, 3)))
    scores = data.draw(hnp.arrays(float, rows, elements=st.floats(-5, 5)))
    query = np.repeat([f"q{i}" for i in range(len(sizes))], sizes)
    order = np.array(data.draw(st.permutations(range(rows))))
    expected = np.mean(
        [
            sk.ndcg_score([relevance[query == name]], [scores[query == name]])
            for name, size in zip(np.unique(query), sizes, strict=True)
            if size > 1
        ]
    )
    found = score("ndcg", relevance[order], scores[order], groups=query[order])
    assert found == pytest.approx(expected)


def test_ndcg_at_ten_looks_no_further():
    relevance = np.zeros(30)
    relevance[29] = 1
    assert score("ndcg_at_10", relevance, -np.arange(30.0)) == 0.0
    assert score("ndcg", relevance, -np.arange(30.0)) > 0
    assert score("ndcg_at_10", relevance, np.arange(30.0)) == 1.0


@pytest.mark.parametrize(
    ("truth", "mask", "dice"),
    [
        ("1 3 10 2", "1 3 10 2", 1.0),
        ("1 10", "6 10", 0.5),
        ("1 10", "11 10", 0.0),
        ("1 4 9 4", "3 8", 2 * 4 / 16),
        ("", "", 1.0),
        ("1 5", "", 0.0),
    ],
)
def test_dice_of_masks(truth, mask, dice):
    assert score("mask_dice", [truth], [mask]) == pytest.approx(dice)


@given(data=st.data())
def test_masks_are_compared_pixel_by_pixel(data):
    masks = [data.draw(st.sets(st.integers(1, 30), max_size=20)) for _ in range(2)]
    encoded = [" ".join(f"{pixel} 1" for pixel in sorted(mask)) for mask in masks]
    total = len(masks[0]) + len(masks[1])
    expected = 2 * len(masks[0] & masks[1]) / total if total else 1.0
    assert score("mask_dice", [encoded[0]], [encoded[1]]) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("metric", "truth", "answers", "words"),
    [
        ("quadratic_kappa", [1, 2, 3], [1.5, 2, 3], "`1.5`.*whole numbers"),
        ("quadratic_kappa", [1, 2, 3], [1, 2, 10**9], "1,000 steps"),
        ("rmsle", [1, 2, 3], [-1, 2, -3], "2 answers are below zero.*Clip"),
        ("rmsle", [-1, 2, 3], [1, 2, 3], "hidden data holds a target below zero"),
        ("dice", ["a", "b", "c"], ["a", "b", "c"], "holds 3"),
        ("ndcg", [-1, 2], [1, 2], "below zero"),
        ("mask_dice", ["1 5"], ["1"], "Row 1: .*left over"),
        ("mask_dice", ["1 5"], ["0 5"], "count from 1"),
        ("mask_dice", ["1 5"], ["1 5 3 4"], "may not overlap"),
        ("mask_dice", ["1 5"], ["one 5"], "whole numbers"),
    ],
)
def test_what_cannot_be_scored_is_said(metric, truth, answers, words):
    with pytest.raises(MetricError, match=words):
        score(metric, truth, answers)


def test_ndcg_needs_a_query_of_two_rows():
    with pytest.raises(MetricError, match="single row"):
        score("ndcg", [1, 2], [1, 2], groups=["a", "b"])


def test_what_a_file_holds_is_known_of_every_metric_but_the_silhouette():
    takes = {name: metric.takes for name, metric in METRICS.items()}
    assert takes.pop("silhouette") is None
    assert None not in takes.values()
    assert takes["accuracy"] == takes["adjusted_rand"] == "label"
    assert takes["rmse"] == takes["quadratic_kappa"] == takes["ndcg"] == "number"
    assert (takes["mcrmse"], takes["map_at_5"], takes["mask_dice"]) == ("numbers", "list", "mask")
    assert takes["log_loss"] == "probability"


def test_quests_are_offered_none_of_what_only_files_can_answer():
    for metric in METRICS.values():
        if metric.needs not in ("labels", "probabilities", "clusters"):
            assert not metric.task_types
