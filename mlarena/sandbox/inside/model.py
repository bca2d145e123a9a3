"""Kind `model`: an artifact answers for sample rows, and then for the hidden ones.

The same zygote fits models from a learner's code: see training.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlarena.sandbox import table
from mlarena.sandbox.inside import answers, complaints, loading, training, warmup
from mlarena.sandbox.inside.channel import Channel, Failure

if TYPE_CHECKING:
    import pandas as pd

ARTIFACT, SAMPLE, HIDDEN = 0, 1, 2
LONGEST_NAME = 200

rehearse = warmup.rehearse


def prepare() -> None:
    warmup.prepare()
    training.prepare()


def run(request: dict[str, Any], channel: Channel) -> None:
    """Load, answer for the sample, tell what was found, answer for the hidden rows."""
    if request.get("train"):
        training.run(request, channel)
        return
    method = request["method"]
    try:
        try:
            loaded = loading.load(channel.read(ARTIFACT), request["format"])
            note = _sample_phase(loaded, table.decode(channel.read(SAMPLE)), method)
        except MemoryError:
            raise Failure("memory", "") from None
        channel.end_sample_phase(note)
        channel.succeed(b"PRED", _hidden_phase(loaded.model, channel, method))
    except Failure as failure:
        channel.fail(failure)


def _sample_phase(loaded: loading.Loaded, sample: pd.DataFrame, method: str) -> dict[str, Any]:
    model = loaded.model
    try:
        first = answers.ask(model, sample, method)
        if not answers.is_refit(model, method) and not answers.same(
            first, answers.ask(model, sample, method)
        ):
            loaded.warnings.append(
                "Asked twice about the same rows, the model gave different answers. Set "
                "random_state, or the score is partly luck."
            )
        classes = answers.class_labels(model, first.shape[1]) if first.ndim == 2 else None
    except (Failure, MemoryError):
        raise
    except Exception as error:
        raise complaints.predicting(error, model, sample, loaded.made_with) from error
    return {"about": _about(loaded), "classes": classes}


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
