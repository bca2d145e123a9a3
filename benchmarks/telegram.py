"""From a verdict to Telegram's API: `python -m benchmarks.telegram [--seconds 20] [--database postgresql]`.

A whole arena with the real bot process, and a Bot API of the suite's own that counts as Telegram does. This
process settles so many verdicts a second, of a class of 25 that is linked; measured is the time from the
verdict's commit until the call that says it has arrived.

  in the chat   of submissions that were handed in by chat
  notices       of those handed in on the site: by notification, channel and queue
  many chats    the same, to 200 chats in a burst: more than 30 a second may not be sent, so they wait

The baseline is the same number of calls by the bare client, one after the other.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import random
import re
import statistics
import time
import uuid
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.arena import Arena, empty_arena
from benchmarks.boards import database
from benchmarks.report import Figure, headline, show
from benchmarks.verdict import percentile
from tests.bot.stub import TOKEN, Call, serve

CLASS, CROWD = 25, 200
FIRST_CHAT = 10_000_000
PATIENCE_SECONDS = 120.0
_SUBMISSION = re.compile(r"/submissions/([0-9]+)")


class Elsewhere:
    """The stub in a process of its own: it shall not share ours with the verdicts."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        self.url = str(self._pipe.recv())

    def calls(self) -> list[Call]:
        """The messages that were granted since the last time that they were forgotten."""
        self._pipe.send("calls")
        found: list[Call] = self._pipe.recv()
        return found

    def forget(self) -> None:
        self._pipe.send("forget")
        self._pipe.recv()


def _serve(pipe: Any) -> None:
    stub, _server = serve()
    pipe.send(stub.url)
    while True:
        try:
            asked = pipe.recv()
        except EOFError:  # who has asked is done
            return
        if asked == "forget":
            stub.calls.clear()
        pipe.send([call for call in list(stub.calls) if call.method == "sendMessage" and call.ok])


def app_of(here: Arena, stub: Elsewhere, database_url: str) -> Any:
    """An app on the arena's database and Redis, as its worker has one."""
    from mlarena.app import create_app
    from mlarena.core.config import load_settings

    told = {"telegram_bot_token": TOKEN, "telegram_api_url": stub.url, "log_level": "ERROR"}
    where = {"mlarena_data": here.data, "database_url": database_url}
    return create_app(load_settings(public_url=here.url, **where, **told))


def quiz(here: Arena) -> None:
    """A task to settle submissions of."""
    from sqlalchemy import update

    from mlarena.accounts.models import User
    from mlarena.core.db import db

    user_id, token = here.learner()
    db.session.execute(update(User).where(User.id == user_id).values(role="instructor"))
    db.session.commit()
    asked = {"kind": "number", "prompt": "1?", "answer": 1}
    written = {"kind": "knowledge", "name": "A quiz", "questions": [asked], "publish": True}
    status, answer = here.call("POST", "/challenges", token, written)
    if status != 201:
        raise RuntimeError(f"create: {status} {answer}")


def people(many: int) -> list[int]:
    """So many linked learners. Their ids."""
    from mlarena.accounts.models import User
    from mlarena.bot.models import TelegramLink
    from mlarena.core.db import db

    found = []
    for number in range(many):
        name = f"tg-{number}-{uuid.uuid4().hex[:8]}"
        user = User(
            username=name, username_key=name, email=f"{name}@example.org",
            email_key=f"{name}@example.org", password_hash="!",
        )  # fmt: skip
        db.session.add(user)
        db.session.flush()
        chat = FIRST_CHAT + user.id
        db.session.add(TelegramLink(user_id=user.id, telegram_id=chat, credentials_version=1))
        found.append(user.id)
    db.session.commit()
    return found


def running(user_ids: list[int], many: int, by_chat: bool) -> list[tuple[int, str]]:
    """Submissions that a worker is about to settle, each with the token of its claim."""
    from datetime import timedelta

    from sqlalchemy import select

    from mlarena.bot.models import TelegramAsk
    from mlarena.challenges.models import Challenge
    from mlarena.core.clock import utcnow
    from mlarena.core.db import db
    from mlarena.submissions.models import Progress, Submission

    task_id = db.session.scalars(
        select(Challenge.id).where(Challenge.kind == "knowledge", Challenge.status == "published")
    ).first()
    made, tries = [], Counter[int]()
    whose = user_ids if many == len(user_ids) else random.Random(many).choices(user_ids, k=many)
    for user_id in whose:
        token = uuid.uuid4().hex
        tries[user_id] += 1
        submission = Submission(
            user_id=user_id, task_id=task_id, attempt_no=tries[user_id] + (0 if by_chat else 10_000),
            payload={"answers": {}}, status="running", claim_token=token, claims=1,
            lease_until=utcnow() + timedelta(hours=1),
        )  # fmt: skip
        db.session.add(submission)
        db.session.flush()
        if by_chat:
            db.session.add(TelegramAsk(submission_id=submission.id))
        made.append((submission.id, token))
    for user_id in tries:
        db.session.merge(Progress(user_id=user_id, task_id=task_id, status="submitted", attempts=1))
    db.session.commit()
    return made


def drive(claims: list[tuple[int, str]], rate: float) -> tuple[dict[int, float], float]:
    """Settle them at that rate: when each was settled, and how many a second it came to."""
    from mlarena.core.db import db
    from mlarena.submissions.settle import settle
    from mlarena.submissions.verdict import Verdict

    settled, begin = {}, time.monotonic()
    for number, (submission_id, token) in enumerate(claims):
        pause = begin + number / rate - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        settle(submission_id, token, Verdict("scored", score=50.0, passed=False))
        # The commit lies a few ms before: what is told after it is part of the way.
        settled[submission_id] = time.monotonic()
        db.session.remove()
    return settled, len(claims) / (time.monotonic() - begin)


def heard(stub: Elsewhere, wanted: set[int]) -> dict[int, float]:
    """When each verdict's call came; waits until all have, or long enough."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        found: dict[int, float] = {}
        for call in stub.calls():
            for number in _SUBMISSION.findall(call.text):
                found.setdefault(int(number), call.at)
        if wanted <= found.keys() or time.monotonic() > until:
            return found
        time.sleep(0.2)


def measure(
    stub: Elsewhere, user_ids: list[int], name: str, many: int, rate: float, by_chat: bool
) -> None:
    claims = running(user_ids, many, by_chat)
    stub.forget()
    settled, reached = drive(claims, rate)
    told = heard(stub, set(settled))
    took = [1000 * (told[one] - at) for one, at in settled.items() if one in told]
    sent = [call.at for call in stub.calls()]
    most = max(sum(at <= one < at + 1 for one in sent) for at in sent)
    closest = _closest(stub)
    lost, p95 = len(settled) - len(took), percentile(took, 0.95)
    within = p95 <= 1000 if len(user_ids) == CLASS else None
    print(f"   {name}: {many} verdicts at {reached:.1f}/s to {len(user_ids)} chats")
    show(
        Figure("  verdict → call, p50", statistics.median(took), "ms"),
        Figure(
            "  verdict → call, p95", p95, "ms", "aim ≤ 1000" if within is not None else "", within
        ),
        Figure("  calls", len(sent), "", f"{many / len(sent):.1f} verdicts in one"),
        Figure("  most calls in a second", most, "", "Telegram's limit 30", most <= 30),
        Figure(
            "  closest two calls of a chat", closest, "ms", "Telegram's limit 1 s, give or take"
        ),
        Figure("  lost", lost, "", "aim 0", lost == 0),
    )


def _closest(stub: Elsewhere) -> float:
    last: dict[int, float] = {}
    gap = float("inf")
    for call in sorted(stub.calls(), key=lambda one: one.at):
        chat = int(call.params["chat_id"])
        gap = min(gap, call.at - last.get(chat, float("-inf")))
        last[chat] = call.at
    return 1000 * gap


async def bare(stub: Elsewhere, many: int) -> float:
    """Median ms of a call of the client alone."""
    from mlarena.bot.client import Client

    took = []
    async with Client(TOKEN, stub.url) as client:
        for _ in range(many):
            began = time.perf_counter()
            await client.call("sendMessage", FIRST_CHAT, {"text": "a word"})
            took.append(1000 * (time.perf_counter() - began))
    return statistics.median(took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rate", type=float, default=50.0)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    given = parser.parse_args()
    headline("telegram", seconds=given.seconds, rate=given.rate, database=given.database)
    stub = Elsewhere()
    many = round(given.seconds * given.rate)
    with TemporaryDirectory() as folder, database(given.database, Path(folder)) as url, empty_arena(
        TELEGRAM_BOT_TOKEN=TOKEN, TELEGRAM_API_URL=stub.url, DATABASE_URL=url, WORKERS="1"
    ) as here:  # fmt: skip
        here.quiet()
        with app_of(here, stub, url).app_context():
            quiz(here)
            show(Figure("the client alone, p50", asyncio.run(bare(stub, 100)), "ms", "baseline"))
            measure(stub, people(CLASS), "in the chat", many, given.rate, by_chat=True)
            measure(stub, people(CLASS), "notices", many, given.rate, by_chat=False)
            measure(stub, people(CROWD), "many chats", CROWD, given.rate, by_chat=True)


if __name__ == "__main__":
    main()
