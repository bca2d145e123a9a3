"""From POST to the pushed verdict: `python -m benchmarks.verdict [--runs 100]`.

A whole arena on an otherwise idle machine; one learner's script uploads a model again and again and
waits on its socket. The baseline is loading and predicting with the same model in this process.

Beside the whole walk stands the part behind the door: from the row's `queued_at`, which is before the file
is stored and the job enqueued, until the worker has the score (`finished_at`).
"""

from __future__ import annotations

import argparse
import io
import statistics
import time
from datetime import datetime
from typing import Any

import socketio

from benchmarks.arena import Arena, arena, fitted
from benchmarks.report import Figure, headline, show


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def in_process(content: bytes, table: Any, runs: int) -> float:
    """Median milliseconds of joblib.load + predict, here and now."""
    import joblib

    took = []
    for _ in range(runs):
        started = time.perf_counter()
        joblib.load(io.BytesIO(content)).predict(table)
        took.append((time.perf_counter() - started) * 1000)
    return statistics.median(took)


def walk(
    here: Arena, token: str, quest: dict[str, Any], contents: list[bytes]
) -> tuple[list[float], list[float]]:
    """Milliseconds from the start of each POST to the verdict event; from `queued_at` to `finished_at`."""
    with socketio.SimpleClient() as client:
        client.connect(here.url, auth={"token": token}, transports=["websocket"])
        took, behind_the_door = [], []
        for content in contents:
            started = time.perf_counter()
            status, answer = here.submit(token, quest["id"], content)
            if status != 202:
                raise RuntimeError(f"submit: {status} {answer}")
            while True:
                event, payload = client.receive(timeout=30)
                if event == "verdict" and payload["id"] == answer["data"]["id"]:
                    break
            took.append((time.perf_counter() - started) * 1000)
            queued = datetime.fromisoformat(payload["queued_at"])
            scored = datetime.fromisoformat(payload["finished_at"])
            behind_the_door.append((scored - queued).total_seconds() * 1000)
            if payload["status"] != "scored":
                raise RuntimeError(f"verdict: {payload['error']}")
    return took, behind_the_door


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    runs = parser.parse_args().runs
    headline("verdict", runs=runs)
    import pandas as pd
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.linear_model import LinearRegression

    models = {
        "a line": LinearRegression(),
        "a forest of 50, six levels": RandomForestRegressor(50, max_depth=6, random_state=0),
        "a forest of 50, unpruned": RandomForestRegressor(50, random_state=0),
    }
    with arena(WORKERS="1") as here:
        here.quiet()
        _, token = here.learner()
        quest = here.quest("linear-regression-challenge")
        download = here.download(token, quest["id"])
        target = quest["dataset"]["target"]
        table = pd.read_csv(io.BytesIO(download)).drop(columns=[target]).head(1000)
        for name, estimator in models.items():
            content = fitted(download, target, estimator)
            walk(here, token, quest, [content] * 5)
            took, behind_the_door = walk(here, token, quest, [content] * runs)
            base = in_process(content, table, 20)
            behind = statistics.median(behind_the_door)
            p50, p99 = statistics.median(took), percentile(took, 0.99)
            print(f"   {name}: a file of {len(content) / (1 << 20):.2f} MB")
            show(
                Figure("  POST → verdict event, p50", p50, "ms", "aim ≤ 120", p50 <= 120),
                Figure("  POST → verdict event, p99", p99, "ms", "aim ≤ 300", p99 <= 300),
                Figure(
                    "  queued → scored, p50",
                    behind,
                    "ms",
                    f"aim ≤ in-process + 25 = {base + 25:.1f}",
                    behind <= base + 25,
                ),
                Figure("  in-process load + predict, p50", base, "ms", "baseline"),
                Figure("  p50 ÷ baseline", p50 / base, "×", f"= baseline + {p50 - base:.1f} ms"),
            )


if __name__ == "__main__":
    main()
