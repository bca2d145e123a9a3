"""The worker process: RQ without its second fork, the jail, the heartbeat, the board flusher.

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

from mlarena.core.db import db
from mlarena.core.health import start_heartbeat
from mlarena.live import flusher
from mlarena.quests import hidden
from mlarena.sandbox.probing import refusal
from mlarena.submissions import jail
from mlarena.submissions.queues import EVALUATIONS, TRAININGS

log = structlog.get_logger(__name__)

# Upkeep first: a sweep is short, and it is what brings lost submissions back.
QUICK = ("upkeep", EVALUATIONS)
QUEUES = (*QUICK, TRAININGS)


class ArenaWorker(SimpleWorker):
    """One job at a time, each inside the app's context, with the session given back after it."""

    # Redis away: ask again every other second, not after a growing pause of up to a minute.
    max_connection_wait_time = 2

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


class Trainer(ArenaWorker):
    """The same for trainings, in a thread beside it: a training may take a minute, and the verdict on
    an upload does not wait for it. The thread itself only waits, for the jail's own process."""

    death_penalty_class = TimerDeathPenalty  # signals reach the main thread only

    def _install_signal_handlers(self) -> None:
        """They are the main thread's. This thread ends with the process; the sweep knows its job."""


def _train(app: Flask) -> None:
    """Take trainings off their queue for as long as the process lives."""
    while True:
        with redis.Redis.from_url(app.extensions["settings"].redis) as connection:
            try:
                queues = [Queue(TRAININGS, connection=connection)]
                name = f"{_name()}-trainer"
                worker = Trainer(app, queues=queues, connection=connection, name=name)
                worker.work(logging_level="WARNING")
            except redis.RedisError as error:
                log.warning("trainings wait for Redis", error=str(error))
        time.sleep(Trainer.max_connection_wait_time)


def _name() -> str:
    return f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"


def run(app: Flask) -> None:
    """Work until told to stop: SIGTERM or SIGINT ends after the job in hand."""
    settings = app.extensions["settings"]
    with app.app_context():
        sandbox = jail.sandbox()
        if sandbox.refuses:
            log.error("learner code is refused on this machine", reason=sandbox.refuses)

    def state() -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "sandbox": {
                "ready": sandbox.ready,
                "refuses": sandbox.refuses,
                "layers": sandbox.layers,
                "degraded": sandbox.allow_degraded and refusal(sandbox.layers) is not None,
            },
        }

    heartbeat = start_heartbeat(app, "worker", state)

    def tell_when_warm() -> None:
        sandbox.wait()
        heartbeat.now()
        # The libraries and data of the graders, after the jail's own: both at once is slower.
        with app.app_context():
            hidden.warm()

    threading.Thread(target=tell_when_warm, name="jail warms up", daemon=True).start()
    flusher.start(app)
    threading.Thread(target=_train, args=(app,), name="trainings", daemon=True).start()
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
        jail.close()
