"""What a data set looks like before it is downloaded: the shape of each column, drawn from public rows.

Made of the training table alone, once, when a version of the data set is made. It says nothing that
whoever downloads the table would not see.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

BANDS = 12
SAMPLE_ROWS = 8
# Words shown of a column of text; whole numbers of so few values are counted one by one, too.
MOST_WORDS = 6
FEW_VALUES = 12
LONGEST_WORD = 40
# A table of more columns is drawn in part: nobody looks at a thousand histograms.
MOST_COLUMNS = 200


def preview(train: pd.DataFrame, target: str | None, size: int) -> dict[str, Any]:
    """A JSON-able description of the training table; `size` is that of its download in bytes.

    Each column has `name`, `dtype` (integer, float, text), `missing`, `distinct` and one drawing: `bands`
    (edges and counts) or `words` (value and count, the commonest first, `others` for the rest).
    `bound` of numbers: lowest, middle and highest. `target` is such a column, and None for clustering.
    """
    features = train.drop(columns=[target]) if target else train
    return {
        "rows": len(train),
        "features": features.shape[1],
        "bytes": size,
        "missing": int(train.isna().to_numpy().sum()),
        "columns": [_column(features[name]) for name in features.columns[:MOST_COLUMNS]],
        "target": _column(train[target], is_target=True) if target else None,
        "sample": {
            "columns": [str(name) for name in train.columns[:MOST_COLUMNS]],
            "rows": [
                [_shown(value) for value in row]
                for row in train.iloc[:SAMPLE_ROWS, :MOST_COLUMNS].itertuples(index=False)
            ],
        },
    }


def _column(values: pd.Series, is_target: bool = False) -> dict[str, Any]:
    there = values.dropna()
    distinct = int(there.nunique())
    kind = values.dtype.kind
    column: dict[str, Any] = {
        "name": str(values.name),
        "dtype": {"i": "integer", "u": "integer", "f": "float"}.get(kind, "text"),
        "missing": int(values.isna().sum()),
        "distinct": distinct,
    }
    if kind in "iuf" and len(there):
        column["bound"] = [_short(there.min()), _short(there.median()), _short(there.max())]
        # A whole number that is a class, or has few values, is counted like words, in its own order.
        if kind != "f" and distinct <= FEW_VALUES:
            counts = there.value_counts().sort_index()
            column["words"] = [[str(value), int(count)] for value, count in counts.items()]
            column["others"] = 0
        else:
            column["bands"] = _bands(there.to_numpy(), whole=kind != "f")
        return column
    counts = there.astype(str).value_counts()
    most = FEW_VALUES if is_target else MOST_WORDS
    column["words"] = [[_word(value), int(n)] for value, n in counts.head(most).items()]
    column["others"] = int(counts.iloc[most:].sum())
    return column


def _bands(values: np.ndarray, whole: bool) -> dict[str, list[Any]]:
    """Bands of one width from the lowest to the highest, at most `BANDS`; one where nothing varies.

    Bands of `whole` numbers hold as many of them each, or a comb would show that is not in the data.
    """
    import numpy as np

    finite = (
        values[np.isfinite(values)].astype("float64") / 2
    )  # halved: a range may exceed a double
    if not len(finite) or finite.min() == finite.max():
        edge = _short(finite[0] * 2) if len(finite) else 0.0
        return {"edges": [edge, edge], "counts": [len(finite)]}
    low, high = finite.min(), finite.max()
    bands: Any = BANDS
    if whole and (high - low) * 2 < 1e15:
        width = math.ceil(((high - low) * 2 + 1) / BANDS)
        bands = np.arange(low * 2, high * 2 + width + 1, width) / 2
    counts, edges = np.histogram(finite, bins=bands)
    return {
        "edges": [_short(edge * 2) for edge in edges],
        "counts": [int(count) for count in counts],
    }


def _short(value: Any) -> float:
    """Four significant digits, which is what a small drawing can carry."""
    number = float(value)
    if not math.isfinite(number):
        return 0.0
    return float(f"{number:.4g}")


def _word(value: Any) -> str:
    text = str(value)
    return text if len(text) <= LONGEST_WORD else text[: LONGEST_WORD - 1] + "…"


def _shown(value: Any) -> str:
    """A cell as the CSV has it, shortened."""
    if value is None or value != value:
        return ""
    return _word(value)
