"""What comes out of an evaluation, in words for the person who meets it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class OutcomeError:
    """Why there is no result.

    category: a short name to branch on; message: a sentence for the learner; detail: a traceback
    of the learner's own code on the sample rows, or empty. Never anything from the hidden run.
    line: where in the learner's code it happened, if it is known.
    """

    category: str
    message: str
    detail: str = ""
    line: int | None = None


@dataclass(frozen=True)
class Outcome:
    """The result of one evaluation.

    status: ok, error (the learner's own), timeout, cpu_limit, memory, violation, crashed,
        no_result, bad_frame, output_flood, result_too_big, cancelled (by who follows it), or
        zygote_died (ours: try again).
    predictions: (rows,) of float64, int64, bool or str; (rows, classes) float64 for
        probabilities. None unless status is ok.
    seen: the answers for the sample rows, in the form of `predictions`.
    probabilities: of a classifier that was asked for labels, (rows, classes) float64 where it has
        them and they were asked for.
    classes: the label of each probability column, of either.
    about: what the sample run told: estimator, estimator_type, parts (its classes, from the first
        step to the last, those inside others included), warnings.
    value: the result of a code run.
    artifact: the pickled model of a training run. A stranger's pickle: only the jail may open it.
    output: what was printed while on sample inputs, cut to the limit.
    wall_ms, cpu_ms, max_rss (bytes): measured outside the jail.
    """

    status: str
    predictions: np.ndarray | None = None
    seen: np.ndarray | None = None
    probabilities: np.ndarray | None = None
    classes: list[Any] | None = None
    about: dict[str, Any] = field(default_factory=dict)
    value: Any = None
    artifact: bytes | None = None
    output: str = ""
    error: OutcomeError | None = None
    wall_ms: float = 0.0
    cpu_ms: float = 0.0
    max_rss: int = 0

    @property
    def ok(self) -> bool:
        return self.status == "ok"

    @property
    def ours(self) -> bool:
        """The fault is the platform's, not the learner's: worth another attempt."""
        return self.status == "zygote_died"


# Sentences for ends that the trusted side sees by itself, and for failures in the hidden run,
# where nothing the child says may reach the learner.
MESSAGES = {
    "timeout": "It took longer than {wall:g} seconds. A smaller model (fewer or shallower trees, "
    "fewer neighbours to compare) answers faster.",
    "cpu_limit": "It used more than its {cpu:g} seconds of processor time. A smaller model "
    "answers faster.",
    "memory": "It needed more memory than the {memory} MB it may use. Try a smaller model, "
    "or fewer columns made inside the pipeline.",
    "violation": "It tried something that has no place in a submission, such as starting a program "
    "or reaching into the system, and was stopped.",
    "crashed": "The process evaluating it crashed. Save the model again with the library versions "
    "listed on the quest's page and upload it once more.",
    "no_result": "It ended without giving a result. A model must not call exit() or os._exit().",
    "bad_frame": "What it gave back is not a valid result.",
    "output_flood": "It printed far too much. Remove the print calls.",
    "result_too_big": "What it gave back is too big for the rows it was asked about.",
    "cancelled": "It was cancelled.",
    "zygote_died": "The judge stopped in the middle of it; this is not your fault. "
    "It is being tried again.",
    "wrong_length": "The model must give exactly one prediction per row, {rows} in all.",
    "wrong_shape": "The model's answer has the wrong shape: one value per row is needed, or one "
    "column of probabilities per class.",
    "wrong_type": "Predictions must be numbers, or text of at most 64 characters.",
    "not_finite": "Some predictions are NaN or infinite. Check for missing values and for "
    "divisions by zero inside your pipeline.",
    "predict_failed": "Your model answered the sample rows, but failed on the test rows. Test rows "
    "can hold what the sample doesn't: missing values, or categories not seen in training "
    "(OneHotEncoder(handle_unknown='ignore') helps).",
    "code_failed": "The code stopped with an error.",
}


def message_for(category: str, **values: Any) -> str:
    """The sentence of `category`; an unknown one gets the general sentence."""
    return MESSAGES.get(category, MESSAGES["crashed"]).format(**values)
