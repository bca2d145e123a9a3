"""How long until everything works: `python -m benchmarks.start [--runs 5]`.

`make run` on a folder of its own, from its start to the line "ready in …" (/healthz answers 200: database,
Redis, web, worker with its jail warm, clock). The first start migrates and imports the content, the
others find it done. Compared with the aim of 3 s, and with what one Python needs to import the app.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from benchmarks.arena import ROOT, free_port
from benchmarks.report import Figure, headline, show

AIM_SECONDS = 3.0


def environment(folder: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "MLARENA_DATA": f"{folder}/data", "PORT": str(free_port())}


def start_and_stop(folder: str) -> tuple[float, float]:
    """Seconds from `make run` to ready, and from SIGTERM to the end."""
    began = time.perf_counter()
    arena = subprocess.Popen(
        ["make", "--no-print-directory", "run"],
        cwd=ROOT,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert arena.stdout is not None
    said = []
    for line in arena.stdout:
        said.append(line)
        if "| ready in" in line:
            break
        if "not everything works" in line:
            break
    ready = time.perf_counter() - began
    began = time.perf_counter()
    arena.send_signal(signal.SIGTERM)
    arena.communicate(timeout=60)
    if not said or "ready in" not in said[-1]:
        raise RuntimeError("it did not become ready:\n" + "".join(said[-20:]))
    return ready, time.perf_counter() - began


def import_seconds(folder: str) -> float:
    """Seconds for one Python to start and import the app, no more."""
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", "import wsgi"], cwd=ROOT, env=environment(folder), check=True
    )
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    headline("start", runs=runs)
    with tempfile.TemporaryDirectory(prefix="mlarena-bench-") as folder:
        first, _ = start_and_stop(folder)
        seconds, stops, imports = [], [], []
        for _ in range(runs):
            imports.append(import_seconds(folder))
            ready, stopped = start_and_stop(folder)
            seconds.append(ready)
            stops.append(stopped)
    median, alone = statistics.median(seconds), statistics.median(imports)
    show(
        Figure("first start (migrates, makes the data sets)", first, "s"),
        Figure(
            "second start, make to ready, median",
            median,
            "s",
            f"aim: at most {AIM_SECONDS:g}",
            median <= AIM_SECONDS,
        ),
        Figure("  slowest", max(seconds), "s"),
        Figure(
            "second start ÷ one import of the app", median / alone, "×", f"import {alone:.2f} s"
        ),
        Figure("SIGTERM to the last process gone, median", statistics.median(stops), "s"),
    )


if __name__ == "__main__":
    main()
