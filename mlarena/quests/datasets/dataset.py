"""A data set as a quest uses it: what the learner downloads, and what stays hidden."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@dataclass(frozen=True)
class Parts:
    """What a family's `build` gives: three tables of the same feature columns.

    `train` holds the target too (not for clustering, which has none to show). `hidden_target` is
    (n,) of int64, float64 or str. `sample` has neither target nor a row of the other two.
    """

    train: pd.DataFrame
    hidden_features: pd.DataFrame
    hidden_target: np.ndarray
    sample: pd.DataFrame


@dataclass(frozen=True)
class Source:
    """An entry of the registry: what can be said of a data set before it is built."""

    name: str
    title: str
    description: str
    licence: str
    source: str
    target: str | None
    task_type: str
    features: str  # "numeric" or "mixed": what the starter code must be ready for
    make: Callable[[bytes], Parts]


@dataclass(frozen=True)
class Dataset:
    """A built data set. `train` and `sample` are public; the hidden parts never leave the house.

    `target` is None for clustering: the download has no label column, the hidden part has.
    """

    name: str
    title: str
    description: str
    licence: str
    source: str
    target: str | None
    task_type: str
    train: pd.DataFrame
    hidden_features: pd.DataFrame
    hidden_target: np.ndarray
    sample: pd.DataFrame

    @property
    def columns(self) -> list[dict[str, Any]]:
        """The features in the order of the download: `{"name", "dtype"}`, dtype integer|float|text."""
        kinds = {"i": "integer", "f": "float"}
        dtypes = self.hidden_features.dtypes.items()
        return [
            {"name": str(name), "dtype": kinds.get(dtype.kind, "text")} for name, dtype in dtypes
        ]

    @property
    def rows(self) -> int:
        """Rows of the training download."""
        return len(self.train)

    @property
    def hidden_rows(self) -> int:
        return len(self.hidden_features)

    def train_csv(self) -> bytes:
        return to_csv(self.train)

    def sample_csv(self) -> bytes:
        return to_csv(self.sample)

    def hidden_features_csv(self) -> bytes:
        """The hidden features, without labels: what the jail reads, as the learner's download."""
        return to_csv(self.hidden_features)


def to_csv(table: pd.DataFrame) -> bytes:
    """The table as UTF-8 CSV with "\\n" line ends on every system; read_csv gives it back exactly."""
    return table.to_csv(index=False, lineterminator="\n").encode()
