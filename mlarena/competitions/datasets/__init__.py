"""Competitions that the project makes itself: data, answers and baselines, all drawn from a secret.

What is generated from the installation's own secret cannot be read off the source: the answers of a shipped
competition are as hidden as those of one's own. pandas is imported where a table is made, never before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module


@dataclass(frozen=True)
class Made:
    """Files by their names, all CSV: `files` are public with a note each, `answers` and `baselines` not."""

    files: dict[str, tuple[bytes, str]]
    answers: bytes
    baselines: dict[str, bytes] = field(default_factory=dict)
    sample: bytes | None = None


def _maker(module: str) -> Callable[[bytes], Made]:
    def make(secret: bytes) -> Made:
        made: Made = import_module(f"mlarena.competitions.datasets.{module}").make(secret)
        return made

    return make


SOURCES: dict[str, Callable[[bytes], Made]] = {"bike-rides": _maker("bike_rides")}
