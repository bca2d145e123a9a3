"""What a model is made of: the steps of pipelines, and what stands inside other estimators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

MOST = 40
DEEPEST = 8
# Where scikit-learn keeps the fitted parts of a part, in the order in which rows walk through them.
_LISTS = ("transformers_", "transformer_list", "steps")
_INNER = ("best_estimator_", "regressor_", "estimator_", "estimator")
# Of scikit-learn's own, these answer by lot.
_BY_LOT = ("DummyClassifier",)


def names(model: Any) -> list[str]:
    """The classes of the parts, from the first step to the last."""
    return [type(part).__name__ for part in _listed(model)]


def all_ours(model: Any) -> bool:
    """Whether every part is scikit-learn's and answers the same rows always alike."""
    return all(
        type(part).__module__.startswith("sklearn.")
        and type(part).__name__ not in (*_BY_LOT, "FunctionTransformer")
        for part in _listed(model)
    )


def last(model: Any) -> Any:
    """The estimator that has the last word in `model`'s predict."""
    for _ in range(DEEPEST):
        steps = getattr(model, "steps", None)
        if isinstance(steps, list) and steps:
            model = steps[-1][-1]
        elif hasattr(model, "best_estimator_"):
            model = model.best_estimator_
        else:
            break
    return model


def _listed(model: Any) -> list[Any]:
    """The parts; only the model itself where looking inside fails."""
    try:
        return [part for part, _ in zip(_walk(model, DEEPEST), range(MOST), strict=False)]
    except Exception:  # a learner's own class may answer anything at all
        return [model]


def _walk(part: Any, deeper: int) -> Iterator[Any]:
    if isinstance(part, str) or part is None or not deeper:
        return  # "passthrough" and "drop"
    for name in _LISTS:
        within = getattr(part, name, None)
        if isinstance(within, list) and within:
            for step in within:
                # (name, transformer) or (name, transformer, columns)
                yield from _walk(step[1], deeper - 1)
            if name != "steps":
                yield part
            return
    for name in _INNER:
        within = getattr(part, name, None)
        if within is not None and hasattr(within, "get_params"):
            yield from _walk(within, deeper - 1)
            break
    yield part
