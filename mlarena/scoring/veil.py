"""What stands between the hidden rows and the reader of a report card.

A learner chooses the answers, and could choose them so that a figure stands for one hidden row. Three things
stand in the way, besides that every figure covers `slices.MIN_ROWS` rows and is rounded:

- Numbers are read from a blurred copy of the truth. The blur of a row is drawn once, from the installation's
  secret and the hidden set, so that no number of submissions averages it out.
- Every table is drawn with noise worth some rows: one row more or less is not seen.
- The noise is drawn from the same secret and from all the answers of the submission. The same answers get
  the same card; other answers get other noise everywhere, so that the difference of two cards does not
  show where they differ.

What is left is less than the exact scores of the same submissions tell (`tests/scoring/test_attacker.py`);
how often a score may be asked for is the quest's limit.
"""

from __future__ import annotations

import hashlib
import hmac

import numpy as np

from mlarena.scoring.slices import COUNT_STEP, MIN_ROWS

# Of the target's standard deviation: a third of a cell of the drawing.
BLUR = 0.1
# Answers closer than this share of their range are one answer to the noise.
_STEPS = 512


class Veil:
    """The veil of one hidden set of `rows` rows; `key` is secret and of that set alone."""

    def __init__(self, key: bytes, rows: int) -> None:
        self._key, self.rows = key, rows
        self._blur = self._draws(b"blur").standard_normal(rows)

    def blurred(self, truth: np.ndarray) -> np.ndarray:
        """Numbers of the truth (n,), each moved for good by about BLUR standard deviations."""
        return np.asarray(truth + BLUR * float(truth.std()) * self._blur)

    def noise(self, *answers: np.ndarray) -> Noise:
        """The noise of one submission's card: the same for the same answers."""
        said = hashlib.blake2b()
        for part in answers:
            said.update(_steps(part).tobytes())
        return Noise(self._draws(said.digest()), self.rows)

    def _draws(self, purpose: bytes) -> np.random.Generator:
        digest = hmac.digest(self._key, purpose, "sha256")
        return np.random.Generator(np.random.PCG64(int.from_bytes(digest)))


class Noise:
    """Draws for one card, evenly from -spread to +spread, where `spread` counts rows."""

    def __init__(self, draws: np.random.Generator, rows: int) -> None:
        self._draws = draws
        self._root = rows**0.5

    @property
    def worth(self) -> float:
        """Rows that a share or a mean of a part of the rows hides: 3 of 1,000."""
        return max(1.5, 0.1 * self._root)

    @property
    def crowd(self) -> float:
        """Rows that a cell of a fine table hides: 5 of 1,000."""
        return max(3.0, 0.15 * self._root)

    def about(self, counts: np.ndarray, spread: float = 1.5, step: int = COUNT_STEP) -> np.ndarray:
        """Counts to the nearest `step`; with the usual spread and step no zero becomes more."""
        noised = counts + self._draws.uniform(-spread, spread, counts.shape)
        return np.asarray(np.maximum(0, np.floor(noised / step + 0.5) * step).astype(np.int64))

    def means(self, means: np.ndarray, rows: np.ndarray, width: float) -> np.ndarray:
        """Means over `rows` values that lie within `width`; nan where there are under MIN_ROWS."""
        moved = self._draws.uniform(-1, 1, np.shape(means)) * width * self.worth
        return np.where(rows >= MIN_ROWS, means + moved / np.maximum(rows, 1), np.nan)

    def crowds(self, cells: np.ndarray) -> np.ndarray:
        """A fine square table of counts: noised, and then smoothed, for density varies smoothly.

        Cells that may well be nothing but noise are left empty.
        """
        noised = cells + self._draws.uniform(-self.crowd, self.crowd, cells.shape)
        smoothing = _smoothing(len(cells))
        # The noise that is left in each cell: at the rim there are fewer neighbours to average.
        left = (smoothing**2).sum(axis=1)
        deviation = self.crowd / 3**0.5 * np.sqrt(np.outer(left, left))
        smooth = smoothing @ noised @ smoothing.T
        return np.where(smooth >= 2 * deviation, np.rint(smooth), 0).astype(int)


def _smoothing(cells: int) -> np.ndarray:
    """A matrix that gives each cell a quarter of both its neighbours; the rim is its own neighbour."""
    matrix = np.eye(cells) / 2 + (np.eye(cells, k=1) + np.eye(cells, k=-1)) / 4
    matrix[0, 0] = matrix[-1, -1] = 3 / 4
    return np.asarray(matrix)


def _steps(answers: np.ndarray) -> np.ndarray:
    if answers.dtype.kind != "f":
        return answers.astype(np.int64)
    low, high = float(answers.min()), float(answers.max())
    return np.rint((answers - low) / ((high - low) or 1.0) * _STEPS).astype(np.int64)
