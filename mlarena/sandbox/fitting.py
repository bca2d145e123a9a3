"""What came of a training run: a model's bytes, which nobody outside the jail ever opens, or why not;
of a cross-validation, the predictions of each fold."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mlarena.sandbox import conclusions, frames
from mlarena.sandbox.evaluation import FLOOD, Raw
from mlarena.sandbox.limits import MEGABYTE, Limits
from mlarena.sandbox.outcome import Outcome

if TYPE_CHECKING:
    import numpy as np

# A training steps back behind what somebody waits for at this moment: the verdicts on uploads.
NICE = 10
LIMITS = Limits(memory_mb=2048, wall_seconds=60.0, result_bytes=50 * MEGABYTE, nice=NICE)

# Ends that the trusted side sees by itself, in words for somebody whose code is training.
MESSAGES = {
    "timeout": "Training took longer than {wall:g} seconds. Try fewer trees or rounds, a smaller "
    "search, or a part of the rows (X.sample).",
    "cpu_limit": "Training used more than its {cpu:g} seconds of processor time. Try fewer trees "
    "or rounds, a smaller search, or a part of the rows (X.sample).",
    "memory": "Training needed more memory than the {memory} MB it may use. Make fewer columns, "
    "or use a part of the rows (X.sample).",
    "violation": "Your code tried something that has no place in training, such as starting a "
    "program or reaching into the system, and was stopped.",
    "crashed": "The process your code ran in crashed.",
    "no_result": "Your code ended the process without giving a model. It must not call os._exit().",
    "bad_frame": "What your code gave back is not a model.",
    "output_flood": "Your code printed more than {flood:g} MB and was stopped. Print less.",
    "result_too_big": "The fitted model is larger than {result:g} MB. Use fewer or shallower "
    "trees, and keep no copy of the training rows in it.",
}


@dataclasses.dataclass(frozen=True)
class Fold:
    """What the model fitted on the other rows answered for the rows of fold `number`.

    wall_ms: from the fold before (the beginning, for the first) until this one, measured outside.
    """

    number: int
    predictions: np.ndarray
    classes: list[Any] | None
    wall_ms: float


class Folds:
    """Takes the folds of one cross-validation, in their order, and hands each on to `told`."""

    def __init__(self, rows: list[int], proba: bool, told: Callable[[Fold], None]) -> None:
        self._rows, self._proba, self._told = rows, proba, told
        self._taken, self._since = 0, time.monotonic()

    def take(self, payload: bytes) -> None:
        """Raises BadFrame."""
        if self._taken == len(self._rows):
            raise frames.BadFrame("more folds than asked for")
        now = time.monotonic()
        predictions, classes = frames.read_fold(payload, self._rows[self._taken], self._proba)
        self._told(Fold(self._taken, predictions, classes, (now - self._since) * 1e3))
        self._taken, self._since = self._taken + 1, now

    def complete(self) -> bool:
        return self._taken == len(self._rows)


def of_folds(raw: Raw, limits: Limits, folds: Folds) -> Outcome:
    """The outcome of a cross-validation: ok when every fold was told, or why not."""
    if raw.status == "ok" and raw.final and raw.final[0] == b"JSON" and folds.complete():
        return conclusions.measured(raw)
    return _failed(raw, limits)


def of_training(raw: Raw, limits: Limits) -> Outcome:
    """The outcome of a training run: the pickled model in `artifact`, or why there is none."""
    if raw.status == "ok" and raw.final and raw.final[0] == b"MODL":
        return dataclasses.replace(conclusions.measured(raw), artifact=raw.final[1])
    return _failed(raw, limits)


def _failed(raw: Raw, limits: Limits) -> Outcome:
    outcome = conclusions.failed(conclusions.measured(raw), raw, limits)
    words = MESSAGES.get(outcome.status)
    if outcome.error is None or words is None:
        return outcome
    message = words.format(
        wall=limits.wall_seconds,
        cpu=limits.cpu(),
        memory=limits.memory_mb,
        flood=FLOOD * limits.output_bytes / MEGABYTE,
        result=limits.result_bytes / MEGABYTE,
    )
    return dataclasses.replace(outcome, error=dataclasses.replace(outcome.error, message=message))
