"""What a model may be asked in the open: the sample, rows of the download, and rows with a column shuffled.

All of it is public, so its answers are too. They tell what a teacher would look for: whether the model does
better on rows it has seen, and which columns it listens to. One table holds all, so that it costs one call
of predict.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mlarena.core.storage import storage
from mlarena.sandbox import Outcome, Table

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from mlarena.scoring.facts import Download
    from mlarena.scoring.metrics import Metric

# Rows of the download; their score is off by some hundredths, which is enough to see overfitting.
SEEN_ROWS = 200
# Rows with one column shuffled, in all, and the fewest for each column that say anything.
SHUFFLED_ROWS = 240
FEWEST = 8


@dataclass(frozen=True)
class Known:
    """`table` holds the sample, then rows of the download with their `target`, then `copies`: for each
    column the first `shuffled` of these rows once more, with that column's values dealt out anew."""

    table: Table
    sample: int
    seen: int
    target: np.ndarray | None
    copies: tuple[str, ...]
    shuffled: int
    download: Download

    def facts(self, metric: Metric, outcome: Outcome) -> dict[str, Any]:
        """What the answers tell, as `scoring.facts.Facts` names it; nothing without answers."""
        if outcome.seen is None:
            return {}
        answers = outcome.seen[self.sample : self.sample + self.seen]
        return {
            "seen_score": self._score(metric, answers, outcome.classes),
            "seen_rows": self.seen,
            "moved": self._moved(outcome.seen, answers),
            "shuffled_rows": self.shuffled,
        }

    def _score(self, metric: Metric, answers: np.ndarray, classes: Any) -> float | None:
        from mlarena.scoring.metrics import MetricError

        if self.target is None:
            return None
        try:
            return metric.score(self.target, answers, classes=classes)
        except MetricError:
            return None

    def _moved(self, all_answers: np.ndarray, answers: np.ndarray) -> dict[str, float]:
        import numpy as np

        before, moved = answers[: self.shuffled], {}
        spread = float(np.std(answers)) if answers.dtype.kind == "f" else 0.0
        for place, column in enumerate(self.copies):
            start = self.sample + self.seen + place * self.shuffled
            after = all_answers[start : start + self.shuffled]
            if answers.dtype.kind == "f":
                other = np.abs(after - before) > 1e-6 * spread
                changed = other.any(axis=1) if other.ndim == 2 else other
            else:
                changed = after != before
            moved[column] = round(float(np.mean(changed)), 3)
        return moved


@lru_cache(maxsize=64)
def known(train_blob: str, sample_blob: str, target: str | None) -> Known:
    """What may be asked about a data set, by the names of its public blobs and its target."""
    import pandas as pd

    from mlarena.scoring.facts import download_facts

    read = storage().read
    train = pd.read_csv(io.BytesIO(read(train_blob)))
    sample = pd.read_csv(io.BytesIO(read(sample_blob)))
    rows = train.sample(min(SEEN_ROWS, len(train)), random_state=0).reset_index(drop=True)
    features = rows[list(sample.columns)]
    shuffled = min(SHUFFLED_ROWS // max(1, features.shape[1]), len(rows))
    copies = list(features.columns) if shuffled >= FEWEST else []
    parts = [sample, features, *(_shuffled(features.head(shuffled), name) for name in copies)]
    return Known(
        table=Table.from_frame(pd.concat(parts, ignore_index=True)),
        sample=len(sample),
        seen=len(rows),
        target=rows[target].to_numpy() if target else None,
        copies=tuple(map(str, copies)),
        shuffled=shuffled if copies else 0,
        download=download_facts(train, target),
    )


def _shuffled(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Each row with the value of another: of the one that stands half the column further when sorted."""
    import numpy as np

    order = rows[column].argsort(kind="stable").to_numpy()
    values = rows[column].to_numpy()
    dealt = values.copy()
    dealt[order] = np.roll(values[order], len(order) // 2)
    return rows.assign(**{column: dealt})
