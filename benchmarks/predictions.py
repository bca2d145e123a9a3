"""Scoring a file of a million predictions: `python -m benchmarks.predictions [--rows 1000000]`.

Read, joined to the answers by id and scored, against only reading the same file with the fastest library the
project depends on (pandas with typed columns and DuckDB are both tried). Ids are whole numbers or text, in
the order of the sample or shuffled; then a file of 200 MB, and one that is refused.
"""

from __future__ import annotations

import argparse
import io
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from benchmarks.report import Figure, headline, show
from mlarena.scoring.metrics import METRICS
from mlarena.scoring.predictions.faults import FileFault
from mlarena.scoring.predictions.reading import Layout, read_predictions
from mlarena.scoring.predictions.score import score
from mlarena.scoring.predictions.solution import Solution, read_solution

AIM = 3.0
LARGE = 200 << 20


def milliseconds(work: Callable[[], Any], runs: int) -> float:
    took = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def reading(path: Path, runs: int, text: bool) -> tuple[float, str]:
    """The fastest way to have the file's columns in memory, and whose it is."""
    kind = "VARCHAR" if text else "BIGINT"
    query = f"read_csv('{path}', header=true, columns={{'id': '{kind}', 'y': 'DOUBLE'}})"
    connection = duckdb.connect()
    dtype: Any = {"id": object if text else np.int64, "y": np.float64}
    ways = {
        "pandas": lambda: pd.read_csv(path, dtype=dtype),
        "DuckDB": lambda: connection.execute(f"CREATE OR REPLACE TABLE t AS FROM {query}"),
    }
    return min((milliseconds(way, runs), name) for name, way in ways.items())


def scoring(path: Path, answers: Solution, metric: str) -> None:
    layout = Layout.of(answers)
    with path.open("rb") as file:
        score(METRICS[metric], answers, layout, read_predictions(file, answers, layout))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=7)
    asked = parser.parse_args()
    headline("predictions", rows=asked.rows, runs=asked.runs)
    generator = np.random.default_rng(0)
    order = generator.permutation(asked.rows)
    truth = generator.normal(size=asked.rows)
    guess = pd.Series(truth + generator.normal(size=asked.rows)).round(6)
    figures = []
    with TemporaryDirectory() as folder:
        path = Path(folder) / "predictions.csv"
        for name, ids, rows in (
            ("whole ids, in order", np.arange(asked.rows), slice(None)),
            ("whole ids, shuffled", np.arange(asked.rows), order),
            ("text ids, in order", [f"row_{i:07d}" for i in range(asked.rows)], slice(None)),
            ("text ids, shuffled", [f"row_{i:07d}" for i in range(asked.rows)], order),
        ):
            table = pd.DataFrame({"id": ids, "y": truth})
            answers = read_solution(
                io.BytesIO(table.to_csv(index=False).encode()), METRICS["rmse"], b"secret", 0.3
            )
            table.assign(y=guess).iloc[rows].to_csv(path, index=False)
            scoring(path, answers, "rmse")  # the index of the ids is made once per worker
            read, whose = reading(path, asked.runs, text=name.startswith("text"))
            whole = milliseconds(lambda answers=answers: scoring(path, answers, "rmse"), asked.runs)
            aim = whole <= AIM * read
            against = f"{whole / read:.2f} x {whose}'s {read:.0f} ms (aim ≤ {AIM:g})"
            figures.append(Figure(name, whole, "ms", against, aim))
        figures += spoilt(path, answers, table.assign(y=guess), asked.rows)
        figures += large(path, generator)
    show(*figures)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    show(Figure("peak memory of this process, all of it", peak, "MB"))


def spoilt(path: Path, answers: Solution, table: pd.DataFrame, rows: int) -> list[Figure]:
    """A file whose last row is wrong: read twice, the second time as text."""
    table.loc[rows - 1, "y"] = np.nan
    table.to_csv(path, index=False)
    began = time.perf_counter()
    try:
        scoring(path, answers, "rmse")
    except FileFault as fault:
        took = (time.perf_counter() - began) * 1000
        return [Figure("refused for its last row", took, "ms", fault.message[:60])]
    raise AssertionError("a file with a hole in it was scored")


def large(path: Path, generator: np.random.Generator) -> list[Figure]:
    """200 MB in few rows and many columns' worth of text: lists of items for MAP@12."""
    rows = 400_000
    items = [" ".join(f"item{n:09d}" for n in generator.integers(0, 10**9, 36)) for _ in range(400)]
    lists = (items * (rows // 400 + 1))[:rows]
    table = pd.DataFrame({"id": range(rows), "y": lists})
    answers = read_solution(
        io.BytesIO(table.assign(y="item000000001").to_csv(index=False).encode()),
        METRICS["map_at_12"], b"secret", 0.3,
    )  # fmt: skip
    table.to_csv(path, index=False)
    size = path.stat().st_size
    took = milliseconds(lambda: scoring(path, answers, "map_at_12"), 1)
    name = f"lists for MAP@12, {rows:,} rows, {size >> 20} MB"
    return [Figure(name, took, "ms", f"{size / LARGE:.1f} x 200 MB")]


if __name__ == "__main__":
    main()
