"""What came of a training run: a model's bytes, which nobody outside the jail ever opens, or why not."""

from __future__ import annotations

import dataclasses

from mlarena.sandbox import conclusions
from mlarena.sandbox.evaluation import FLOOD, Raw
from mlarena.sandbox.limits import MEGABYTE, Limits
from mlarena.sandbox.outcome import Outcome, OutcomeError

LIMITS = Limits(memory_mb=2048, wall_seconds=60.0, result_bytes=50 * MEGABYTE)

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


def of_training(raw: Raw, limits: Limits) -> Outcome:
    """The outcome of a training run: the pickled model in `artifact`, or why there is none."""
    if raw.status == "ok" and raw.final and raw.final[0] == b"MODL":
        return dataclasses.replace(conclusions.measured(raw), artifact=raw.final[1])
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
    error = OutcomeError(outcome.error.category, message, outcome.error.detail)
    return dataclasses.replace(outcome, error=error)
