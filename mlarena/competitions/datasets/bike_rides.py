"""Bikes of a town that does not exist: how many are taken at a station in an hour.

The rides follow the clock, the weekday, the weather and the station, and these depend on each other: rain
matters to those who ride for pleasure, the morning to those who ride to work. On top is the chance of a
count, which nobody can predict. The last weeks are to be predicted, so the season is another one than
what was learned from; the rows of the answers are parted at random into public and private ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlarena.competitions.datasets import Made
from mlarena.core.seeding import generator

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

DAYS, LEARNED = 84, 63
HOURS = range(6, 23)
STATIONS = {
    "harbour": (14.0, 0.75),
    "market": (22.0, 0.45),
    "station": (34.0, 0.15),
    "campus": (26.0, 0.10),
}  # rides at their usual hour, and the share of them that is for pleasure
PUBLIC_SHARE = 0.3
TARGET = "rides"


def make(secret: bytes) -> Made:
    import pandas as pd

    hours = _hours(generator(secret, "bike-rides", "weather"))
    hours[TARGET] = generator(secret, "bike-rides", "counts").poisson(_expected(hours))
    learned = hours["day"] <= LEARNED
    train = hours[learned].drop(columns="id")
    hidden = hours[~learned].reset_index(drop=True)
    order = generator(secret, "bike-rides", "order").permutation(len(hidden))
    hidden = hidden.iloc[order].reset_index(drop=True)
    hidden["id"] = range(1, len(hidden) + 1)
    public = generator(secret, "bike-rides", "split").random(len(hidden)) < PUBLIC_SHARE
    answers = pd.DataFrame(
        {
            "id": hidden["id"],
            TARGET: hidden[TARGET],
            "Usage": ["Public" if p else "Private" for p in public],
        }
    )
    test = hidden.drop(columns=TARGET)
    return Made(
        files={
            "train.csv": (_csv(train), f"Nine weeks to learn from, with {TARGET}"),
            "test.csv": (_csv(test), "The three weeks after them, to be predicted"),
        },
        answers=_csv(answers),
        baselines={name: _csv(guess) for name, guess in _baselines(train, test).items()},
    )


def _hours(weather: np.random.Generator) -> pd.DataFrame:
    """Every hour of every station, with what is known beforehand: the clock and the forecast."""
    import numpy as np
    import pandas as pd

    day = np.arange(1, DAYS + 1)
    warmth = 9 + 9 * np.sin((day - 12) / 58) + weather.normal(0, 2.2, DAYS)
    wet = weather.random(DAYS) < 0.32
    wind = np.round(weather.gamma(4.0, 1.3, DAYS), 1)
    fair = set(weather.choice(np.arange(8, DAYS - 3), 7, replace=False).tolist())
    parts = []
    for number, warm, rainy, blow in zip(day, warmth, wet, wind, strict=True):
        for hour in HOURS:
            rain = (
                float(np.round(weather.gamma(1.4, 0.9), 1))
                if rainy and weather.random() < 0.6
                else 0.0
            )
            felt = warm + 4.5 * np.sin((hour - 9) / 4.6) - 0.6 * rain
            parts += [
                (
                    0,
                    number,
                    (number - 1) % 7,
                    hour,
                    station,
                    round(float(felt), 1),
                    rain,
                    blow,
                    int(number in fair),
                )
                for station in STATIONS
            ]
    columns = ["id", "day", "weekday", "hour", "station", "temperature", "rain", "wind", "holiday"]
    return pd.DataFrame(parts, columns=columns)


def _expected(hours: pd.DataFrame) -> np.ndarray:
    """The mean of each count. Weekdays count from 0, a Monday."""
    import numpy as np

    usual = hours["station"].map({name: rides for name, (rides, _) in STATIONS.items()}).to_numpy()
    leisure = (
        hours["station"].map({name: share for name, (_, share) in STATIONS.items()}).to_numpy()
    )
    hour = hours["hour"].to_numpy()
    free = (hours["weekday"].to_numpy() >= 5) | (hours["holiday"].to_numpy() == 1)
    rain, wind = hours["rain"].to_numpy(), hours["wind"].to_numpy()
    temperature = hours["temperature"].to_numpy()
    rush = np.exp(-((hour - 8) ** 2) / 2.0) + 0.9 * np.exp(-((hour - 17) ** 2) / 4.5) + 0.12
    stroll = np.exp(-((hour - 15) ** 2) / 14.0) + 0.05
    commute = (1 - leisure) * rush * np.where(free, 0.18, 1.0) * np.exp(-0.12 * rain)
    pleasure = leisure * stroll * np.where(free, 1.9, 0.7) * np.exp(-0.65 * rain)
    comfort = np.clip(0.35 + 0.055 * (temperature - 2), 0.15, 1.6)
    return np.asarray(usual * (commute + pleasure * comfort) * np.exp(-0.025 * wind))


def _baselines(train: pd.DataFrame, test: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Three that everybody is measured by: no idea, an average that anybody would take, and the average
    corrected for the weather by least squares."""
    import numpy as np

    known = np.log1p(train[TARGET].to_numpy(dtype=float))
    usual = train.assign(log=known, free=_free(train)).groupby(["station", "hour", "free"])["log"]
    mean, fallback = usual.mean(), known.mean()

    def hourly(table: pd.DataFrame) -> np.ndarray:
        keys = zip(table["station"], table["hour"], _free(table), strict=True)
        return np.array([mean.get(key, fallback) for key in keys])

    weights, *_ = np.linalg.lstsq(_weather(train), known - hourly(train), rcond=None)
    guesses = {
        "One number for all": np.full(len(test), known.mean()),
        "The usual hour": hourly(test),
        "The usual hour and the weather": hourly(test) + _weather(test) @ weights,
    }
    return {name: _guessed(test, np.expm1(guess).clip(0)) for name, guess in guesses.items()}


def _free(table: pd.DataFrame) -> np.ndarray:
    import numpy as np

    return np.asarray((table["weekday"] >= 5) | (table["holiday"] == 1))


def _weather(table: pd.DataFrame) -> np.ndarray:
    """Temperature, rain and wind, each for every station by itself."""
    import numpy as np

    facts = table[["temperature", "rain", "wind"]].to_numpy(dtype=float)
    facts = np.column_stack([np.ones(len(table)), facts])
    here = [(table["station"] == name).to_numpy()[:, None] * facts for name in STATIONS]
    return np.hstack(here)


def _guessed(test: pd.DataFrame, guess: np.ndarray) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({"id": test["id"], TARGET: guess.round(3)})


def _csv(table: pd.DataFrame) -> bytes:
    text: str = table.to_csv(index=False)
    return text.encode()
