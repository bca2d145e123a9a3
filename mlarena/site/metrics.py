"""GET /metrics: the installation's figures, in Prometheus' text format."""

from __future__ import annotations

import hmac
import os
import time
from collections.abc import Iterator, Mapping

from apiflask import APIBlueprint
from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from rq import Queue
from sqlalchemy import func, select

from mlarena.core.config import settings
from mlarena.core.db import db
from mlarena.core.health import Info, beats, start_heartbeat
from mlarena.core.histograms import SharedHistogram
from mlarena.core.redis import redis_client
from mlarena.live.sockets import connected
from mlarena.site.health import components
from mlarena.submissions import queues
from mlarena.submissions.evaluate import EVALUATION_SECONDS
from mlarena.submissions.models import Submission

blueprint = APIBlueprint("metrics", __name__, enable_openapi=False)

REQUEST_SECONDS = SharedHistogram(
    "mlarena_http_request_seconds",
    "Time from a request's arrival in the app to its answer",
    ("endpoint", "method", "status"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
QUEUES = ("upkeep", *queues.EVERY, queues.RUNS, queues.CHECKS, queues.OUTSIDE, queues.WEBHOOKS)
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def watch_requests(app: Flask) -> None:
    """Measure every request. An address that leads nowhere counts as one endpoint: `none`."""

    @app.before_request
    def start() -> None:
        g.request_began = time.perf_counter()

    @app.after_request
    def stop(response: Response) -> Response:
        if "request_began" in g:
            REQUEST_SECONDS.observe(
                time.perf_counter() - g.request_began,
                request.endpoint or "none",
                request.method if request.method in METHODS else "other",
                str(response.status_code),
            )
        return response


class House:
    """What is read at the moment of a scrape: cheap questions only, by an index or a length.

    A part that is down is told as down, and what it alone knows is left out.
    """

    def collect(self) -> Iterator[Metric]:
        parts = components()
        yield _gauge(
            "mlarena_component_up",
            "Whether a part of the installation works, as /healthz has it",
            "component",
            {name: part["status"] == "ok" for name, part in parts.items()},
        )
        if parts["database"]["status"] == "ok":
            yield _open_submissions()
        if parts["redis"]["status"] == "ok":
            yield from _kept_in_redis()


def _kept_in_redis() -> Iterator[Metric]:
    yield REQUEST_SECONDS.collect()
    yield EVALUATION_SECONDS.collect()
    queues = {name: Queue(name, connection=redis_client()).count for name in QUEUES}
    yield _gauge("mlarena_queue_jobs", "Jobs that wait for a worker", "queue", queues)
    alive: dict[str, list[Info]] = {"web": [], "worker": [], "clock": [], **beats()}
    yield _gauge(
        "mlarena_processes_alive",
        "Processes that gave a sign of life",
        "kind",
        {kind: len(infos) for kind, infos in alive.items()},
    )
    sockets = GaugeMetricFamily("mlarena_sockets_open", "Open sockets of all web processes")
    sockets.add_metric([], sum(info.get("sockets", 0) for info in alive["web"]))
    yield sockets


def _open_submissions() -> Metric:
    """Only the open ones: their partial index stays small, however many were ever judged."""
    counts = {"queued": 0, "running": 0}
    rows = db.session.execute(
        select(Submission.status, func.count())
        .where(Submission.status.in_(counts))
        .group_by(Submission.status)
    )
    counts.update((status, count) for status, count in rows)
    return _gauge(
        "mlarena_submissions_open", "Submissions that wait for their verdict", "status", counts
    )


def _gauge(name: str, documentation: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, documentation, labels=[label])
    for value, figure in values.items():
        family.add_metric([value], figure)
    return family


REGISTRY = CollectorRegistry()
REGISTRY.register(House())


def beat_as_web(app: Flask) -> None:
    """Give this web process's sign of life, with its open sockets. gunicorn.conf.py calls it."""
    start_heartbeat(app, "web", lambda: {"pid": os.getpid(), "sockets": connected(app)})


def may_read() -> bool:
    """Who sends METRICS_TOKEN as bearer; without one set, anybody, but in production nobody."""
    token = settings().metrics_token
    if not token:
        return not settings().production
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(sent.encode(), token.encode())


@blueprint.get("/metrics")
def metrics() -> Response:
    if not may_read():
        said = (
            "Send METRICS_TOKEN as bearer token. Where none is set, production keeps this closed.\n"
        )
        return Response(said, 401, {"WWW-Authenticate": "Bearer"}, mimetype="text/plain")
    return Response(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)
