"""The Ladder: it moves for what is clearly better, in whole steps, and never back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.ladder import attack
from mlarena.scoring.ladder import fitting_step, shown

pytestmark = pytest.mark.pure


@given(
    scores=st.lists(st.floats(0, 1), min_size=1, max_size=40),
    step=st.sampled_from([0.001, 0.01, 0.1]),
    direction=st.sampled_from(["higher", "lower"]),
)
def test_the_board_never_goes_back_and_stays_near_the_best(scores, step, direction):
    sign = 1 if direction == "higher" else -1
    best = None
    for score in scores:
        before, best = best, shown(score, best, step, direction)
        assert best / step == pytest.approx(round(best / step), abs=1e-6)
        if before is not None:
            assert sign * best >= sign * before - 1e-12
    real = max(scores, key=lambda score: sign * score)
    assert abs(real - best) <= 1.5 * step + 1e-9


def test_what_is_hardly_better_is_no_better():
    assert shown(0.8123, None, 0.01, "higher") == pytest.approx(0.81)
    assert shown(0.8199, 0.81, 0.01, "higher") == 0.81
    assert shown(0.8201, 0.81, 0.01, "higher") == pytest.approx(0.82)
    assert shown(12.2, 12.5, 0.5, "lower") == 12.5
    assert shown(11.9, 12.5, 0.5, "lower") == 12.0


def test_guessing_climbs_an_exact_board_and_not_the_ladder():
    exact = np.mean([attack(1_000, 400, None, seed).shown for seed in range(8)])
    ladder = np.mean([attack(1_000, 400, fitting_step(1_000), seed).shown for seed in range(8)])
    assert exact == pytest.approx(0.64, abs=0.02)
    assert ladder < 0.56


@pytest.mark.parametrize("direction", ["higher", "lower"])
def test_exactly_one_step_is_not_more_than_a_step(direction):
    sign = 1 if direction == "higher" else -1
    best, step = 0.5, 0.125  # exact in binary
    assert shown(best + sign * step, best, step, direction) == best
    assert shown(best + sign * 2 * step, best, step, direction) == best + sign * 2 * step
