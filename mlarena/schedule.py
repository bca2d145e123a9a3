"""The clock process: tells the workers when upkeep is due. Every job is idempotent."""

from __future__ import annotations

import os
import time
from contextlib import suppress

import click
import redis
import structlog
from flask import Flask, current_app
from flask.cli import with_appcontext
from redis.client import Pipeline
from rq.cron import CronJob, CronScheduler

from mlarena.core.config import settings
from mlarena.core.health import start_heartbeat
from mlarena.core.redis import RedisError
from mlarena.submissions import jobs

log = structlog.get_logger(__name__)


class PatientScheduler(CronScheduler):
    """RQ's scheduler, but Redis being away for a while does not end the process."""

    def enqueue_jobs(self) -> list[CronJob]:
        try:
            due: list[CronJob] = super().enqueue_jobs()
        except RedisError as error:
            log.warning("clock waits for Redis", error=str(error))
            time.sleep(1)
            return []
        return due

    def heartbeat(self) -> None:
        with suppress(RedisError):  # enqueue_jobs has just said so
            super().heartbeat()

    def register_death(self, pipeline: Pipeline | None = None) -> None:
        with suppress(RedisError):
            super().register_death(pipeline)


def scheduler(app: Flask) -> CronScheduler:
    """Everything that happens by the clock, in one list."""
    wanted = app.extensions["settings"]
    cron = PatientScheduler(connection=redis.Redis.from_url(wanted.redis), logging_level="WARNING")
    cron.register(
        jobs.sweep,
        queue_name="upkeep",
        interval=max(1, round(wanted.sweep_seconds)),
        job_timeout=60,
        result_ttl=0,
        failure_ttl=60,
        ttl=60,
    )
    return cron


@click.command("clock")
@with_appcontext
def clock() -> None:
    """Run the clock until told to stop."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    start_heartbeat(app, "clock", lambda: {"pid": os.getpid(), "every": settings().sweep_seconds})
    scheduler(app).start()
