"""The worker process: RQ without its second fork, the jail, the heartbeat, the board flusher, those who
follow up what was written.

RQ's own worker forks a "work horse" for every job, which costs about 80 ms once numpy is imported in it.
Learner code already runs in a process of its own, the jail's; so the worker evaluates in place
(SimpleWorker) and stays warm.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
import uuid
from typing import Any

import redis
import structlog
from flask import Flask
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.timeouts import TimerDeathPenalty

from mlarena.activity import service as activity
from mlarena.challenges import engines, waiting
from mlarena.challenges import jobs as challenge_jobs
from mlarena.core.db import db
from mlarena.core.health import start_heartbeat
from mlarena.core.wake import Woken, Work
from mlarena.live import flusher
from mlarena.notifications import routing
from mlarena.notifications import service as notifications
from mlarena.notifications.jobs import NOTICES
from mlarena.quests import baselines, hidden
from mlarena.sandbox.probing import refusal
from mlarena.submissions import jail, outbox
from mlarena.submissions.queues import (
    CHECKS,
    EVALUATIONS,
    HOUSE,
    OUTSIDE,
    RUNS,
    TRAININGS,
    WEBHOOKS,
)

log = structlog.get_logger(__name__)

# Upkeep first: a sweep is short, and it is what brings lost submissions back.
QUICK = ("upkeep", EVALUATIONS)
# Somebody sits and waits for these: each has threads of its own.
RUNNERS = 2
# Other people's servers: one that hangs does not stand before the others.
TELLERS = 2
QUEUES = (*QUICK, NOTICES, TRAININGS, HOUSE, RUNS, CHECKS, OUTSIDE, WEBHOOKS)
# What follows when something was written, a thread for each: at once by a word, at the latest by the clock.
# With the seconds in which more of it may come: somebody waits for a notice, an event is for machines.
WOKEN: tuple[tuple[Work, float], ...] = (
    ({outbox.WRITTEN: outbox.drain}, 0.1),
    ({notifications.WRITTEN: routing.route_all, activity.HAPPENED: activity.tell}, 0.002),
)


class ArenaWorker(SimpleWorker):
    """One job at a time, each inside the app's context, with the session given back after it."""

    # Redis away: ask again every other second, not after a growing pause of up to a minute.
    max_connection_wait_time = 2
    # Seconds in one wait for work. A signal does not always wake the main thread (under load one in ten
    # did not): it is seen when the wait ends.
    dequeue_timeout = 1

    def __init__(self, app: Flask, **more: Any) -> None:
        self.app = app
        super().__init__(**more)

    def perform_job(self, job: Job, queue: Queue) -> bool:
        with self.app.app_context():
            try:
                done: bool = super().perform_job(job, queue)
            finally:
                db.session.remove()
        return done


class Beside(ArenaWorker):
    """The same in a thread beside it: a training may take a minute, and the verdict on an upload does not
    wait for it. The thread itself mostly waits, for the jail's own process."""

    death_penalty_class = TimerDeathPenalty  # signals reach the main thread only
    dequeue_timeout = SimpleWorker.dequeue_timeout

    def _install_signal_handlers(self) -> None:
        """They are the main thread's. This thread ends with the process; the sweep knows its job."""


def work_beside(app: Flask, names: tuple[str, ...]) -> threading.Thread:
    """Take jobs off these queues, in a thread, for as long as the process lives."""
    thread = threading.Thread(target=_beside, args=(app, names), name=names[0], daemon=True)
    thread.start()
    return thread


def _beside(app: Flask, names: tuple[str, ...]) -> None:
    while True:
        with redis.Redis.from_url(app.extensions["settings"].redis) as connection:
            try:
                queues = [Queue(name, connection=connection) for name in names]
                worker = Beside(
                    app, queues=queues, connection=connection, name=f"{_name()}-{names[0]}"
                )
                worker.work(logging_level="WARNING")
            except redis.RedisError as error:
                log.warning("a queue waits for Redis", queues=names, error=str(error))
        time.sleep(Beside.max_connection_wait_time)


def _name() -> str:
    return f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"


def run(app: Flask) -> None:
    """Work until told to stop: SIGTERM or SIGINT ends after the job in hand."""
    settings = app.extensions["settings"]
    with app.app_context():
        sandbox = jail.sandbox()
        if sandbox.refuses:
            log.error("learner code is refused on this machine", reason=sandbox.refuses)
        try:
            engines.engines()
        except (
            ValueError
        ) as error:  # the application's own database is no place for strangers' queries
            raise SystemExit(str(error)) from None

    def state() -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "sandbox": {
                "ready": sandbox.ready,
                "refuses": sandbox.refuses,
                "layers": sandbox.layers,
                "degraded": sandbox.allow_degraded and refusal(sandbox.layers) is not None,
            },
            "lacking": engines.lacking(),
        }

    heartbeat = start_heartbeat(app, "worker", state)

    def tell_when_warm() -> None:
        sandbox.wait()
        heartbeat.now()
        # The libraries and data of the graders, after the jail's own: both at once is slower.
        with app.app_context():
            hidden.warm()
            if not sandbox.refuses:
                if waiting.any_waiting():
                    challenge_jobs.enqueue_publishing()
                baselines.enter_missing()
                db.session.remove()

    threading.Thread(target=tell_when_warm, name="jail warms up", daemon=True).start()
    flusher.start(app)
    for work, gather in WOKEN:
        Woken(app, work, gather).start()
    # Some of the house's own jobs take half a minute: no learner's training stands behind one.
    several = [*[(RUNS,)] * RUNNERS, *[(WEBHOOKS,)] * TELLERS]
    for names in ((TRAININGS,), (HOUSE,), (CHECKS,), (OUTSIDE,), (NOTICES,), *several):
        work_beside(app, names)
    # A connection of its own: a worker waits for work longer than a page may wait for Redis.
    connection = redis.Redis.from_url(settings.redis)
    worker = ArenaWorker(
        app,
        queues=[Queue(name, connection=connection) for name in QUICK],
        connection=connection,
        name=_name(),
    )
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        worker.work(logging_level="WARNING")
    finally:
        engines.close()
        jail.close()
