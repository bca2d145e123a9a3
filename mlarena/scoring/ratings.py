"""Rating changes of one competition: multi-player Elo, and Codeforces' formula.

Both ask the same question of everybody: what rank was to be expected of you among these people? Ratings
differ by a few thousand points while participants may be many, so that is one convolution of the
histogram of ratings with the table of the logistic curve: n log n instead of n².

Ranks: 1 is the best; those who tied have the same rank. Whether ties share the average, the best or the
worst of their places does not matter: only the order is read, and each formula takes from it what it
needs (Elo the average place, Codeforces the last one).

Sources: A. Elo, The Rating of Chessplayers, 1978, for the curve; M. Mirzayanov, "Codeforces Rating System"
(codeforces.com/blog/entry/102) and "Open Codeforces Rating System" (codeforces.com/blog/entry/20762).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

# A difference of 400 points is odds of ten to one.
SCALE = 400.0
# Ratings farther apart than this are compared pair by pair: right, but slow. Nobody's ratings are.
WIDEST_TABLE = 1 << 16
# Codeforces looks for the rating that somebody should have between these.
LOWEST, HIGHEST = 1, 8000


def elo(ratings: ArrayLike, ranks: ArrayLike, games: ArrayLike) -> np.ndarray:
    """Multi-player Elo: the change (n,) float of each of n ratings (n,); the changes sum to 0.

    Everybody has met everybody: δᵢ = Kᵢ (Sᵢ - Eᵢ) / (n - 1), where S counts those whom i beat (a tie is
    half a win) and E those whom i should have beaten. Kᵢ = max(200, 800 / (1 + 0.75 gamesᵢ)), `games` (n,)
    being the rated competitions before this one: a newcomer's rating moves four times as far. As unequal
    K alone would make points or destroy them, the mean of the changes is taken from each.

    Ratings may be any numbers. Whole ones agree with the pairwise form to 1e-9 and better; the others are
    laid on whole points by cubic interpolation, which is off by less than 1e-10 of a point per opponent.
    Raises ValueError for arrays that are not 1-d, not equally long or not finite.
    """
    points, places = _checked(ratings, ranks)
    experience = np.asarray(games, dtype=np.float64)
    if experience.shape != points.shape or not (experience >= 0).all():
        raise ValueError("games must hold one number of 0 or more for each rating")
    n = len(points)
    if n < 2:
        return np.zeros(n)
    first, last = _places(places)
    beaten = n - (first + last) / 2
    expected = n - 1 - _losses(points)
    factor = np.maximum(200.0, 800.0 / (1.0 + 0.75 * experience))
    change = factor * (beaten - expected) / (n - 1)
    return np.asarray(change - change.mean())


def codeforces(ratings: ArrayLike, ranks: ArrayLike) -> np.ndarray:
    """Codeforces' formula: the change (n,) int64 of each of n whole ratings (n,).

    The rank that somebody earned is taken to be the geometric mean of the expected and the real one;
    the rating moves half the way to the one that would have made that rank be expected. Then everybody
    loses a little, so that ratings do not swell: first so much that the sum is just below 0, then up to
    10 more where the favourites would together gain. Divisions round towards zero, as Java's do.
    Raises ValueError as `elo` does, and for ratings that are not whole.
    """
    points, places = _checked(ratings, ranks)
    if (points != np.rint(points)).any() or (np.abs(points) > WIDEST_TABLE // 4).any():
        raise ValueError("Codeforces' formula is for whole ratings such as 1500")
    rating = points.astype(np.int64)
    n = len(rating)
    if n == 0:
        return rating
    _, last = _places(places)
    low = min(int(rating.min()), LOWEST)
    seeds = _Seeds(rating, low, max(int(rating.max()), HIGHEST))
    earned = np.sqrt(last * seeds.expected(rating, rating))
    change = _towards_zero(seeds.rating_for(earned, rating) - rating, 2)
    change += _towards_zero(-change.sum(), n) - 1
    # Favourites: the highest ratings before; of equal ones those who ranked higher now.
    favourites = min(4 * math.floor(math.sqrt(n) + 0.5), n)
    order = np.argpartition(-rating * (n + 1) + last, favourites - 1)[:favourites]
    change += min(max(int(_towards_zero(-change[order].sum(), favourites)), -10), 0)
    return np.asarray(change)


def win_probability(difference: ArrayLike) -> np.ndarray:
    """How likely somebody beats an opponent rated `difference` points higher."""
    with np.errstate(over="ignore"):  # hopeless is 1 / infinity
        odds = 10.0 ** (np.asarray(difference, dtype=np.float64) / SCALE)
    return np.asarray(1.0 / (1.0 + odds))


def _checked(ratings: ArrayLike, ranks: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    points, places = np.asarray(ratings, dtype=np.float64), np.asarray(ranks, dtype=np.float64)
    if points.ndim != 1 or places.shape != points.shape:
        raise ValueError("ratings and ranks must be 1-d arrays of the same length")
    if not (np.isfinite(points).all() and np.isfinite(places).all()):
        raise ValueError("ratings and ranks must be finite numbers")
    return points, places


def _places(ranks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first and the last place (n,) int64 of each one's tie."""
    doubled = ranks * 2
    # Counted rather than sorted where ranks are what they are called: whole or half, and not far above n.
    if (doubled == np.rint(doubled)).all() and 0 <= doubled.min() <= doubled.max() <= 8 * len(
        ranks
    ):
        group = doubled.astype(np.int64)
    else:
        group = np.unique(ranks, return_inverse=True)[1].reshape(-1)
    size = np.bincount(group)
    last = np.cumsum(size)
    return (last - size + 1)[group], last[group]


def _towards_zero(dividend: np.ndarray, divisor: int) -> np.ndarray:
    """Integer division as Java has it."""
    return np.asarray(np.sign(dividend) * (np.abs(dividend) // divisor))


def _losses(points: np.ndarray) -> np.ndarray:
    """How many of the others should beat each (n,): Σ over j ≠ i of P(j beats i)."""
    low, high = math.floor(points.min()) - 1, math.ceil(points.max()) + 2
    if high - low > WIDEST_TABLE:
        return np.array([win_probability(own - points).sum() - 0.5 for own in points])
    whole = points.astype(np.int64)
    if (whole == points).all():
        losses = _table(np.bincount(whole - low, minlength=high - low + 1), low, low, high)
        return np.asarray(losses[whole - low] - 0.5)
    at, weights = _spread(points - low)
    histogram = np.zeros(high - low + 1)
    for step, weight in enumerate(weights):
        histogram += np.bincount(at + step, weight, minlength=len(histogram))
    losses = _table(histogram, low, low, high)
    return np.asarray(sum(losses[at + i] * weight for i, weight in enumerate(weights)) - 0.5)


def _spread(points: np.ndarray) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """The first of the four whole points around each, and their weights: Lagrange's cubic."""
    base = np.floor(points).astype(np.int64)
    t = points - base
    return base - 1, (
        -t * (t - 1) * (t - 2) / 6,
        (t + 1) * (t - 1) * (t - 2) / 2,
        -(t + 1) * t * (t - 2) / 2,
        (t + 1) * t * (t - 1) / 6,
    )


def _table(histogram: np.ndarray, low: int, first: int, last: int) -> np.ndarray:
    """How many of the people in `histogram` (its first bin is `low`) should beat somebody rated
    `first`, …, `last`: Σ over bins of count x P(bin beats rating), one convolution by FFT."""
    curve = win_probability(np.arange(first - low - len(histogram) + 1, last - low + 1))
    length = 1 << (len(histogram) + len(curve) - 2).bit_length()
    spectrum = np.fft.rfft(histogram, length) * np.fft.rfft(curve, length)
    start = len(histogram) - 1
    return np.fft.irfft(spectrum, length)[start : start + last - first + 1]


class _Seeds:
    """Codeforces' seed: the rank to be expected at each whole rating from `low` to `high`."""

    def __init__(self, rating: np.ndarray, low: int, high: int) -> None:
        self.low = low
        histogram = np.bincount(rating - low, minlength=high - low + 1)
        self.table = 1.0 + _table(histogram, low, low, high)
        self.reach = high - low
        self.curve = win_probability(np.arange(-self.reach, self.reach + 1))

    def expected(self, at: np.ndarray, own: np.ndarray) -> np.ndarray:
        """The rank to be expected of people rated `own` (n,), had they been rated `at` (n,)."""
        return np.asarray(self.table[at - self.low] - self.curve[at - own + self.reach])

    def rating_for(self, rank: np.ndarray, own: np.ndarray) -> np.ndarray:
        """The highest rating, of LOWEST to HIGHEST - 1, at which `rank` (n,) would still be expected of
        people rated `own` (n,).

        Leaving oneself out lowers a seed by less than 1. So the answer lies between what the table says
        for `rank` and for `rank + 1`: mostly the former, else the stretch between them is halved.
        """
        found = self._highest(rank)
        lower = np.flatnonzero(self.expected(found, own) < rank)
        rank, own, right = rank[lower], own[lower], found[lower]
        left = self._highest(rank + 1.0)
        while (right - left > 1).any():
            middle = (left + right) // 2
            worse = self.expected(middle, own) < rank
            left, right = np.where(worse, left, middle), np.where(worse, middle, right)
        found[lower] = left
        return found

    def _highest(self, seed: np.ndarray) -> np.ndarray:
        """The highest rating from LOWEST to HIGHEST - 1 whose seed in the table is `seed` (n,) or more."""
        seeds = self.table[LOWEST - self.low : HIGHEST - self.low]
        # They fall as the rating rises; the 1e-10 that the FFT is off must not make them rise.
        rising = np.minimum.accumulate(seeds)[::-1]
        # Looked up in order, so that one step is near the last: three times as fast.
        order = np.argsort(seed)
        found = np.empty(len(seed), dtype=np.int64)
        found[order] = len(rising) - np.searchsorted(rising, seed[order])
        return np.maximum(found, LOWEST)
