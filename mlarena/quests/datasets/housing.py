"""Housing: sale prices in a made-up city, generated from the secret.

A price is a linear part (size, garden, energy, …), a part that only a model with interactions and
curves finds (what a square metre is worth falls with the distance to the centre, old houses have
charm), and noise. The shares are such that a plain linear regression lands between 0.80 and 0.85 in
R², the thresholds of the two housing quests; a draw in which it does not is drawn again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlarena.core.seeding import generator
from mlarena.quests.datasets.dataset import Parts

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

TARGET = "price"
TRAIN_ROWS, HIDDEN_ROWS, SAMPLE_ROWS = 2_000, 1_000, 50

# Margins inside the quests' thresholds (R² 0.80 and 0.85), so that a learner's slightly different
# linear model stands on the same side.
LINEAR_R2 = (0.812, 0.838)
BEST_R2 = 0.92
_DRAWS = 200


def make(secret: bytes) -> Parts:
    """Draw the three tables; RuntimeError if no draw keeps the promise (about 2 in 3 do)."""
    for draw in range(_DRAWS):
        city = City(generator(secret, "housing", draw, "city"))
        train, train_price, _ = city.sell(generator(secret, "housing", draw, "train"), TRAIN_ROWS)
        hidden, price, fair = city.sell(generator(secret, "housing", draw, "hidden"), HIDDEN_ROWS)
        if not _keeps_promise(train, train_price, hidden, price, fair):
            continue
        sample, _, _ = city.sell(generator(secret, "housing", draw, "sample"), SAMPLE_ROWS)
        return Parts(train.assign(**{TARGET: train_price}), hidden, price, sample)
    raise RuntimeError(f"no housing data in {_DRAWS} draws keeps the quests' thresholds true")


class City:
    """The prices of one installation: the coefficients, drawn once from the secret."""

    def __init__(self, random: np.random.Generator) -> None:
        vary = random.uniform
        self.per_m2 = vary(1_550, 1_750)
        self.per_bathroom = vary(9_000, 14_000)
        self.per_garden_m2 = vary(90, 130)
        self.per_school_point = vary(7_000, 9_000)
        self.per_kwh = vary(-320, -240)
        self.renovation = vary(18_000, 26_000)
        self.base = vary(90_000, 130_000)
        self.centre_premium = vary(2_300, 2_700)  # per m², at the very centre
        self.centre_reach = vary(3.6, 4.2)  # km in which that premium falls to a third
        self.charm = vary(1_300, 1_700)  # per year of age beyond `charm_from`
        self.charm_from = vary(72, 80)
        self.wear = vary(-900, -700)  # per year of age before it
        self.noise = vary(27_000, 30_000)

    def sell(
        self, random: np.random.Generator, rows: int
    ) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
        """`rows` sales: features, price paid (in 100s), and the price without noise."""
        import numpy as np
        import pandas as pd

        area = np.clip(random.lognormal(4.72, 0.32, rows), 35, 320).round(1)
        rooms = np.clip(np.round(area / 27 + random.normal(0, 0.8, rows)), 1, 12).astype(int)
        bathrooms = np.clip(np.round(area / 85 + random.normal(0.3, 0.5, rows)), 1, 5).astype(int)
        garden = (random.gamma(1.6, 120, rows) * (random.random(rows) < 0.7)).round(0)
        age = random.integers(0, 121, rows)
        renovated = (random.random(rows) < 0.15 + age / 300).astype(int)
        distance = np.clip(random.gamma(2.2, 3.1, rows), 0.2, 30).round(2)
        station = np.clip(random.gamma(2.0, 420, rows) + 40 * distance, 50, 6_000).round(0)
        school = np.clip(random.normal(6.2, 1.5, rows), 1, 10).round(1)
        energy = np.clip(60 + 1.3 * age - 45 * renovated + random.normal(0, 25, rows), 20, 320)
        energy = energy.round(0)
        features = pd.DataFrame(
            {
                "living_area_m2": area,
                "rooms": rooms,
                "bathrooms": bathrooms,
                "garden_m2": garden.astype(int),
                "age_years": age,
                "renovated": renovated,
                "distance_centre_km": distance,
                "distance_station_m": station.astype(int),
                "school_score": school,
                "energy_kwh_m2": energy.astype(int),
            }
        )
        curved = self.centre_premium * area * np.exp(-distance / self.centre_reach) + np.where(
            age > self.charm_from,
            self.wear * self.charm_from + self.charm * (age - self.charm_from),
            self.wear * age,
        )
        straight = (
            self.base
            + self.per_m2 * area
            + self.per_bathroom * bathrooms
            + self.per_garden_m2 * garden
            + self.per_school_point * school
            + self.per_kwh * energy
            + self.renovation * renovated
        )
        fair = straight + curved
        price = np.maximum(fair + random.normal(0, self.noise, rows), 20_000)
        return features, (price / 100).round(0) * 100, fair


def _keeps_promise(
    train: pd.DataFrame,
    train_price: np.ndarray,
    hidden: pd.DataFrame,
    price: np.ndarray,
    fair: np.ndarray,
) -> bool:
    import numpy as np
    from sklearn.linear_model import LinearRegression
    from sklearn.metrics import r2_score

    low, high = LINEAR_R2
    linear = r2_score(price, LinearRegression().fit(train, train_price).predict(hidden))
    return bool(low <= linear <= high and r2_score(price, fair) >= BEST_R2 and np.all(price > 0))
