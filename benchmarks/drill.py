"""Kill things at random under load, then count: `python -m benchmarks.drill [--seconds 60] [--seed 1]`.

Learners submit all the time; meanwhile workers, zygotes, web, clock and Redis get SIGKILL, and now and
then Redis is wiped. In the end every accepted submission must have exactly one verdict, XP must have been
paid exactly once, and every board must say what the database says.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sqlite3
import threading
import time
from typing import Any

from benchmarks.arena import Arena, arena, fitted
from benchmarks.report import Figure, headline, show

VICTIMS = {
    "worker": "worker.py",
    "zygote": "sandbox/entry.py",
    "redis": "redis-server|valkey-server",
    "clock": " clock",
    "web": "gunicorn",
}


class Learner(threading.Thread):
    """Submits one of a few models every now and then; remembers what was accepted."""

    def __init__(self, here: Arena, quest: dict[str, Any], models: list[bytes], seed: int) -> None:
        super().__init__(daemon=True)
        self.here, self.quest, self.models = here, quest, models
        self.dice = random.Random(seed)
        self.id, self.token = here.learner()
        self.accepted: list[int] = []
        self.refused = 0
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(self.dice.uniform(0.05, 0.6)):
            try:
                status, answer = self.here.submit(
                    self.token, self.quest["id"], self.dice.choice(self.models)
                )
            except OSError:
                self.refused += 1  # web is being restarted: nothing was accepted
                continue
            if status == 202:
                self.accepted.append(answer["data"]["id"])
            else:
                self.refused += 1


def kill_one(here: Arena, dice: random.Random) -> str | None:
    """SIGKILL one process of a random kind; what was killed."""
    kind = dice.choice(list(VICTIMS))
    words = VICTIMS[kind].split("|")
    pids = [pid for pid, command in here.processes().items() if any(w in command for w in words)]
    if not pids:
        return None
    try:
        os.kill(dice.choice(pids), signal.SIGKILL)
    except ProcessLookupError:
        return None
    return kind


def wipe_redis(here: Arena) -> str | None:
    import redis

    sockets = list((here.data / "redis").glob("*.sock"))
    try:
        redis.Redis(unix_socket_path=str(sockets[0])).flushall()
    except (IndexError, redis.exceptions.RedisError):
        return None
    return "redis wiped"


def settle(here: Arena, wanted: set[int], patience: float) -> float:
    """Seconds until every accepted submission has its verdict (or `patience` is over)."""
    database = sqlite3.connect(here.data / "mlarena.sqlite", timeout=10)
    started = time.monotonic()
    while time.monotonic() - started < patience:
        done = {row[0] for row in database.execute("SELECT submission_id FROM verdicts")}
        if wanted <= done:
            break
        time.sleep(0.25)
    database.close()
    return time.monotonic() - started


def count(here: Arena, learners: list[Learner], reward: int) -> list[Figure]:
    """What the database and the boards say in the end."""
    database = sqlite3.connect(here.data / "mlarena.sqlite", timeout=10)
    ask = lambda query, *given: database.execute(query, given).fetchall()  # noqa: E731
    accepted = {number for learner in learners for number in learner.accepted}
    verdicts = [row[0] for row in ask("SELECT submission_id FROM verdicts")]
    statuses = dict(ask("SELECT id, status FROM submissions"))
    errors = sum(statuses.get(number) == "error" for number in accepted)
    paid = dict(ask("SELECT user_id, SUM(amount) FROM xp_entries GROUP BY user_id"))
    totals = dict(ask("SELECT user_id, xp FROM learner_totals"))
    board = dict(ask("SELECT user_id, score FROM board_entries WHERE board = 'global'"))
    passed = {
        r[0]
        for r in ask(
            "SELECT DISTINCT user_id FROM submissions"
            " WHERE passed AND status = 'scored' AND user_id IS NOT NULL"
        )
    }
    wrong_xp = sum(paid.get(user, 0) != reward for user in passed)
    unequal = sum(
        paid.get(u, 0) != totals.get(u, 0) or paid.get(u, 0) != board.get(u, 0) for u in passed
    )
    time.sleep(5)  # a sweep mends what the last kill left of the index
    _, shown = here.call("GET", "/leaderboard?per_page=100")
    on_page = {row["user_id"]: row["score"] for row in shown["data"]}
    differs = sum(on_page.get(user) != board.get(user) for user in board)
    database.close()
    lost = len(accepted - set(verdicts))
    return [
        Figure("accepted submissions", len(accepted), ""),
        Figure("without a verdict", lost, "", "must be 0", lost == 0),
        Figure(
            "with more than one",
            len(verdicts) - len(set(verdicts)),
            "",
            "must be 0",
            len(verdicts) == len(set(verdicts)),
        ),
        Figure("ended in `error`", errors, "", "must be 0", errors == 0),
        Figure("learners who passed", len(passed), ""),
        Figure("paid other than once", wrong_xp, "", "must be 0", wrong_xp == 0),
        Figure("ledger ≠ totals or board", unequal, "", "must be 0", unequal == 0),
        Figure("board page ≠ database", differs, "", "must be 0", differs == 0),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--learners", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    headline("drill", seconds=wanted.seconds, learners=wanted.learners, seed=wanted.seed)
    from sklearn.dummy import DummyRegressor
    from sklearn.linear_model import LinearRegression, Ridge

    dice = random.Random(wanted.seed)
    with arena(WORKERS="2") as here:
        _, token = here.learner()
        quest = here.quest("linear-regression-challenge")
        data, target = here.download(token, quest["id"]), quest["dataset"]["target"]
        models = [
            fitted(data, target, estimator)
            for estimator in (LinearRegression(), Ridge(0.1), Ridge(1.0), DummyRegressor())
        ]
        learners = [Learner(here, quest, models, seed) for seed in range(wanted.learners)]
        for learner in learners:
            learner.start()
        killed: dict[str, int] = {}
        until = time.monotonic() + wanted.seconds
        while time.monotonic() < until:
            time.sleep(dice.uniform(1.0, 4.0))
            done = wipe_redis(here) if dice.random() < 0.1 else kill_one(here, dice)
            if done:
                killed[done] = killed.get(done, 0) + 1
        for learner in learners:
            learner.over.set()
        for learner in learners:
            learner.join(60)
        accepted = {number for learner in learners for number in learner.accepted}
        took = settle(here, accepted, patience=90)
        print("   killed: " + ", ".join(f"{kind} × {n}" for kind, n in sorted(killed.items())))
        show(
            *count(here, learners, quest["xp_reward"]),
            Figure("until the last verdict after the last kill", took, "s", "aim ≤ 30", took <= 30),
        )


if __name__ == "__main__":
    main()
