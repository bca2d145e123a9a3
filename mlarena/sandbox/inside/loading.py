"""From the bytes of an artifact to an object with predict, whatever was uploaded."""

from __future__ import annotations

import lzma
import pickle
import warnings
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import Any

from mlarena.sandbox.inside import complaints
from mlarena.sandbox.inside.channel import Failure

# Broken data, as the decoders and the unpickler say it.
BROKEN = (EOFError, pickle.UnpicklingError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)


@dataclass
class Loaded:
    """A model, and what was noticed while loading it."""

    model: Any
    made_with: str | None = None  # another scikit-learn version, when it names one
    warnings: list[str] = field(default_factory=list)


def load(data: bytes, form: str) -> Loaded:
    """The model in `data`, a file of format joblib, pkl, skops or onnx. Raises Failure."""
    _look(data, form)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model = _READERS[form](data)
        except (Failure, MemoryError):
            raise
        except RecursionError as error:
            raise Failure("load_failed", "The file is nested too deeply to be a model.") from error
        except Exception as error:
            raise _unreadable(error, data, form, _other_version(caught)) from error
    if isinstance(model, type):
        raise Failure(
            "not_a_model",
            f"The file holds the class `{model.__name__}` itself. Save a fitted model of it.",
        )
    if not any(hasattr(model, name) for name in ("predict", "fit_predict")):
        raise Failure(
            "not_a_model",
            f"The file holds a `{type(model).__name__}`, which has no predict method. "
            "Save the fitted model itself, or the Pipeline around it.",
        )
    made_with = _other_version(caught)
    return Loaded(model, made_with, _notes(made_with))


def _other_version(caught: list[warnings.WarningMessage]) -> str | None:
    for warning in caught:
        version = getattr(warning.message, "original_sklearn_version", None)
        if isinstance(version, str) and version != complaints.sklearn_version():
            return version[:20]
    return None


def _notes(made_with: str | None) -> list[str]:
    if not made_with:
        return []
    return [
        f"The model was saved with scikit-learn {made_with}; {complaints.sklearn_version()} runs "
        "here. Results may differ: better to train and save with that version."
    ]


def _look(data: bytes, form: str) -> None:
    """Refuse at first sight what is no model, and say what it is instead."""
    if not data:
        raise Failure("not_a_model", "The file is empty (0 bytes). Save the model and try again.")
    start = data[:512].lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        raise Failure(
            "not_a_model",
            "This is a web page, not a model: perhaps a link was saved instead of the file.",
        )
    zipped = data.startswith(b"PK\x03\x04")
    if form == "skops" and not zipped:
        raise Failure(
            "not_a_model", f"This is not a .skops file: it is {_kind(data)}. {_how(form)}"
        )
    if form != "skops" and zipped:
        raise Failure(
            "not_a_model",
            f"This is a zip archive, not a .{form} file. A model saved with skops needs the "
            "ending .skops.",
        )
    if form == "onnx" and data[:1] == b"\x80":
        raise Failure("not_a_model", "This is a pickle, not an ONNX file. Upload it as .pkl.")


def _kind(data: bytes) -> str:
    if data[:1] == b"\x80":
        return "a pickle"
    if data.startswith(b"PK\x03\x04"):
        return "a zip archive"
    sample = data[:1024]
    if data.startswith((b"\x1f\x8b", b"BZh")):
        return "compressed data"
    if sum(32 <= byte < 127 or byte in (9, 10, 13) for byte in sample) > 0.95 * len(sample):
        return "text"
    return "something else"


def _how(form: str) -> str:
    return {
        "joblib": "Save the fitted model with joblib.dump(model, 'model.joblib').",
        "pkl": "Save the fitted model with pickle.dump(model, file).",
        "skops": "Save the fitted model with skops.io.dump(model, 'model.skops').",
        "onnx": "Export the fitted model with skl2onnx.to_onnx(model, X[:1]).",
    }[form]


def _unreadable(error: Exception, data: bytes, form: str, made_with: str | None) -> Failure:
    if _kind(data) == "text" and isinstance(error, (*BROKEN, ValueError, KeyError, IndexError)):
        return Failure("not_a_model", f"This is a text file, not a model. {_how(form)}")
    message = str(error)
    if _is_cut(error, message):
        return Failure(
            "truncated",
            f"The file ends in the middle ({len(data):,} bytes): it was cut while saving or "
            "uploading. Save it again and check its size.",
        )
    if isinstance(error, BROKEN) or (form == "onnx" and any(word in message for word in _NO_GRAPH)):
        return Failure("not_a_model", f"This is not a readable .{form} file. {_how(form)}")
    return complaints.loading(error, data, made_with)


def _is_cut(error: Exception, message: str) -> bool:
    """Whether the data ends early: a zip archive has its table of contents at the end."""
    words = ("truncated", "Ran out of data", "End-of-stream", "incomplete")
    return isinstance(error, (EOFError, zipfile.BadZipFile)) or any(
        word in message for word in words
    )


# How onnxruntime says that the bytes are no graph, or not all of one.
_NO_GRAPH = ("Protobuf", "INVALID_PROTOBUF", "does not have a graph", "ModelProto")


def _read_joblib(data: bytes) -> Any:
    from mlarena.sandbox.inside import joblib_stream

    return joblib_stream.load(data)


def _read_skops(data: bytes) -> Any:
    import skops.io

    # The jail is the boundary, so every type in the file may be trusted here.
    return skops.io.loads(data, trusted=skops.io.get_untrusted_types(data=data))


def _read_onnx(data: bytes) -> Any:
    from mlarena.sandbox.inside.onnx_model import OnnxModel

    return OnnxModel(data)


_READERS = {
    "joblib": _read_joblib,
    "pkl": _read_joblib,  # learners save either kind under either name
    "skops": _read_skops,
    "onnx": _read_onnx,
}
