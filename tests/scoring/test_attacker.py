"""Somebody who wants the hidden rows, knows this code, and reads report cards instead of learning.

They choose every answer, as often as they like; what they lack is the installation's secret. Each attack is
also made on cards without the veil, where it must come through, or it would show nothing. What a card may
tell is measured by the score beside it, which is exact: one linear equation about the labels, so N
submissions tell the share N / rows of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlarena.scoring.report import findings
from mlarena.scoring.veil import BLUR, Veil, _smoothing

pytestmark = pytest.mark.pure

ROWS = 216


def hidden_prices(rows: int = ROWS) -> np.ndarray:
    return np.random.default_rng(99).normal(100, 20, rows)


def hidden_labels(rows: int = ROWS) -> np.ndarray:
    return np.where(np.random.default_rng(98).random(rows) < 0.4, "yes", "no")


def secret_veil(rows: int = ROWS) -> Veil:
    return Veil(np.random.default_rng(97).bytes(32), rows)


def solved(equations: np.ndarray, told: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """The unknowns (rows, k) that fit best: ridge regression around what one would guess anyway."""
    left = told - equations @ np.tile(prior, (equations.shape[1], 1))
    u, s, v = np.linalg.svd(equations, full_matrices=False)
    size = float(np.mean(s**2))
    doubts = (0.01, 0.1, 1.0, 10.0)
    return np.array(
        [v.T @ ((s / (s**2 + doubt * size))[:, None] * (u.T @ left)) + prior for doubt in doubts]
    )


def known_of(found: np.ndarray, truth: np.ndarray) -> float:
    """How much of the truth's variance the attacker knows: the best of their guesses, told by us."""
    return max(
        float(np.corrcoef(guess, truth)[0, 1] ** 2) if guess.std() > 1e-9 else 0.0
        for guess in found
    )


def attack_the_drawing(truth: np.ndarray, veil: Veil, submissions: int, levels: int) -> float:
    """Answers at random from a few levels; each drawing counts, cell by cell, who got which."""
    random = np.random.default_rng(5)
    first = findings("regression", truth, np.full(len(truth), 100.0), veil=veil)["points"]
    edges = np.array(first["edges"])
    middle, cells = (edges[:-1] + edges[1:]) / 2, len(edges) - 1
    chosen = np.linspace(0, cells - 1, levels).astype(int)
    equations, told = [], []
    for _ in range(submissions):
        level = chosen[random.integers(0, levels, len(truth))]
        drawing = findings("regression", truth, middle[level], veil=veil)["points"]["counts"]
        equations.append(_smoothing(cells) @ np.eye(cells)[level].T)
        told.append(np.array(drawing, dtype=float).T)
    matrix, values = np.vstack(equations), np.vstack(told)
    in_cells = solved(matrix, values, values.sum(axis=0) / values.sum())
    return known_of(in_cells @ middle, truth)


def attack_the_fifths(truth: np.ndarray, veil: Veil, submissions: int) -> float:
    """Two answers, dealt at random; the mean answer of each fifth of the target counts them."""
    random = np.random.default_rng(6)
    equations, told = [], []
    for _ in range(submissions):
        answers = np.where(random.random(len(truth)) < 0.5, 60.0, 140.0)
        fifths = findings("regression", truth, answers, veil=veil)["along_target"]
        equations.append((answers - 100) / (len(truth) / 5))
        told.append([fifth["answer"] - 100 for fifth in fifths])
        levels = np.array([fifth["truth"] for fifth in fifths])
    found = solved(np.array(equations), np.array(told), np.full(5, 0.2))
    return known_of(found @ levels, truth)


ATTACKS = [
    lambda truth, veil, n: attack_the_drawing(truth, veil, n, 3),
    attack_the_fifths,
]


@pytest.mark.parametrize("attack", ATTACKS, ids=["drawing", "fifths"])
def test_as_many_cards_as_rows_do_not_give_the_targets_back(
    attack: Callable[..., float], bare: Any
) -> None:
    """As many exact scores would: they are as many equations as there are unknowns."""
    truth = hidden_prices()
    assert attack(truth, bare(ROWS), ROWS) > 0.5
    assert attack(truth, secret_veil(), ROWS) < 0.25


@pytest.mark.parametrize("submissions", [20, 60])
def test_a_few_cards_tell_less_than_their_scores(submissions: int) -> None:
    truth, veil = hidden_prices(), secret_veil()
    for attack in ATTACKS:
        assert attack(truth, veil, submissions) < submissions / ROWS


def test_no_number_of_cards_gives_a_target_exactly() -> None:
    """What all cards together could tell is the blurred truth: it is drawn once, and is not the truth."""
    truth, veil = hidden_prices(), secret_veil()
    off = np.abs(veil.blurred(truth) - truth) / truth.std()
    assert np.sqrt(np.mean(off**2)) == pytest.approx(BLUR, rel=0.2)
    assert (veil.blurred(truth) == veil.blurred(truth)).all()
    other = Veil(b"another installation's own secret", ROWS).blurred(truth)
    assert abs(np.corrcoef(other - truth, veil.blurred(truth) - truth)[0, 1]) < 0.25


def test_asking_again_does_not_average_the_noise_out() -> None:
    features = pd.DataFrame({"a": np.arange(ROWS) % 7, "b": np.arange(ROWS) * 1.0})
    truth, labels, veil = hidden_prices(), hidden_labels(), secret_veil()
    sure = np.linspace(0.5, 1, ROWS)
    first: Any = None
    for again in range(20):
        nudge = again * 1e-9
        cards = (
            findings("regression", truth, truth * 1.1 + nudge, veil=veil, features=features),
            findings(
                *("classification", labels, labels[::-1]),
                veil=veil,
                classes=["no", "yes"],
                probabilities=np.column_stack([1 - sure + nudge, sure - nudge]),
                features=features,
            ),
            findings("clustering", labels, np.arange(ROWS) % 4, veil=veil),
        )
        first = first or cards
        assert json.dumps(cards) == json.dumps(first)


def test_the_noise_is_another_for_other_answers_and_another_hidden_set() -> None:
    """One row's answer moves a dozen cells of the drawing at most, neighbours and all; the noise all."""
    truth = hidden_prices(1_000)
    one = truth + np.random.default_rng(4).normal(0, 10, 1_000)
    other = one.copy()
    other[3] += 30.0

    def drawn(answers: np.ndarray, veil: Veil) -> np.ndarray:
        return np.array(findings("regression", truth, answers, veil=veil)["points"]["counts"])

    first = drawn(one, secret_veil(1_000))
    assert (first != drawn(other, secret_veil(1_000))).sum() > 30
    assert (first != drawn(one, Veil(b"another hidden set of 32 bytes !", 1_000))).sum() > 30


def attack_the_matrix(truth: np.ndarray, veil: Veil, submissions: int) -> float:
    """Labels dealt at random; the matrix counts how many of each were right."""
    random = np.random.default_rng(8)
    equations, told = [], []
    for _ in range(submissions):
        yes = random.random(len(truth)) < 0.5
        card = findings("classification", truth, np.where(yes, "yes", "no"), veil=veil)
        (_, _), (_, hits) = card["confusion"]["counts"]
        equations.append(yes.astype(float))
        told.append([hits])
    found = solved(np.array(equations), np.array(told, dtype=float), np.array([0.4]))
    return known_of(found[:, :, 0], (truth == "yes").astype(float))


def test_matrices_tell_no_more_than_the_scores_beside_them(bare: Any) -> None:
    truth = hidden_labels()
    for submissions in (60, 150):
        assert attack_the_matrix(truth, secret_veil(), submissions) < 1.1 * submissions / ROWS
    assert attack_the_matrix(truth, bare(ROWS), 300) > attack_the_matrix(truth, secret_veil(), 300)


def test_one_label_does_not_show_in_the_matrix() -> None:
    """A model that singles out one row sees the same matrix, whichever label the row has."""
    truth = hidden_labels()
    for row in range(40):
        answers = np.full(ROWS, "no")
        answers[row] = "yes"
        counts = []
        for label in ("yes", "no"):
            truth[row] = label
            card = findings("classification", truth, answers, veil=secret_veil())
            counts.append([line[1] for line in card["confusion"]["counts"]])
        assert counts[0] == counts[1] == [0, 0]


@settings(max_examples=60)
@given(
    rows=st.integers(1, 400),
    kinds=st.integers(1, 6),
    seed=st.integers(0, 2**32 - 1),
    skill=st.floats(0, 1),
)
def test_whatever_is_answered_figures_are_rounded_and_cover_enough_rows(
    rows: int, kinds: int, seed: int, skill: float
) -> None:
    random = np.random.default_rng(seed)
    truth = random.integers(0, kinds, rows)
    answers = np.where(random.random(rows) < skill, truth, random.integers(0, kinds, rows))
    if not set(answers) & set(truth):
        answers[0] = truth[0]
    matrix = random.dirichlet(np.ones(kinds), rows)
    features = pd.DataFrame({"x": random.normal(size=rows), "w": random.choice(["u", "v"], rows)})
    card = findings(
        *("classification", truth, answers),
        veil=Veil(random.bytes(32), rows),
        classes=list(range(kinds)),
        probabilities=matrix,
        features=features,
    )
    json.dumps(card, allow_nan=False)
    counts = np.array(card["confusion"]["counts"])
    assert (counts % 5 == 0).all() and (counts >= 0).all()
    names = card["confusion"]["labels"]
    exact = np.array(
        [[((truth == int(a)) & (answers == b)).sum() for b in range(kinds)] for a in names]
    )
    if len(names) == kinds:
        assert (np.abs(counts - exact) <= 4).all()
        assert (counts[exact == 0] == 0).all()
    for row in card["classes"]:
        if row["rows"] < 20:
            assert row["recall"] is None and row["f1"] is None
    for part in card["slices"]:
        assert part["rows"] % 5 == 0 and part["rows"] >= 20
    if card["reliability"]:
        groups = card["reliability"]["groups"]
        assert all(group["rows"] >= 20 for group in groups)
        assert all(0 <= group["right"] <= 1 for group in groups)
    else:
        assert rows < 20 or kinds > len(names)


@settings(max_examples=60)
@given(
    rows=st.integers(2, 400),
    seed=st.integers(0, 2**32 - 1),
    scale=st.sampled_from([1e-6, 1.0, 1e6, 1e305]),
    error=st.sampled_from([0.0, 0.1, 10.0]),
)
def test_regression_cards_are_json_and_hold_no_target(
    rows: int, seed: int, scale: float, error: float
) -> None:
    random = np.random.default_rng(seed)
    truth = random.normal(10, 3, rows) * min(scale, 1e6)
    answers = truth + error * random.normal(size=rows) * scale
    features = pd.DataFrame({"x": random.normal(size=rows)})
    card = findings(
        "regression", truth, answers, veil=Veil(random.bytes(32), rows), features=features
    )
    text = json.dumps(card, allow_nan=False)
    assert not any(repr(float(value)) in text for value in truth)
    assert (card["points"] is None) == (rows < 150)
    for group in card["along_target"]:
        assert group["rows"] >= 20
    assert all(part["rows"] >= 20 for column in card["by_feature"] for part in column["parts"])
