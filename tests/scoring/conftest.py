from __future__ import annotations

import numpy as np
import pytest

from mlarena.scoring.veil import Noise, Veil

KEY = b"the suite's own key, of 32 bytes"


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(7)


class _Silent:
    def uniform(self, low: float, high: float, shape: tuple[int, ...]) -> np.ndarray:
        return np.zeros(shape)


class Bare(Veil):
    """A veil that hides nothing: what an attacker would like to see, and what shows exact figures."""

    def __init__(self, rows: int) -> None:
        super().__init__(KEY, rows)

    def blurred(self, truth: np.ndarray) -> np.ndarray:
        return truth

    def noise(self, *answers: np.ndarray) -> Noise:
        found = super().noise(*answers)
        found._draws = _Silent()  # type: ignore[assignment]
        return found


@pytest.fixture
def bare() -> type[Bare]:
    return Bare


@pytest.fixture
def veil() -> Veil:
    """The veil of a hidden set of 1,000 rows."""
    return Veil(KEY, 1_000)
