"""Code handed in instead of a file: fitted in the jail, on the rows that everybody may download."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

from mlarena.core.storage import storage
from mlarena.quests.models import Quest
from mlarena.quests.service import upload_bytes
from mlarena.sandbox import Outcome, Sandbox, Table


def fit(quest: Quest, code: str, jail: Sandbox) -> Outcome:
    """Run `code` on the quest's training data; the model is in `artifact`, for the jail only."""
    dataset = quest.dataset
    limits = replace(jail.training_limits, result_bytes=upload_bytes(quest))
    return jail.fit(code, _rows(dataset.train_blob), dataset.target, limits)


def facts(trained: Outcome) -> dict[str, Any]:
    """What the report card says about the training. All of it is the learner's own doing."""
    return {
        "output": trained.output,
        "wall_ms": trained.wall_ms,
        "cpu_ms": trained.cpu_ms,
        "max_rss": trained.max_rss,
    }


@lru_cache(maxsize=16)
def _rows(sha256: str) -> Table:
    return Table(storage().read(sha256))
