"""Histograms that all processes fill together and any of them can tell, held in Redis.

prometheus_client keeps its numbers inside one process, and in its multiprocess mode in files of one
machine. Here evaluations happen in workers and requests in several web processes, perhaps on machines
that share no disk. So each process counts in memory and adds what is new to one hash in Redis every
other second; a scrape of any web process reads them all. Redis wiped is a counter that starts at zero,
which Prometheus knows how to read.
"""

from __future__ import annotations

import json
import threading
from bisect import bisect_left
from collections import defaultdict
from typing import cast

import redis
import structlog
from prometheus_client.core import HistogramMetricFamily

from mlarena.core.redis import RedisError, redis_client

log = structlog.get_logger(__name__)

FLUSH_SECONDS = 2.0
SUM = -1  # in place of a bucket's number: the sum of what was observed

# (values of the labels, number of the bucket or SUM)
Cell = tuple[tuple[str, ...], int]


class SharedHistogram:
    """A Prometheus histogram of seconds. `buckets` are upper bounds, ascending, without +Inf."""

    def __init__(
        self, name: str, documentation: str, labels: tuple[str, ...], buckets: tuple[float, ...]
    ) -> None:
        self.name, self.documentation = name, documentation
        self.labels, self.buckets = labels, buckets
        self._new: defaultdict[Cell, float] = defaultdict(float)
        self._lock = threading.Lock()
        self._flushing = False

    @property
    def _key(self) -> str:
        return f"mlarena:histogram:{self.name}"

    def observe(self, seconds: float, *labels: str) -> None:
        """Count one observation; inside an app context. Never waits and never fails for Redis."""
        with self._lock:
            self._new[labels, bisect_left(self.buckets, seconds)] += 1
            self._new[labels, SUM] += seconds
            start, self._flushing = not self._flushing, True
        if start:
            client = redis_client()
            threading.Thread(
                target=self._flush_forever, args=(client,), name=f"flush {self.name}", daemon=True
            ).start()

    def flush(self, client: redis.Redis) -> None:
        """Add what is new to what Redis holds. Raises RedisError, and then keeps it for next time."""
        with self._lock:
            new, self._new = self._new, defaultdict(float)
        if not new:
            return
        try:
            with client.pipeline(transaction=True) as pipe:
                for (labels, bucket), amount in new.items():
                    pipe.hincrbyfloat(self._key, json.dumps([*labels, bucket]), amount)
                pipe.execute()
        except RedisError:
            with self._lock:
                for cell, amount in new.items():
                    self._new[cell] += amount
            raise

    def _flush_forever(self, client: redis.Redis) -> None:
        pause = threading.Event()
        while True:
            pause.wait(FLUSH_SECONDS)
            try:
                self.flush(client)
            except RedisError as error:
                log.debug("counts wait for Redis", histogram=self.name, error=str(error))

    def collect(self) -> HistogramMetricFamily:
        """What all processes have observed, as Prometheus wants it. Raises RedisError."""
        client = redis_client()
        self.flush(client)
        held = cast("dict[bytes, bytes]", client.hgetall(self._key))
        counts: dict[tuple[str, ...], dict[int, float]] = {}
        for field, amount in held.items():
            *labels, bucket = json.loads(field)
            counts.setdefault(tuple(labels), {})[bucket] = float(amount)
        family = HistogramMetricFamily(self.name, self.documentation, labels=self.labels)
        for values, cells in sorted(counts.items()):
            family.add_metric(values, self._cumulated(cells), cells.get(SUM, 0))
        return family

    def _cumulated(self, cells: dict[int, float]) -> list[tuple[str, float]]:
        """Each bucket holds all below it too: [(upper bound, observations up to it)]."""
        rows: list[tuple[str, float]] = []
        so_far = 0.0
        for number, bound in enumerate((*self.buckets, float("inf"))):
            so_far += cells.get(number, 0)
            rows.append(("+Inf" if bound == float("inf") else str(float(bound)), so_far))
        return rows
