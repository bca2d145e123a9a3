"""From one report card to the next: what is said to be better, what to be worse, and what is only noise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mlarena.scoring.changes import MOST, changes
from mlarena.scoring.report import findings

pytestmark = pytest.mark.pure

ROWS = 1_000


def report_of(found: dict[str, Any], model: str = "LinearRegression") -> dict[str, Any]:
    return {"findings": found, "model": {"estimator": model}}


def classes_of(right: float, veil: Any) -> dict[str, Any]:
    random = np.random.default_rng(2)
    truth = np.where(random.random(ROWS) < 0.4, "yes", "no")
    wrong = (truth == "yes") & (random.random(ROWS) > right)
    return findings("classification", truth, np.where(wrong, "no", truth), veil=veil)


def test_the_same_card_has_not_changed(veil):
    card = report_of(classes_of(0.8, veil))
    assert changes(card, card) == []


def test_a_recall_that_rose_is_better_and_one_that_fell_is_worse(veil):
    low, high = report_of(classes_of(0.5, veil)), report_of(classes_of(0.9, veil))
    by_name = {change["what"]: change for change in changes(low, high)}
    assert by_name["Recall of yes"]["better"] is True
    assert float(by_name["Recall of yes"]["after"]) > float(by_name["Recall of yes"]["before"])
    back = {change["what"]: change for change in changes(high, low)}
    assert back["Recall of yes"]["better"] is False
    assert "Recall of no" not in by_name


def test_what_is_within_the_noise_is_not_told(veil):
    assert changes(report_of(classes_of(0.800, veil)), report_of(classes_of(0.803, veil))) == []


def test_residuals(veil, random):
    truth = random.normal(100, 20, ROWS)
    off = random.normal(0, 10, ROWS)
    before = findings("regression", truth, truth + off + 12, veil=veil)
    after = findings("regression", truth, truth + off * 0.5, veil=veil)
    by_name = {change["what"]: change for change in changes(report_of(before), report_of(after))}
    assert by_name["Mean absolute error"]["better"] is True
    assert by_name["Off to one side by"]["better"] is True


def test_clusters_and_another_model(veil):
    kinds = np.repeat(["a", "b"], [500, 500])
    before = findings("clustering", kinds, np.arange(ROWS) % 3, veil=veil)
    after = findings("clustering", kinds, (kinds == "a").astype(int), veil=veil)
    found = changes(report_of(before, "KMeans"), report_of(after, "StandardScaler → KMeans"))
    by_name = {change["what"]: change for change in found}
    assert found[0]["what"] == "The model"
    assert by_name["Clusters"]["better"] is None
    assert by_name["Homogeneity"]["better"] is True


def test_a_slice_that_stands_out_no_longer():
    part = {"feature": "plan", "values": "plus", "rows": 100, "error": 0.5, "overall": 0.2}
    bad, good = report_of({"slices": [part]}), report_of({"slices": []})
    [gone] = changes(bad, good)
    assert (gone["what"], gone["better"]) == ("plan: plus", True)
    [new] = changes(good, bad)
    assert new["better"] is False
    # Twice the error of the rest of a good model, and still less than all of a bad one had.
    confused = {"confusion": {"counts": [[40, 60], [60, 40]]}, "slices": []}
    assert changes(report_of(confused), bad) == []


def test_cards_of_failures_and_of_another_kind_are_met_without_a_word(veil):
    assert changes({}, report_of(classes_of(0.8, veil))) == []
    clusters = findings("clustering", None, np.arange(ROWS) % 3, veil=veil)
    assert changes(report_of(clusters), report_of(classes_of(0.8, veil))) == []


def test_no_more_than_can_be_read(veil, random):
    truth = random.integers(0, 9, ROWS)
    good = findings("classification", truth, truth, veil=veil)
    bad = findings("classification", truth, random.integers(0, 9, ROWS), veil=veil)
    found = changes(report_of(bad), report_of(good))
    assert len(found) == MOST
    sizes = [change["size"] for change in found]
    assert sizes == sorted(sizes, reverse=True)
