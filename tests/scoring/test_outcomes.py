"""Rules for three probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlarena.scoring.outcomes import brier, calibration, log_loss, measure, outcome_of, rps

pytestmark = pytest.mark.pure

shares = st.tuples(*[st.floats(0.01, 1)] * 3).map(lambda p: tuple(x / sum(p) for x in p))


def test_figures_that_are_known() -> None:
    # Constantinou and Fenton 2012, table 1: match 1 (home won) and match 3 (a draw).
    assert rps((1, 0, 0), 0) == 0 and rps((0.9, 0.1, 0), 0) == pytest.approx(0.005)
    assert rps((0.35, 0.30, 0.35), 1) == pytest.approx(0.1225)
    assert rps((0, 0, 1), 0) == 1 and brier((0, 0, 1), 0) == 2
    assert log_loss((0.5, 0.25, 0.25), 1) == pytest.approx(np.log(4))
    assert [outcome_of(2, 1), outcome_of(0, 0), outcome_of(0, 3)] == [0, 1, 2]


@settings(max_examples=40)
@given(shares, shares)
def test_nobody_gains_by_saying_what_they_do_not_believe(belief: tuple, said: tuple) -> None:
    for rule in (rps, brier, log_loss):
        honest, other = (
            sum(share * rule(forecast, outcome) for outcome, share in enumerate(belief))
            for forecast in (belief, said)
        )
        assert honest <= other + 1e-12


def test_many_are_the_mean_of_each() -> None:
    chance = np.random.default_rng(5)
    said = chance.dirichlet([2, 1, 1], 4000)
    happened = np.array([chance.choice(3, p=row) for row in said])
    found = measure(said, happened)
    pairs = list(zip(said, happened, strict=True))
    for name, rule in (("rps", rps), ("log_loss", log_loss), ("brier", brier)):
        assert found[name] == pytest.approx(np.mean([rule(row, at) for row, at in pairs]))
    # Who says what they know is calibrated; who says too much is not.
    assert found["ece"] < 0.02
    bold = said**3 / (said**3).sum(axis=1, keepdims=True)
    assert measure(bold, happened)["ece"] > 0.1
    inside = [row["low"] <= row["said"] <= row["high"] for row in calibration(said, happened)]
    assert len(inside) == 10 and sum(inside) >= 8
    assert measure(said[:0], happened[:0]) == {"n": 0}
