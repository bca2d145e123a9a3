"""The app's connection to Redis: queue, board index, pub/sub. Never the truth, so it may be gone."""

from __future__ import annotations

import redis
from flask import Flask, current_app

RedisError = redis.exceptions.RedisError


def init_redis(app: Flask, url: str) -> None:
    # Short time-outs: a page must not wait on a Redis that is away.
    app.extensions["redis"] = redis.Redis.from_url(
        url, socket_connect_timeout=1, socket_timeout=2, health_check_interval=30
    )


def redis_client() -> redis.Redis:
    """The running app's client. Commands raise RedisError when Redis is away."""
    client: redis.Redis = current_app.extensions["redis"]
    return client
