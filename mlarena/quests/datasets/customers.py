"""Customers: five kinds of shoppers in a made-up shop, generated from the secret, without labels.

Each kind is a cloud around its own habits. The clouds differ in habits of small numbers (visits,
discounts) as much as in euros, so that a clustering which does not scale its columns sees the euros
only and misses the kinds. The hidden labels are the kinds; the learner's clusters may be called
anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlarena.core.seeding import generator
from mlarena.quests.datasets.dataset import Parts

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

TRAIN_ROWS, HIDDEN_ROWS, SAMPLE_ROWS = 2_000, 1_000, 50

# column: (lowest centre, highest centre, spread within a kind, decimals)
HABITS = {
    "visits_per_month": (1.5, 14.0, 2.2, 1),
    "basket_items": (3.0, 30.0, 4.8, 1),
    "discount_share": (0.05, 0.75, 0.12, 3),
    "online_share": (0.05, 0.90, 0.15, 3),
    "days_since_visit": (3.0, 60.0, 10.0, 1),
}
KINDS = ["bargain hunters", "families", "loyal regulars", "online shoppers", "passers-by"]
# Two kinds are at least this many spreads apart, counted over all habits: near enough that no column
# alone tells them apart, far enough that k-means on scaled columns does (adjusted Rand above 0.9).
APART = 5.6
SHARES = (0.14, 0.27)
# Raw euros say nothing of the kind and outweigh every habit until the columns are scaled.
SPENT = (2_400.0, 700.0)


def make(secret: bytes) -> Parts:
    """Draw the three tables; the target of the hidden one is the kind of shopper."""
    shop = Shop(generator(secret, "customers", "shop"))
    train, _ = shop.visit(generator(secret, "customers", "train"), TRAIN_ROWS)
    hidden, kinds = shop.visit(generator(secret, "customers", "hidden"), HIDDEN_ROWS)
    sample, _ = shop.visit(generator(secret, "customers", "sample"), SAMPLE_ROWS)
    return Parts(train, hidden, kinds, sample)


class Shop:
    """The kinds of one installation: their centres and shares, drawn once from the secret."""

    def __init__(self, random: np.random.Generator) -> None:
        import numpy as np

        lows, highs, spreads, _ = map(np.array, zip(*HABITS.values(), strict=True))
        while True:
            places = _places(random)
            self.centres = lows + (highs - lows) * places
            if _least_distance(self.centres / spreads) >= APART:
                break
        shares = random.uniform(*SHARES, len(KINDS))
        self.shares = shares / shares.sum()

    def visit(self, random: np.random.Generator, rows: int) -> tuple[pd.DataFrame, np.ndarray]:
        """`rows` customers: features, and the kind of each (text)."""
        import numpy as np
        import pandas as pd

        kind = random.choice(len(KINDS), rows, p=self.shares)
        columns = {}
        for position, (name, (low, _, spread, decimals)) in enumerate(HABITS.items()):
            values = self.centres[kind, position] + random.normal(0, spread, rows)
            most = 1.0 if name.endswith("_share") else np.inf
            columns[name] = np.clip(values, low / 10, most).round(decimals)
        spent = random.normal(*SPENT, rows)
        columns["spent_per_year"] = np.maximum(spent, 100).round(2)
        return pd.DataFrame(columns), np.array(KINDS)[kind]


def _places(random: np.random.Generator) -> np.ndarray:
    """Where each kind stands in each habit, (kinds, habits) in 0..1: five levels, jittered."""
    import numpy as np

    levels = np.linspace(0.04, 0.96, len(KINDS))
    order = [random.permutation(levels) for _ in HABITS]
    return np.asarray(
        np.column_stack(order) + random.uniform(-0.04, 0.04, (len(KINDS), len(HABITS)))
    )


def _least_distance(points: np.ndarray) -> float:
    from scipy.spatial.distance import pdist

    return float(pdist(points).min())
