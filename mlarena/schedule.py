"""The clock process: tells the workers when upkeep is due. Every job is idempotent."""

from __future__ import annotations

import os
import time
from contextlib import suppress

import redis
import structlog
from redis.client import Pipeline
from redis.exceptions import RedisError
from rq.cron import CronJob, CronScheduler

from mlarena.core.config import Settings
from mlarena.core.health import Heartbeat
from mlarena.core.logs import configure
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


def scheduler(settings: Settings, connection: redis.Redis) -> CronScheduler:
    """Everything that happens by the clock, in one list."""
    cron = PatientScheduler(connection=connection, logging_level="WARNING")
    cron.register(
        jobs.sweep,
        queue_name="upkeep",
        interval=max(1, round(settings.sweep_seconds)),
        job_timeout=60,
        result_ttl=0,
        failure_ttl=60,
        ttl=60,
    )
    return cron


def run(settings: Settings) -> None:
    """Run the clock until told to stop. It needs no app: it only names jobs, by the time of day."""
    configure(settings)
    connection = redis.Redis.from_url(settings.redis)
    sign = {"pid": os.getpid(), "every": settings.sweep_seconds}
    heartbeat = Heartbeat(connection, "clock", lambda: sign)
    try:
        scheduler(settings, connection).start()
    finally:
        heartbeat.stop()
