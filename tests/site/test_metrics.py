"""/metrics: what Prometheus reads, from any process, and who may."""

from __future__ import annotations

import re
from typing import Any

import pytest
import redis
from prometheus_client.parser import text_string_to_metric_families
from redis.backoff import NoBackoff
from redis.retry import Retry

from mlarena.core.health import beat
from mlarena.core.histograms import SharedHistogram
from mlarena.core.redis import RedisError, redis_client
from mlarena.submissions.models import Submission

TOKEN = "a token that only Prometheus knows"


def figures(answer: Any) -> dict[tuple[str, ...], float]:
    """(name, label values…) → figure."""
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_requests_are_measured_by_endpoint_method_and_status(client: Any) -> None:
    def count(found: dict[tuple[str, ...], float], *labels: str) -> float:
        return found.get(("mlarena_http_request_seconds_count", *labels), 0)

    before = figures(client.get("/metrics"))
    for _ in range(3):
        client.get("/robots.txt")
    client.get("/no/such/page")
    client.open("/robots.txt", method="BREW")
    after = figures(client.get("/metrics"))
    robots = ("site.robots", "GET", "200")
    assert count(after, *robots) - count(before, *robots) == 3
    assert count(after, "none", "GET", "404") - count(before, "none", "GET", "404") == 1
    assert count(after, "none", "other", "405") - count(before, "none", "other", "405") == 1


def test_buckets_are_cumulated_up_to_the_count(client: Any) -> None:
    client.get("/robots.txt")
    text = client.get("/metrics").text
    rows = re.findall(
        r'mlarena_http_request_seconds_bucket\{endpoint="site.robots",le="([^"]+)".*\} (\S+)', text
    )
    counts = [float(count) for _, count in rows]
    assert rows[-1][0] == "+Inf"
    assert counts == sorted(counts)
    assert counts[-1] >= 1


def test_what_another_process_observed_is_told_here(app: Any) -> None:
    # Two objects of one name are what two processes have.
    theirs, ours = (
        SharedHistogram("mlarena_test_seconds", "For this test", ("kind",), (0.1, 1.0))
        for _ in range(2)
    )
    for seconds in (0.05, 0.1, 0.5, 3.0):
        theirs.observe(seconds, "quest")
    theirs.flush(redis_client())
    ours.observe(0.5, "quest")
    told = {(s.name, s.labels.get("le")): s.value for s in ours.collect().samples}
    assert told["mlarena_test_seconds_bucket", "0.1"] == 2  # the bound itself is in
    assert told["mlarena_test_seconds_bucket", "1.0"] == 4
    assert told["mlarena_test_seconds_bucket", "+Inf"] == 5
    assert told["mlarena_test_seconds_sum", None] == pytest.approx(4.15)


def test_counts_wait_while_redis_is_away_and_are_added_once(app: Any) -> None:
    histogram = SharedHistogram("mlarena_waiting_seconds", "For this test", ("kind",), (1.0,))
    histogram.observe(0.5, "quest")
    away = redis.Redis.from_url("redis://127.0.0.1:1/0", retry=Retry(NoBackoff(), 0))
    for _ in range(2):
        with pytest.raises(RedisError):
            histogram.flush(away)
    histogram.observe(0.5, "quest")
    for _ in range(2):
        told = {s.name: s.value for s in histogram.collect().samples}
    assert told["mlarena_waiting_seconds_count"] == 2


def test_an_evaluation_is_counted(
    app: Any, user: Any, bearer: Any, quest: Any, good_model: Any, upload: Any, work: Any
) -> None:
    name = ("mlarena_evaluation_seconds_count", "quest", "scored")
    before = figures(app.test_client().get("/metrics")).get(name, 0)
    assert upload(bearer(user), quest, good_model()).status_code == 202
    waiting = figures(app.test_client().get("/metrics"))
    assert waiting["mlarena_submissions_open", "queued"] == 1
    assert waiting["mlarena_queue_jobs", "evaluations"] == 1
    work()
    after = figures(app.test_client().get("/metrics"))
    assert after[name] - before == 1
    assert after["mlarena_submissions_open", "queued"] == 0
    assert after["mlarena_queue_jobs", "evaluations"] == 0


def test_processes_and_their_sockets(client: Any) -> None:
    none_yet = figures(client.get("/metrics"))
    assert none_yet["mlarena_processes_alive", "worker"] == 0
    assert none_yet[("mlarena_sockets_open",)] == 0
    beat("worker", {})
    beat("web", {"sockets": 12})
    found = figures(client.get("/metrics"))
    assert found["mlarena_processes_alive", "worker"] == 1
    assert found["mlarena_processes_alive", "clock"] == 0
    assert found[("mlarena_sockets_open",)] == 12


def test_only_open_submissions_are_counted_by_their_index(
    app: Any, client: Any, queries: list[str]
) -> None:
    queries.clear()
    client.get("/metrics")
    about = [q for q in queries if Submission.__tablename__ in q]
    assert len(about) == 1
    assert "IN (" in about[0]


def test_redis_away_leaves_the_rest(another_app: Any) -> None:
    away = another_app(redis_url="redis://127.0.0.1:1/0")
    found = figures(away.test_client().get("/metrics"))
    assert found["mlarena_component_up", "redis"] == 0
    assert found["mlarena_component_up", "database"] == 1
    assert found["mlarena_submissions_open", "queued"] == 0


def test_production_is_closed_until_a_token_is_set(another_app: Any) -> None:
    client = another_app(mlarena_env="production").test_client()
    assert client.get("/metrics").status_code == 401
    empty = client.get("/metrics", headers={"Authorization": "Bearer "})
    assert empty.status_code == 401


@pytest.mark.parametrize("env", ["production", "testing"])
def test_a_token_that_is_set_must_be_sent(another_app: Any, env: str) -> None:
    client = another_app(mlarena_env=env, metrics_token=TOKEN).test_client()
    for header in ({}, {"Authorization": f"Basic {TOKEN}"}, {"Authorization": "Bearer wrong ü"}):
        answer = client.get("/metrics", headers=header)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert "mlarena_" not in answer.text
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
