"""Kind `model`: an artifact answers for sample rows, and then for the hidden ones.

The same zygote fits models from a learner's code: see training.py.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from mlarena.sandbox import table
from mlarena.sandbox.inside import (
    answers,
    complaints,
    listening,
    loading,
    parts,
    training,
    warmup,
)
from mlarena.sandbox.inside.channel import Channel, Failure

if TYPE_CHECKING:
    import pandas as pd

ARTIFACT, SAMPLE, HIDDEN = 0, 1, 2
# A model that takes longer (seconds) is asked twice only if it has parts that may answer as they like.
CHEAP = 0.004
AGAIN = 50
LONGEST_NAME = 200

rehearse = warmup.rehearse


def prepare() -> None:
    warmup.prepare()
    training.prepare()


def run(request: dict[str, Any], channel: Channel) -> None:
    """Load, answer for the sample, tell what was found, answer for the hidden rows.

    request: `format` of the artifact, `method`, and whether `probabilities` are wanted besides.
    """
    if request.get("train"):
        training.run(request, channel)
        return
    complaints.shorten_warnings()
    method = request["method"]
    try:
        try:
            loaded = loading.load(channel.read(ARTIFACT), request["format"])
            sample = table.decode(channel.read(SAMPLE))
            seen, note = _sample_phase(loaded, sample, method)
            channel.tell(b"SEEN", answers.npy(seen))
        except MemoryError:
            raise Failure("memory", "") from None
        channel.end_sample_phase(note)
        wanted = request["probabilities"] and note["about"]["estimator_type"] == "classifier"
        behind = listening.listen(loaded.model) if wanted else None
        channel.succeed(b"PRED", _hidden_phase(loaded.model, channel, method), behind)
    except Failure as failure:
        channel.fail(failure)


def _sample_phase(
    loaded: loading.Loaded, sample: pd.DataFrame, method: str
) -> tuple[np.ndarray, dict[str, Any]]:
    """The answers for the sample, and what there is to tell of the model."""
    model = loaded.model
    try:
        started = time.perf_counter()
        first = answers.ask(model, sample, method)
        took = time.perf_counter() - started
        if not answers.is_refit(model, method) and (took < CHEAP or not parts.all_ours(model)):
            loaded.warnings += _asked_again(model, sample, method, first)
        classes = answers.class_labels(model, first.shape[1]) if first.ndim == 2 else None
    except (Failure, MemoryError):
        raise
    except Exception as error:
        raise complaints.predicting(error, model, sample, loaded.made_with) from error
    return first, {"about": _about(loaded), "classes": classes}


def _asked_again(model: Any, sample: pd.DataFrame, method: str, first: np.ndarray) -> list[str]:
    """What is odd about a model that answers for some of the same rows otherwise than before."""
    some = sample.head(AGAIN)
    second = answers.ask(model, some, method)
    if answers.same(first[:AGAIN], second):
        return []
    if answers.same(answers.ask(model, some, method), second):
        return [
            "The model's answer for a row depends on which other rows are asked about with it. "
            "Compute means and scales in fit(), not in predict()."
        ]
    return [
        "Asked twice about the same rows, the model gave different answers. Set random_state, or "
        "the score is partly luck."
    ]


def _hidden_phase(model: Any, channel: Channel, method: str) -> bytes:
    """The answers for the hidden rows. Of a failure only the category will be believed."""
    try:
        return answers.npy(answers.ask(model, table.decode(channel.read(HIDDEN)), method))
    except Failure:
        raise
    except MemoryError:
        raise Failure("memory", "") from None
    except Exception:
        raise Failure("predict_failed", "") from None


def _about(loaded: loading.Loaded) -> dict[str, Any]:
    return {
        "estimator": _name(loaded.model)[:LONGEST_NAME],
        "parts": parts.names(loaded.model),
        "estimator_type": _estimator_type(loaded.model),
        "warnings": loaded.warnings,
    }


def _name(model: Any) -> str:
    steps = getattr(model, "steps", None)
    if isinstance(steps, list) and steps:
        return " → ".join(type(step[-1]).__name__ for step in steps)
    return type(model).__name__


def _estimator_type(model: Any) -> str:
    """classifier, regressor, clusterer, outlier_detector, density_estimator; empty if unknown."""
    from sklearn.utils import get_tags

    known = getattr(model, "estimator_type", None)
    if isinstance(known, str):
        return known
    try:
        return str(get_tags(model).estimator_type or "")
    except Exception:  # an object that is no scikit-learn estimator may answer anything at all
        return ""
