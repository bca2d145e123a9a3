"""From a file that is handed in to its public score on the page: `python -m benchmarks.competition`.

A whole arena on an otherwise idle machine; one learner's script hands in predictions again and again and
waits on its socket. The baseline is reading and scoring the same file in this process, in the same run.
"""

from __future__ import annotations

import argparse
import io
import statistics
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import socketio

from benchmarks.arena import arena
from benchmarks.predictions import milliseconds
from benchmarks.report import Figure, headline, show
from benchmarks.showcase import Showcase, register
from benchmarks.showcase_competitions import ORGANISER, post_file, promote
from benchmarks.verdict import percentile
from mlarena.scoring.metrics import METRICS
from mlarena.scoring.predictions.reading import Layout, read_predictions
from mlarena.scoring.predictions.score import score
from mlarena.scoring.predictions.solution import Solution, read_solution

AIM = 200.0
WARMING = 5


def opened(case: Showcase, answers: str, runs: int) -> int:
    """A competition that goes on now and lets somebody hand in as often as this wants to; its id."""
    now = datetime.now(UTC)
    about = {
        "title": "Scored at once",
        "description": "Predict y.",
        "metric": "rmse",
        "daily_limit": runs,
        "starts_at": (now - timedelta(hours=1)).isoformat(),
        "ends_at": (now + timedelta(days=1)).isoformat(),
        "answers": answers,
        "publish": True,
    }
    status, answer = case.here.call("POST", "/competitions", case.tokens[ORGANISER], about)
    if status != 201:
        raise RuntimeError(f"open: {status} {answer}")
    number: int = answer["data"]["id"]
    return number


def handed_in(case: Showcase, competition: int, files: list[str]) -> list[float]:
    """Milliseconds from the start of each POST until the socket has the public score."""
    took, token = [], case.tokens["ada"]
    case.here.call("POST", f"/competitions/{competition}/register", token)
    with socketio.SimpleClient() as client:
        client.connect(case.here.url, auth={"token": token}, transports=["websocket"])
        for content in files:
            began = time.perf_counter()
            path = f"/competitions/{competition}/submit"
            sent = post_file(case, token, path, "predictions_file", content)
            while True:
                event, told = client.receive(timeout=30)
                if event == "verdict" and told["id"] == sent["id"]:
                    break
            took.append((time.perf_counter() - began) * 1000)
            if told["score"] is None:
                raise RuntimeError(f"verdict: {told['error']}")
    return took


def here(content: str, answers: Solution) -> None:
    layout = Layout.of(answers)
    read = read_predictions(io.BytesIO(content.encode()), answers, layout)
    score(METRICS["rmse"], answers, layout, read)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=60)
    asked = parser.parse_args()
    headline("competition", rows=asked.rows, runs=asked.runs)
    generator = np.random.default_rng(0)
    ids = [f"row_{i:07d}" for i in range(asked.rows)]
    truth = generator.normal(size=asked.rows)
    table = pd.DataFrame({"id": ids, "y": truth})
    answers = table.to_csv(index=False)
    files = [
        table.assign(y=truth + generator.normal(size=asked.rows)).round(6).to_csv(index=False)
        for _ in range(WARMING + asked.runs)
    ]
    solution = read_solution(io.BytesIO(answers.encode()), METRICS["rmse"], b"secret", 0.3)
    here(files[0], solution)
    base = milliseconds(lambda: here(files[0], solution), 20)
    with arena(WORKERS="1") as started:
        started.quiet()
        case = Showcase(started)
        for name in (ORGANISER, "ada"):
            case.users[name], case.tokens[name] = register(started, name)
        promote(case, ORGANISER)
        competition = opened(case, answers, len(files))
        took = handed_in(case, competition, files)[WARMING:]
    p50, p99 = statistics.median(took), percentile(took, 0.99)
    show(
        Figure("POST → public score pushed, p50", p50, "ms", f"aim ≤ {AIM:g}", p50 <= AIM),
        Figure("POST → public score pushed, p99", p99, "ms"),
        Figure("read and scored in this process, p50", base, "ms", "baseline"),
        Figure("p50 ÷ baseline", p50 / base, "×", f"= baseline + {p50 - base:.1f} ms"),
    )


if __name__ == "__main__":
    main()
