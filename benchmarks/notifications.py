"""An announcement to very many, beside live verdicts:
`python -m benchmarks.notifications [--people 100000] [--linked 1000]`.

A whole arena with one worker. One learner's script uploads a model again and again and waits on its
socket, first with nothing else going on, then from the moment of the announcement until everybody in the
cohort has it in their list, and all who are linked have it by Telegram: 30 a second, by its own limit, so
that 100,000 would take an hour. The baseline is the first median; each has to be told exactly once.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import time
from collections import Counter
from contextlib import closing
from typing import Any

from benchmarks.arena import Arena, arena, fitted
from benchmarks.report import Figure, headline, show
from benchmarks.telegram import Elsewhere
from benchmarks.verdict import percentile, walk
from tests.bot.stub import TOKEN

AT_A_TIME = 10


def fill(here: Arena, cohort_id: int, people: int, linked: int) -> None:
    """So many learners in the cohort, written straight into the database: nobody logs in as one of them. So
    many of them are linked with Telegram."""
    with closing(sqlite3.connect(here.data / "mlarena.sqlite", timeout=60)) as file:
        first = file.execute("SELECT max(id) + 1 FROM users").fetchone()[0]
        numbers = range(first, first + people)
        file.executemany(
            "INSERT INTO users (id, username, username_key, email, email_key, full_name, password_hash,"
            " role, timezone, kaggle_username, listed, credentials_version, created_at) VALUES"
            " (?1, 'p' || ?1, 'p' || ?1, 'p' || ?1 || '@x', 'p' || ?1 || '@x', '', '!', 'learner', 'UTC',"
            " '', 1, 1, '2026-01-01 00:00:00')",
            ((number,) for number in numbers),
        )
        file.executemany(
            "INSERT INTO cohort_members (cohort_id, user_id, nickname, joined_at) VALUES"
            " (?, ?, '', '2026-01-01 00:00:00')",
            ((cohort_id, number) for number in numbers),
        )
        file.executemany(
            "INSERT INTO telegram_links (user_id, telegram_id, credentials_version, linked_at) VALUES"
            " (?1, ?1 + 10000000, 1, '2026-01-01 00:00:00')",
            ((number,) for number in numbers[:linked]),
        )
        file.commit()


def asked(here: Arena, query: str) -> int:
    with closing(sqlite3.connect(f"file:{here.data / 'mlarena.sqlite'}?mode=ro", uri=True)) as file:
        return int(file.execute(query).fetchone()[0])


def instructor(here: Arena) -> str:
    user_id, token = here.learner()
    with closing(sqlite3.connect(here.data / "mlarena.sqlite", timeout=60)) as file:
        file.execute("UPDATE users SET role = 'instructor' WHERE id = ?", (user_id,))
        file.commit()
    return token


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--linked", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=100)
    given = parser.parse_args()
    headline("notifications", people=given.people, linked=given.linked, runs=given.runs)
    from sklearn.linear_model import LinearRegression

    stub = Elsewhere()
    with arena(WORKERS="1", TELEGRAM_BOT_TOKEN=TOKEN, TELEGRAM_API_URL=stub.url) as here:
        here.quiet()
        teacher, (_, token) = instructor(here), here.learner()
        quest = here.quest("linear-regression-challenge")
        content = fitted(
            here.download(token, quest["id"]), quest["dataset"]["target"], LinearRegression()
        )
        _, made = here.call("POST", "/cohorts", teacher, {"title": "Everybody"})
        cohort = made["data"]
        here.call("POST", "/cohorts/join", token, {"code": cohort["join_code"]})
        fill(here, cohort["id"], given.people, given.linked)
        walk(here, token, quest, [content] * 10)
        alone, _ = walk(here, token, quest, [content] * given.runs)
        here.call("POST", f"/cohorts/{cohort['id']}/announcements", teacher, {"title": "Hear, all"})
        began, beside = time.monotonic(), []
        routed = "SELECT count(*) FROM notifications WHERE kind = 'announcement' AND shown"
        seconds = sent = 0.0
        while not (seconds and sent):
            took, _ = walk(here, token, quest, [content] * AT_A_TIME)
            beside += took
            now = time.monotonic() - began
            seconds = seconds or (now if asked(here, routed) > given.people else 0.0)
            sent = sent or (now if len(stub.calls()) >= given.linked else 0.0)
        time.sleep(2.0)
        chats = Counter(int(call.params["chat_id"]) for call in stub.calls())
        told: dict[str, Any] = here.call("GET", "/notifications?unread=true", token)[1]
        twice = asked(
            here,
            "SELECT count(*) FROM (SELECT 1 FROM notifications WHERE kind = 'announcement' GROUP BY user_id"
            " HAVING count(*) > 1)",
        )
    before, during = statistics.median(alone), statistics.median(beside)
    ratio = during / before
    heard = any(row["title"].endswith("Hear, all") for row in told["data"])
    show(
        Figure("verdict, p50, nothing else going on", before, "ms", "baseline"),
        Figure(f"verdict, p50, beside the telling ({len(beside)})", during, "ms"),
        Figure("  during ÷ before", ratio, "×", "aim ≤ 1.20", ratio <= 1.2),
        Figure("verdict, p99, nothing else going on", percentile(alone, 0.99), "ms", "baseline"),
        Figure("verdict, p99, beside the telling", percentile(beside, 0.99), "ms"),
        Figure(
            f"{given.people:,} told, everybody",
            seconds,
            "s",
            f"{given.people / seconds:,.0f} a second",
            heard,
        ),
        Figure(f"{given.linked:,} of them by Telegram", sent, "s", "30 a second at most"),
        Figure("told twice", twice, "", "aim 0", twice == 0),
        Figure(
            "told twice by Telegram",
            sum(chats.values()) - len(chats),
            "",
            f"aim 0, and {given.linked:,} told",
            sum(chats.values()) == len(chats) == given.linked,
        ),
    )


if __name__ == "__main__":
    main()
