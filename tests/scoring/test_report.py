"""The report card's findings: right figures, of aggregates only (see test_attacker.py)."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlarena.scoring import report
from mlarena.scoring.metrics import MetricError
from mlarena.scoring.slices import MIN_ROWS, cut_slices, worst_slices

pytestmark = pytest.mark.pure

ROWS = 1_000


@pytest.fixture
def findings(bare: Any) -> Any:
    """The findings without the veil's noise, so that figures can be foretold to the rounding."""

    def find(kind: str, truth: Any, answers: Any, **more: Any) -> dict[str, Any]:
        return report.findings(kind, truth, answers, veil=bare(len(answers)), **more)

    return find


def yes_no(yes: int, rows: int = ROWS) -> np.ndarray:
    return np.array(["yes"] * yes + ["no"] * (rows - yes))


def table(random: np.random.Generator) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "plan": random.choice(["basic", "plus"], ROWS),
            "age": random.integers(18, 90, ROWS),
            "member": random.integers(0, 2, ROWS),
            "bill": random.normal(50, 10, ROWS).round(2),
        }
    )


def test_classification_counts_and_rates(findings):
    truth = yes_no(400)
    answers = truth.copy()
    answers[:100] = "no"
    found = findings("classification", truth, answers)
    assert found["confusion"]["labels"] == ["no", "yes"]
    assert found["confusion"]["counts"] == [[600, 0], [100, 300]]
    no, yes = found["classes"]
    assert (no["precision"], no["recall"], no["rows"]) == (0.86, 1.0, 600)
    assert (yes["precision"], yes["recall"], yes["f1"]) == (1.0, 0.75, 0.86)
    assert found["never_answered"] == []
    assert found["reliability"] is None


def test_rates_are_those_of_the_matrix_that_is_shown(veil):
    """Whoever divides the counts of the page finds the figures of the page."""
    random = np.random.default_rng(1)
    truth = yes_no(400)
    answers = np.where(random.random(ROWS) < 0.8, truth, truth[::-1])
    found = report.findings("classification", truth, answers, veil=veil)
    (right_no, missed), (false, right_yes) = found["confusion"]["counts"]
    no, yes = found["classes"]
    assert yes["recall"] == round(right_yes / (right_yes + false), 2)
    assert no["precision"] == round(right_no / (right_no + false), 2)
    assert (no["rows"], yes["rows"]) == (right_no + missed, false + right_yes)


def test_a_model_that_answers_one_class_is_told_so(findings):
    found = findings("classification", yes_no(400), yes_no(0))
    assert found["never_answered"] == ["yes"]
    assert found["classes"][1]["precision"] is None
    assert found["classes"][1]["recall"] == 0.0


def test_probabilities_count_as_their_likeliest_class(findings):
    truth = yes_no(400)
    sure = np.column_stack([truth == "yes", truth == "no"]).astype(float)
    found = findings("classification", truth, sure, classes=["yes", "no"])
    assert found["confusion"]["counts"] == [[600, 0], [0, 400]]
    assert found["reliability"]["gap"] == 0


def test_answers_beyond_the_labels_are_one_column(findings):
    truth = yes_no(400)
    answers = np.where(np.arange(ROWS) < 100, "perhaps", truth)
    answers[100:150] = "maybe"
    confusion = findings("classification", truth, answers)["confusion"]
    assert confusion["answers"] == ["no", "yes", "other"]
    assert confusion["counts"] == [[600, 0, 0], [0, 250, 150]]


def test_reliability_says_how_sure_and_how_often_right(findings, random):
    """A model that is right as often as it says, and one that is always sure of the same answers."""
    sure = random.uniform(0.5, 1, ROWS)
    right = random.random(ROWS) < sure
    truth = np.where(right, "yes", "no")
    matrix = np.column_stack([1 - sure, sure])
    honest = findings(
        *("classification", truth, np.full(ROWS, "yes")),
        classes=["no", "yes"],
        probabilities=matrix,
    )["reliability"]
    told = [group["sure"] for group in honest["groups"]]
    assert told == sorted(told) and told[0] < 0.6 and told[-1] > 0.9
    assert all(abs(group["sure"] - group["right"]) < 0.1 for group in honest["groups"])
    assert abs(honest["gap"]) < 0.04
    boast = findings(
        *("classification", truth, np.full(ROWS, "yes")),
        classes=["no", "yes"],
        probabilities=np.column_stack([np.full(ROWS, 0.01), np.full(ROWS, 0.99)]),
    )["reliability"]
    assert boast["gap"] == pytest.approx(0.24, abs=0.04)


@pytest.mark.parametrize(
    ("classes", "matrix"),
    [
        (["never", "heard"], np.full((ROWS, 2), 0.5)),
        (["no", "yes"], np.full((ROWS, 2), 3.0)),
        (["no", "yes"], np.full((ROWS, 2), -1.0)),
    ],
)
def test_probabilities_that_are_none_are_left_out(findings, classes, matrix):
    found = findings(
        *("classification", yes_no(400), yes_no(300)), classes=classes, probabilities=matrix
    )
    assert found["reliability"] is None
    assert found["confusion"]


def test_regression_summary(findings, random):
    truth = random.uniform(100, 200, ROWS)
    found = findings("regression", truth, truth + 10 + random.normal(0, 1, ROWS))
    assert found["bias"] == pytest.approx(10, abs=0.1)
    assert found["mae"] == pytest.approx(10, abs=0.1)
    truths = [group["truth"] for group in found["along_target"]]
    assert len(truths) == 5 and truths == sorted(truths)
    assert all(g["answer"] == pytest.approx(g["truth"] + 10, abs=1) for g in found["along_target"])


def test_the_drawing_lies_along_the_diagonal_of_a_good_model(veil, random):
    truth = random.normal(100, 20, ROWS)
    points = report.findings("regression", truth, truth + random.normal(0, 5, ROWS), veil=veil)[
        "points"
    ]
    counts = np.array(points["counts"])
    assert counts.shape == (12, 12) and len(points["edges"]) == 13
    across, up = np.indices(counts.shape)
    assert counts[abs(across - up) <= 2].sum() > 0.95 * counts.sum()
    assert counts.sum() == pytest.approx(ROWS, rel=0.1)
    guess = report.findings("regression", truth, np.full(ROWS, 100.0), veil=veil)["points"]
    rows_used = (np.array(guess["counts"]) > 0).any(axis=0)
    assert rows_used.sum() <= 3  # one answer: one line across


def test_a_model_is_not_made_to_look_worse_than_it_is(veil, random):
    """The blur of the truth would be seen in the figures of a model that is nearly perfect."""
    truth = random.normal(100, 20, ROWS)
    perfect = report.findings("regression", truth, truth, veil=veil)
    assert perfect["mae"] == pytest.approx(0, abs=1e-9) and perfect["slices"] == []
    good = report.findings("regression", truth, truth + random.normal(0, 0.5, ROWS), veil=veil)
    assert good["mae"] == pytest.approx(0.4, rel=0.1)


def test_the_slope_tells_the_careful_from_the_loud(veil, random):
    """An honest guess of a noisy target has slope 1, though it misses low targets from above."""
    known, chance = random.normal(0, 1, ROWS), random.normal(0, 1, ROWS)
    truth = known + chance

    def slope_of(answers: np.ndarray) -> float:
        return report.findings("regression", truth, answers, veil=veil)["slope"]

    assert slope_of(known) == pytest.approx(1, abs=0.08)
    assert slope_of(known * 0.7) == pytest.approx(1 / 0.7, abs=0.12)
    assert slope_of(known + random.normal(0, 1, ROWS)) == pytest.approx(0.5, abs=0.08)
    assert report.findings("regression", truth, np.zeros(ROWS), veil=veil)["slope"] is None


def test_features_along_which_the_residual_swings_are_named(veil, random):
    features = table(random)
    truth = random.normal(0, 1, ROWS)
    answers = truth + random.normal(0, 1, ROWS) + np.where(features.plan == "plus", 1.0, -1.0)
    swings = report.findings("regression", truth, answers, veil=veil, features=features)
    [found] = swings["by_feature"]
    assert found["feature"] == "plan" and found["swing"] == pytest.approx(1, rel=0.2)
    parts = {part["values"]: part["residual"] for part in found["parts"]}
    assert parts["plus"] == pytest.approx(1, rel=0.3)
    assert parts["basic"] == pytest.approx(-1, rel=0.3)
    even = report.findings(
        *("regression", truth, truth + random.normal(0, 1, ROWS)), veil=veil, features=features
    )
    assert even["by_feature"] == []


def test_perfect_and_absurd_regressions_are_still_json(findings, random):
    truth = random.uniform(100, 200, ROWS)
    for answers in (truth, np.full(ROWS, 1e308), np.where(truth > 150, 1e308, -1e308)):
        json.dumps(findings("regression", truth, answers, features=table(random)), allow_nan=False)


def test_clusters_their_sizes_and_how_pure_they_are(findings):
    kinds = np.repeat(["a", "b", "c"], [100, 300, 600])
    clusters = np.repeat([5, -1, 2], [100, 300, 600])
    found = findings("clustering", kinds, clusters)
    assert (found["clusters"], found["sizes"]) == (3, [600, 300, 100])
    agreement = found["agreement"]
    assert (agreement["homogeneity"], agreement["completeness"]) == (1, 1)
    assert agreement["pure"] == [1, 1, 1]
    mixed = findings("clustering", kinds, np.arange(1000) % 2)["agreement"]
    assert mixed["homogeneity"] < 0.1
    assert mixed["pure"] == [0.6, 0.6]
    assert findings("clustering", None, clusters)["agreement"] is None


def test_small_clusters_do_not_tell_what_their_rows_have_in_common(findings):
    kinds = np.repeat(["a", "b"], [500, 500])
    clusters = np.r_[np.zeros(970, int), np.arange(30)]
    pure = findings("clustering", kinds, clusters)["agreement"]["pure"]
    assert pure[0] is not None and set(pure[1:]) == {None}


def silent(bare):
    return bare(ROWS).noise(np.zeros(ROWS))


def test_worst_slices_name_the_column_and_values_where_the_model_fails(bare, random):
    features = table(random)
    errors = random.random(ROWS) * 0.2
    errors[(features.plan == "plus").to_numpy()] += 1
    errors[(features.age >= 75).to_numpy()] += 2
    found = worst_slices(cut_slices(features), errors, silent(bare), 3.2)
    assert [entry["feature"] for entry in found] == ["age", "plan"]
    assert found[1]["values"] == "plus"
    assert found[0]["values"].endswith(" to 89")
    assert all(entry["error"] > entry["overall"] for entry in found)


def test_even_errors_have_no_worst_slice(bare, random):
    slices = cut_slices(table(random))
    assert worst_slices(slices, np.ones(ROWS), silent(bare), 1) == []
    assert worst_slices(slices, np.zeros(ROWS), silent(bare), 1) == []
    assert worst_slices(None, np.ones(ROWS), silent(bare), 1) == []


def test_slices_cut_before_give_the_same_findings(findings, random):
    features = table(random)
    truth, answers = random.normal(size=ROWS), random.normal(size=ROWS)
    assert findings("regression", truth, answers, features=features) == findings(
        "regression", truth, answers, features=cut_slices(features)
    )


def test_no_slice_is_small_nor_is_what_it_leaves_over():
    features = pd.DataFrame(
        {
            "one_off": [1] + [0] * (ROWS - 1),
            "word": ["rare"] * (MIN_ROWS - 1) + ["usual"] * (ROWS - MIN_ROWS + 1),
            "each": np.arange(ROWS),
        }
    )
    slices = cut_slices(features)
    assert set(slices.columns) == {"each"}
    assert slices.rows.min() >= MIN_ROWS


def test_findings_hold_no_row(veil, random):
    """Nothing in the findings is as long as the rows, or a label set down row by row."""
    truth, features = random.normal(1e6, 1e5, ROWS).round(2), table(random)
    for found in (
        report.findings("regression", truth, truth * 1.1, veil=veil, features=features),
        report.findings("classification", yes_no(400), yes_no(300), veil=veil, features=features),
    ):
        assert longest_list(found) <= 13
        text = json.dumps(found)
        assert not any(str(value) in text for value in truth)


def longest_list(value) -> int:
    if isinstance(value, dict):
        return max(map(longest_list, value.values()), default=0)
    if isinstance(value, list):
        return max([len(value), *map(longest_list, value)])
    return 0


def test_small_hidden_sets_show_nothing_of_single_rows(findings):
    found = findings("regression", np.arange(1.0, 11.0), np.zeros(10))
    assert found["bias"] is None and found["mae"] is None
    assert found["points"] is None and found["along_target"] == []
    pure = findings("clustering", np.arange(10), np.arange(10) % 2)["agreement"]["pure"]
    assert pure == [None, None]


def test_findings_refuse_what_score_refuses(findings):
    with pytest.raises(MetricError, match="the labels are `no`/`yes`"):
        findings("classification", yes_no(400), np.zeros(ROWS, dtype=int))
