"""What the jail costs: `python -m benchmarks.sandbox [--runs 60]`.

A random forest of 100 trees answers for 1,000 rows: in this process, in the jail, and in a fresh
`python -c`. Everything is measured in one run, in turn, so that the ratios hold on a busy machine
too. The jailed evaluation does more than the others: it also answers for 20 sample rows, twice.
"""

from __future__ import annotations

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import argparse
import io
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import joblib
import pandas as pd
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier

from benchmarks.report import Figure, headline, show
from mlarena.sandbox import Sandbox, Table

ROWS, SAMPLE, TREES = 1000, 20, 100
PAUSE = 0.03  # lets the zygote fork the next child, as it does between two submissions


def milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1e3


def in_turn(runs: int, **works: Callable[[], object]) -> dict[str, float]:
    """The median of each, one after the other, `runs` times; the first round is not counted."""
    took: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(runs + 1):
        for name, work in works.items():
            took[name].append(milliseconds(work))
            time.sleep(PAUSE)
    return {name: statistics.median(values[1:]) for name, values in took.items()}


def undisturbed(runs: int, **works: Callable[[], object]) -> dict[str, float]:
    """The quickest of each, in turn: a fixed cost of a millisecond drowns in a busy machine."""
    took: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(runs):
        for name, work in works.items():
            took[name].append(milliseconds(work))
            time.sleep(PAUSE)
    return {name: min(values) for name, values in took.items()}


def per_second(work: Callable[[], object], threads: int, runs: int) -> float:
    with ThreadPoolExecutor(threads) as pool:
        started = time.perf_counter()
        for done in [pool.submit(work) for _ in range(runs)]:
            done.result()
        return runs / (time.perf_counter() - started)


def material(folder: Path) -> tuple[Path, Path]:
    X, y = make_classification(ROWS, 10, random_state=0)
    frame = pd.DataFrame(X, columns=[f"c{number}" for number in range(10)])
    model, rows = folder / "forest.joblib", folder / "rows.csv"
    joblib.dump(RandomForestClassifier(TREES, random_state=0).fit(frame, y), model)
    frame.to_csv(rows, index=False)
    return model, rows


def figures(runs: int, folder: Path) -> list[Figure]:
    model, rows = material(folder)
    data, features = model.read_bytes(), Table.from_csv(rows)
    frame, sample = features.frame, Table.from_frame(features.frame[:SAMPLE])
    cold = f"import joblib, pandas; joblib.load({str(model)!r}).predict(pandas.read_csv({str(rows)!r}))"

    def outside() -> object:
        return joblib.load(io.BytesIO(data)).predict(frame)

    with Sandbox(kinds=("model", "code")) as jail, Sandbox(kinds=("code",), layers=()) as bare:
        if not jail.wait(120) or not bare.wait(120):
            raise SystemExit(
                "the jail did not start: flask sandbox probe says which layer is missing"
            )
        time.sleep(1)

        def jailed() -> object:
            outcome = jail.predict(data, "joblib", features, sample)
            if not outcome.ok:
                raise SystemExit(f"the jail failed: {outcome}")
            return outcome

        ms = in_turn(runs, outside=outside, jailed=jailed)
        ms |= undisturbed(
            2 * runs,
            empty=lambda: jail.run_code("RESULT = 1"),
            bare=lambda: bare.run_code("RESULT = 1"),
        )
        cold_ms = statistics.median(
            milliseconds(lambda: subprocess.run([sys.executable, "-c", cold], check=True))
            for _ in range(5)
        )
        one_core = per_second(outside, 1, runs)
        two_jails = per_second(jailed, 2, 2 * runs)
        boot = [supervisor.boot_ms or 0 for supervisor in jail._supervisors.values()]
    ratio, fresh = ms["jailed"] / ms["outside"], cold_ms / ms["jailed"]
    layers = ms["empty"] - ms["bare"]
    crowd = two_jails / one_core
    return [
        Figure("load and predict in process", ms["outside"], "ms"),
        Figure("jailed evaluation", ms["jailed"], "ms"),
        Figure("jailed ÷ in process", ratio, "×", "≤ 1.5", ratio <= 1.5),
        Figure("cold python -c ÷ jailed", fresh, "×", "≥ 19", fresh >= 19),
        Figure("an empty job, undisturbed", ms["empty"], "ms", "≤ 5", ms["empty"] <= 5),
        Figure("of it, all layers together", layers, "ms", "≤ 1", layers <= 1),
        Figure("evaluations a second, two at once", two_jails, "/s"),
        Figure("÷ in process, one at once", crowd, "×", "≥ 1.5 on 2 cores", crowd >= 1.5),
        Figure("start of the model zygote", boot[0], "ms"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=60)
    runs = parser.parse_args().runs
    headline("sandbox", trees=TREES, rows=ROWS, runs=runs)
    with tempfile.TemporaryDirectory() as folder:
        show(*figures(runs, Path(folder)))


if __name__ == "__main__":
    main()
