"""A learner's `features(X)` and the model trained on what it returns, as one model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

ASKED = ("predict", "predict_proba", "fit_predict")


class Features:
    """The learner's own function, as the first step of the model; its name is what pages show."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function = function

    def __call__(self, X: Any) -> Any:
        return self.function(X)


class Prepared:
    """Answers as `model` does, after `features`. It has the methods that the model has."""

    def __init__(self, features: Callable[[Any], Any], model: Any) -> None:
        self.features, self.model = Features(features), model

    @property
    def steps(self) -> list[tuple[str, Any]]:
        """As a Pipeline's: the learner's function first, then the model's own."""
        inner = getattr(self.model, "steps", None)
        rest = inner if isinstance(inner, list) and inner else [("model", self.model)]
        return [("features", self.features), *rest]

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import get_tags

        return get_tags(self.model)

    def __getattr__(self, name: str) -> Any:
        if name == "classes_":
            return self.model.classes_
        if name not in ASKED:
            raise AttributeError(name)
        ask = getattr(self.model, name)
        return lambda X: ask(self.features(X))
