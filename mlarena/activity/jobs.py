"""What the queue runs for the feed."""

from __future__ import annotations


def tell() -> int:
    from mlarena.activity import service

    return service.tell()


def prune() -> int:
    from mlarena.activity import service

    return service.prune()
