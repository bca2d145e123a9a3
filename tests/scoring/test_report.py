"""The report card's findings: right figures, and nothing that stands for a single hidden row."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from mlarena.scoring.metrics import METRICS, MetricError
from mlarena.scoring.report import compare, findings
from mlarena.scoring.slices import MIN_ROWS, cut_slices, worst_slices

pytestmark = pytest.mark.pure

ROWS = 1_000


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(7)


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


def test_classification_counts_and_rates():
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


def test_a_model_that_answers_one_class_is_told_so():
    found = findings("classification", yes_no(400), yes_no(0))
    assert found["never_answered"] == ["yes"]
    assert found["classes"][1]["precision"] is None
    assert found["classes"][1]["recall"] == 0.0


def test_probabilities_count_as_their_likeliest_class():
    truth = yes_no(400)
    sure = np.column_stack([truth == "yes", truth == "no"]).astype(float)
    found = findings("classification", truth, sure, classes=["yes", "no"])
    assert found["confusion"]["counts"] == [[600, 0], [0, 400]]


def test_answers_beyond_the_labels_are_one_column():
    truth = yes_no(400)
    answers = np.where(np.arange(ROWS) < 100, "perhaps", truth)
    answers[100:150] = "maybe"
    confusion = findings("classification", truth, answers)["confusion"]
    assert confusion["answers"] == ["no", "yes", "other"]
    assert confusion["counts"] == [[600, 0, 0], [0, 250, 150]]


def test_regression_summary(random):
    truth = random.uniform(100, 200, ROWS)
    found = findings("regression", truth, truth + 10 + random.normal(0, 1, ROWS))
    assert found["bias"] == pytest.approx(10, abs=0.1)
    assert found["mae"] == pytest.approx(10, abs=0.1)
    residuals = [entry["residual"] for entry in found["quantiles"]]
    assert residuals == sorted(residuals)
    assert residuals[2] == pytest.approx(10, abs=0.2)
    assert sum(found["histogram"]["counts"]) == pytest.approx(ROWS, abs=25)
    assert len(found["histogram"]["counts"]) == len(found["histogram"]["edges"]) + 1
    truths = [group["truth"] for group in found["along_target"]]
    assert len(truths) == 5 and truths == sorted(truths)


def test_perfect_and_absurd_regressions_are_still_json(random):
    truth = random.uniform(100, 200, ROWS)
    for answers in (truth, np.full(ROWS, 1e308), np.where(truth > 150, 1e308, -1e308)):
        json.dumps(findings("regression", truth, answers, features=table(random)), allow_nan=False)


def test_cluster_sizes():
    found = findings("clustering", None, np.repeat([5, -1, 2], [10, 30, 60]))
    assert (found["clusters"], found["sizes"]) == (3, [60, 30, 10])


def test_worst_slices_name_the_column_and_values_where_the_model_fails(random):
    features = table(random)
    errors = random.random(ROWS) * 0.2
    errors[(features.plan == "plus").to_numpy()] += 1
    errors[(features.age >= 75).to_numpy()] += 2
    found = worst_slices(features, errors)
    assert [entry["feature"] for entry in found] == ["age", "plan"]
    assert found[1]["values"] == "plus"
    assert found[0]["values"].endswith(" to 89")
    assert all(entry["error"] > entry["overall"] for entry in found)


def test_even_errors_have_no_worst_slice(random):
    assert worst_slices(table(random), np.ones(ROWS)) == []
    assert worst_slices(table(random), np.zeros(ROWS)) == []
    assert worst_slices(None, np.ones(ROWS)) == []


def test_slices_cut_before_give_the_same_findings(random):
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


def test_findings_hold_no_row(random):
    """Nothing in the findings is as long as the rows, or a label set down row by row."""
    truth, features = random.normal(1e6, 1e5, ROWS).round(2), table(random)
    for found in (
        findings("regression", truth, truth * 1.1, features=features),
        findings("classification", yes_no(400), yes_no(300), features=features),
    ):
        assert longest_list(found) <= 10
        text = json.dumps(found)
        assert not any(str(value) in text for value in truth)


def longest_list(value) -> int:
    if isinstance(value, dict):
        return max(map(longest_list, value.values()), default=0)
    if isinstance(value, list):
        return max([len(value), *map(longest_list, value)])
    return 0


def test_one_answer_apart_does_not_tell_that_rows_label(random):
    """A model that singles out one row sees the same card, whichever label the row has."""
    features, answers = table(random), yes_no(0)
    answers[0] = "yes"
    if_yes, if_no = yes_no(400), yes_no(400)
    if_no[0] = "no"
    one = findings("classification", if_yes, answers, features=features)
    other = findings("classification", if_no, answers, features=features)
    assert one == other


@pytest.mark.parametrize("place", [0.05, 0.25, 0.5, 0.75, 0.95])
def test_a_row_pushed_onto_a_quantile_does_not_show_its_target(random, place):
    """Answers far below and far above leave one row alone in the middle; its residual is its label."""
    truth = random.uniform(1, 2, ROWS)
    order = random.permutation(ROWS)
    rank = round(place * (ROWS - 1))
    answers = np.zeros(ROWS)
    answers[order[:rank]], answers[order[rank + 1 :]] = -1e9, 1e9
    found = findings("regression", truth, answers)
    residuals = [entry["residual"] for entry in found["quantiles"]]
    assert not any(1 <= -value <= 2 for value in residuals)
    edges = found["histogram"]["edges"] if found["histogram"] else []
    assert not any(1 <= abs(value) <= 2 for value in edges)


def test_small_hidden_sets_show_no_quantile_of_single_rows():
    found = findings("regression", np.arange(1.0, 11.0), np.zeros(10))
    assert all(entry["residual"] is None for entry in found["quantiles"])
    assert found["histogram"] is None and found["along_target"] == []


def test_findings_refuse_what_score_refuses():
    with pytest.raises(MetricError, match="the labels are `no`/`yes`"):
        findings("classification", yes_no(400), np.zeros(ROWS, dtype=int))


def test_compare_counts_who_is_better():
    r2, rmse = METRICS["r2"], METRICS["rmse"]
    found = compare(r2, 0.85, 0.80, [0.7, 0.8, 0.85, 0.9, 0.95])
    assert found["passed"] and found["rank"] == 3 and found["better_than"] == 0.4
    assert found["margin"] == pytest.approx(0.05)
    assert found["quartiles"] == [0.8, 0.85, 0.9]
    found = compare(rmse, 50, 60, [55, 45])
    assert found["passed"] and found["rank"] == 2 and found["better_than"] == 0.5
    assert found["margin"] == 10 and found["quartiles"] is None
    alone = compare(rmse, 70, 60, [])
    assert not alone["passed"] and alone["better_than"] is None and alone["margin"] == -10
