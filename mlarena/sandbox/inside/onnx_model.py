"""An ONNX graph with the manners of a scikit-learn model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlarena.sandbox.inside.channel import Failure

if TYPE_CHECKING:
    import pandas as pd

_TYPES: dict[str, Any] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
    "tensor(string)": object,
}


class OnnxModel:
    """Takes one matrix of all columns, or one input per column; knows ZipMap's lists of dicts."""

    def __init__(self, data: bytes) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        self._session = onnxruntime.InferenceSession(
            data, options, providers=["CPUExecutionProvider"]
        )
        self._inputs = self._session.get_inputs()
        self._outputs = self._session.get_outputs()
        self.classes_: list[Any] | None = None

    @property
    def estimator_type(self) -> str:
        first = self._outputs[0].type if self._outputs else ""
        discrete = first in ("tensor(int64)", "tensor(string)", "tensor(bool)", "tensor(int32)")
        return "classifier" if discrete or len(self._outputs) > 1 else "regressor"

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        """The first output: labels of a classifier, values of a regressor."""
        answer = np.asarray(self._run(frame, [self._outputs[0].name])[0])
        return answer.ravel() if answer.ndim == 2 and answer.shape[1] == 1 else answer

    def predict_proba(self, frame: pd.DataFrame) -> np.ndarray:
        """The output that holds probabilities, as a matrix; sets `classes_` when it names them."""
        wanted = [out.name for out in self._outputs if "prob" in out.name.lower()]
        name = wanted[0] if wanted else self._outputs[-1].name
        answer = self._run(frame, [name])[0]
        if isinstance(answer, list) and answer and isinstance(answer[0], dict):
            self.classes_ = list(answer[0])
            return np.array([[row[label] for label in self.classes_] for row in answer])
        return np.asarray(answer)

    def _run(self, frame: pd.DataFrame, outputs: list[str]) -> list[Any]:
        return list(self._session.run(outputs, self._feed(frame)))

    def _feed(self, frame: pd.DataFrame) -> dict[str, np.ndarray]:
        if len(self._inputs) == 1:
            return {self._inputs[0].name: self._matrix(frame)}
        return self._columns(frame)

    def _matrix(self, frame: pd.DataFrame) -> np.ndarray:
        only = self._inputs[0]
        width = only.shape[1] if len(only.shape) == 2 else None
        if isinstance(width, int) and width != frame.shape[1]:
            raise _wrong_width(width, frame)
        text = [str(name) for name in frame.columns if frame[name].dtype.kind not in "biuf"]
        kind = _TYPES.get(only.type, np.float32)
        if text and kind is not object:
            raise Failure(
                "wrong_features",
                f"Your ONNX model takes one matrix of numbers, but `{text[0]}` is text. Export it "
                "with one input per column: initial_types=[(name, type), ...].",
            )
        return np.ascontiguousarray(frame.to_numpy(dtype=kind))

    def _columns(self, frame: pd.DataFrame) -> dict[str, np.ndarray]:
        missing = [each.name for each in self._inputs if each.name not in frame.columns]
        if missing:
            raise Failure(
                "wrong_features",
                f"Your ONNX model asks for `{missing[0]}`, which is no column of the test data. "
                "Train on the columns of the download.",
            )
        return {
            each.name: frame[each.name].to_numpy(_TYPES.get(each.type, np.float32))[:, None]
            for each in self._inputs
        }


def _wrong_width(width: int, frame: pd.DataFrame) -> Failure:
    return Failure(
        "wrong_features",
        f"Your model expects {width} columns, the test data has {frame.shape[1]}. "
        "Train on the columns of the download.",
    )
