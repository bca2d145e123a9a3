"""One update to a thousand open pages: `python -m benchmarks.sockets [--sockets 1000] [--updates 20]`.

The web process of `make run` (gunicorn with gevent) and a crowd of WebSockets on one board of 50 rows.
Measured is the time from `publish` in another process, through Redis, until each page has the whole
update, and the same from `board_changed`, which a worker's flusher first reads the board for. The baseline
is the same app in gunicorn's threaded worker, in the same run.
"""

from __future__ import annotations

import argparse
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.arena import ROOT, arena, free_port
from benchmarks.crowd import Crowd, raise_file_limit
from benchmarks.report import Figure, headline, show
from benchmarks.web import populate

AIM_MS = 60.0
BOARD = "global"
# More than a flusher's pause between two updates of a board, so that each one is a first one.
PAUSE_SECONDS = 0.4


@contextmanager
def threaded(sockets: int) -> Iterator[str]:
    """The same app in gunicorn's threaded worker, a thread for every socket."""
    address = f"127.0.0.1:{free_port()}"
    options = ["--threads", str(sockets + 20), "--worker-connections", "4000", "--bind", address]
    with tempfile.NamedTemporaryFile(suffix=".py") as empty:  # our configuration is for gevent
        command = [sys.executable, "-m", "gunicorn", "-c", empty.name, "-k", "gthread", *options]
        process = subprocess.Popen([*command, "--log-level", "critical", "wsgi:app"], cwd=ROOT)
        try:
            for _ in range(200):
                time.sleep(0.1)
                try:
                    urllib.request.urlopen(f"http://{address}/robots.txt", timeout=5).close()
                    break
                except OSError:
                    continue
            yield f"http://{address}"
        finally:
            process.send_signal(signal.SIGQUIT)
            process.wait(60)


def measure(crowd: Crowd, updates: int, tell: Callable[[], Any]) -> tuple[list[list[float]], int]:
    """Milliseconds of every page, for each update; and how many updates never came to a page."""
    took, lost = [], 0
    for _ in range(updates):
        time.sleep(PAUSE_SECONDS)
        started = time.monotonic()
        tell()
        heard = crowd.hear("leaderboard", patience=5)
        took.append([(at - started) * 1000 for at in heard])
        lost += len(crowd.pages) - len(heard)
    return took, lost


def p99(milliseconds: list[float]) -> float:
    return statistics.quantiles(milliseconds, n=100)[98]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sockets", type=int, default=1000)
    parser.add_argument("--updates", type=int, default=20)
    wanted = parser.parse_args()
    headline("sockets", sockets=wanted.sockets, updates=wanted.updates)
    raise_file_limit()
    with arena(WORKERS="1", WEB_CONCURRENCY="1") as here:
        here.quiet()
        populate(here, 1000)
        from mlarena.app import create_app
        from mlarena.live.publish import board_changed, board_room, leaderboard, publish

        with create_app().app_context():
            update = leaderboard(BOARD)

            def tell() -> None:
                publish("leaderboard", update, board_room(BOARD))

            def change() -> None:
                board_changed(BOARD)

            crowd = Crowd(here.url, BOARD, wanted.sockets)
            measure(crowd, 3, tell)
            green, lost = measure(crowd, wanted.updates, tell)
            whole, lost_whole = measure(crowd, wanted.updates, change)
            crowd.leave()
            with threaded(wanted.sockets) as address:
                crowd = Crowd(address, BOARD, wanted.sockets)
                measure(crowd, 3, tell)
                threads, _ = measure(crowd, wanted.updates, tell)
                crowd.leave()
    ours, theirs = (statistics.median(map(p99, took)) for took in (green, threads))
    all_ours = [one for took in green for one in took]
    show(
        Figure(
            "publish → page, p99 of an update", ours, "ms", f"aim {AIM_MS:g} ms", ours <= AIM_MS
        ),
        Figure("publish → page, p99 of the worst update", max(map(p99, green)), "ms"),
        Figure("publish → page, p50", statistics.median(all_ours), "ms"),
        Figure("board_changed → page, p99 of an update", statistics.median(map(p99, whole)), "ms"),
        Figure("lost", lost + lost_whole, "", "aim 0", lost + lost_whole == 0),
        Figure("threads: p99 of an update", theirs, "ms"),
        Figure("threads ÷ gevent", theirs / ours, "×"),
    )


if __name__ == "__main__":
    main()
