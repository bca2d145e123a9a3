"""The clock process: tells the workers when upkeep is due. Every job is idempotent."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import redis
import structlog
from redis.client import Pipeline
from redis.exceptions import RedisError
from rq.cron import CronJob, CronScheduler

from mlarena.activity import jobs as activity
from mlarena.admin import jobs as admin
from mlarena.bot import jobs as bot
from mlarena.challenges import jobs as challenges
from mlarena.cohorts import jobs as cohorts
from mlarena.competitions import jobs as competitions
from mlarena.competitions.kaggle import jobs as kaggle
from mlarena.core.config import Settings
from mlarena.core.health import Heartbeat
from mlarena.core.logs import configure
from mlarena.forecasts import jobs as forecasts
from mlarena.lti import jobs as lti
from mlarena.notifications import jobs as notifications
from mlarena.submissions import jobs
from mlarena.submissions.queues import HOUSE, OUTSIDE
from mlarena.webhooks import jobs as webhooks

log = structlog.get_logger(__name__)

# How soon a competition's end is carried out, and how often it is noted who stands where.
FINISH_SECONDS = 5
# What a killed worker leaves on the challenges' database server may stay for a minute.
CHALLENGE_SWEEP_SECONDS = 60
TRACK_SECONDS = 60
# What is judged again goes on by itself; this finds what a killed worker has left.
REJUDGE_SECONDS = 30
# What was handed in is compared with what others handed in this often.
COMPARE_SECONDS = 300
CLEAN_SECONDS = 3600
# Deliveries that failed are tried again when their pause is over.
WEBHOOK_SECONDS = 5
# Grades for an LMS: what a lost word has left, and deadlines that have passed by themselves.
LTI_SECONDS = 15
LTI_ALL_SECONDS = 15 * 60
# Challenges that wait for an engine are looked at again this often.
PUBLISH_SECONDS = 300

# What a lost question has left unrouted, and digests whose hour has come.
ROUTE_SECONDS = 5
LETTERS_SECONDS = 60
DUE_SECONDS = 300
PRUNE_AT = "30 3 * * *"

# The simulated league's matches end on the minute; the house forecasts every four hours and learns daily.
SIMULATED_SECONDS = 60
SETTLE_SECONDS = 20
LIVE_SECONDS = 15 * 60
SYNC_SECONDS = 6 * 3600
PREDICT_SECONDS = 4 * 3600
DOCUMENTS_SECONDS = 2 * 3600
HISTORY_AT = "0 3 * * *"
RETRAIN_AT = "0 4 * * *"
TIDY_AT = "15 3 * * *"
# Whose evening it is: time zones differ by quarters of an hour.
REMIND_SECONDS = 15 * 60


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
    table: tuple[tuple[Callable[..., Any], str, int | str, int], ...] = (
        (jobs.sweep, "upkeep", max(1, round(settings.sweep_seconds)), 60),
        (jobs.rejudge, HOUSE, REJUDGE_SECONDS, 3600),
        (admin.compare, HOUSE, COMPARE_SECONDS, 3600),
        (jobs.clean_events, HOUSE, CLEAN_SECONDS, 600),
        (webhooks.clean, HOUSE, CLEAN_SECONDS, 600),
        (webhooks.sweep, "upkeep", WEBHOOK_SECONDS, 60),
        (lti.keep, HOUSE, LTI_SECONDS, 600),
        (lti.keep_all, HOUSE, LTI_ALL_SECONDS, 3600),
        (challenges.sweep, "upkeep", CHALLENGE_SWEEP_SECONDS, 60),
        (challenges.publish_waiting, HOUSE, PUBLISH_SECONDS, challenges.PUBLISH_SECONDS),
        (competitions.finish, "upkeep", FINISH_SECONDS, 60),
        (jobs.publish_due, "upkeep", FINISH_SECONDS, 60),
        (competitions.note_ranks, "upkeep", TRACK_SECONDS, 60),
        (competitions.rescore, HOUSE, FINISH_SECONDS, 3600),
        (challenges.remeasure, HOUSE, FINISH_SECONDS, 3600),
        (forecasts.settle, "upkeep", SETTLE_SECONDS, 60),
        (forecasts.keep_simulated, HOUSE, SIMULATED_SECONDS, forecasts.SIMULATED_SECONDS),
        (forecasts.live, OUTSIDE, LIVE_SECONDS, forecasts.LIVE_SECONDS),
        (forecasts.sync, OUTSIDE, SYNC_SECONDS, forecasts.SYNC_SECONDS),
        (forecasts.history, OUTSIDE, HISTORY_AT, forecasts.HISTORY_SECONDS),
        (forecasts.documents, OUTSIDE, DOCUMENTS_SECONDS, forecasts.DOCUMENTS_SECONDS),
        (forecasts.predict, HOUSE, PREDICT_SECONDS, forecasts.PREDICT_SECONDS),
        (forecasts.retrain, HOUSE, RETRAIN_AT, forecasts.RETRAIN_SECONDS),
        (notifications.route, notifications.NOTICES, ROUTE_SECONDS, 60),
        (notifications.letters, OUTSIDE, LETTERS_SECONDS, 600),
        (cohorts.tell_due, HOUSE, DUE_SECONDS, 600),
        (notifications.remind, HOUSE, REMIND_SECONDS, 600),
        (activity.tell, notifications.NOTICES, ROUTE_SECONDS, 60),
        (activity.prune, HOUSE, PRUNE_AT, 600),
        (notifications.prune, HOUSE, PRUNE_AT, 600),
        (bot.tidy, HOUSE, TIDY_AT, 600),
        (kaggle.boards, OUTSIDE, kaggle.BOARDS_SECONDS, 60),
        (kaggle.status, OUTSIDE, kaggle.STATUS_SECONDS, 60),
    )
    for job, queue, when, timeout in table:
        often: dict[str, Any] = {"cron": when} if isinstance(when, str) else {"interval": when}
        cron.register(
            job,
            queue_name=queue,
            **often,
            job_timeout=timeout,
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
