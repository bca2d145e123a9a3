"""What went wrong with a model, in the words of somebody who wants it to work."""

from __future__ import annotations

import errno
import re
import traceback
import warnings
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlarena.sandbox.inside.channel import Failure

if TYPE_CHECKING:
    import pandas as pd

LIBRARIES = ("scikit-learn", "numpy", "pandas", "scipy", "joblib", "skops", "onnxruntime")
# Where the pieces of these libraries live: a piece that is missing means another version.
OUR_MODULES = {"sklearn": "scikit-learn", "numpy": "numpy", "pandas": "pandas", "scipy": "scipy"}
MOST_NAMES = 8
_HERE = str(Path(__file__).parent.parent)
_VERSION = re.compile(rb"_sklearn_version.{1,8}?(\d+\.\d+(?:\.\d+)?[a-z0-9.]{0,8})", re.DOTALL)
_MAIN = re.compile(r"attribute '([^']+)' on <module '__main__'")
_LOST = re.compile(r"attribute '([^']+)' on <module '([^']+)'")
_versions: dict[str, str] = {}


def remember_versions() -> None:
    """Read the versions while files can still be opened."""
    for library in LIBRARIES:
        try:
            _versions[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            continue


def sklearn_version() -> str:
    return _versions["scikit-learn"]


def installed() -> str:
    return ", ".join(f"{name} {version}" for name, version in _versions.items())


def loading(error: BaseException, data: bytes, made_with: str | None) -> Failure:
    """Why an artifact could not be loaded. `made_with` is the scikit-learn version it names."""
    made_with = made_with or version_inside(data)
    if isinstance(error, ModuleNotFoundError) and error.name:
        return _missing_module(error.name, made_with)
    found = _MAIN.search(str(error))
    if found:
        return own_class(found[1])
    if isinstance(error, PermissionError) and error.errno in (errno.EPERM, errno.EACCES):
        return Failure(
            "blocked",
            "While loading, it tried to open a file, start a program or use the network. "
            "A model may only compute.",
            trace(error),
        )
    if made_with and made_with != sklearn_version():
        return other_version(made_with, error)
    lost = _LOST.search(str(error))
    if isinstance(error, (AttributeError, ImportError)) and lost:
        return Failure(
            "other_version",
            f"It needs `{lost[1]}` from `{lost[2]}`, which the version installed here does not "
            f"have. Save the model with these versions: {installed()}.",
            trace(error),
        )
    return Failure(
        "load_failed",
        f"The model could not be loaded: {type(error).__name__}: {error}",
        trace(error),
    )


def own_class(name: str) -> Failure:
    return Failure(
        "main_class",
        f"The file needs your own `{name}` from `__main__` (the script or notebook you saved it "
        "from), which is not stored in the file. Build the model from scikit-learn's own pieces "
        "in one Pipeline (ColumnTransformer, FunctionTransformer with a numpy function), or "
        "export it with skl2onnx and upload the .onnx file; save with skops.io.dump to see "
        "early which pieces are your own.",
    )


def _missing_module(name: str, made_with: str | None) -> Failure:
    root = name.partition(".")[0]
    if root in OUR_MODULES:
        if made_with and made_with != sklearn_version():
            return other_version(made_with, None)
        library = OUR_MODULES[root]
        return Failure(
            "other_version",
            f"It needs `{name}`, which {library} {_versions.get(library, '')} does not have. "
            f"Save the model with these versions: {installed()}.",
        )
    return Failure(
        "missing_library",
        f"The model needs the library `{root}`, which is not available here. "
        f"Available: {installed()}. A model of another library can often be uploaded as .onnx.",
    )


def other_version(made_with: str, error: BaseException | None) -> Failure:
    return Failure(
        "other_version",
        f"The model was saved with scikit-learn {made_with}; {sklearn_version()} runs here and "
        "cannot use it. Install that version "
        f"(pip install scikit-learn=={sklearn_version()}), train and save again.",
        trace(error) if error else "",
    )


def version_inside(data: bytes) -> str | None:
    """The scikit-learn version an uncompressed pickle names, if any."""
    found = _VERSION.search(data)
    return found[1].decode().rstrip(".") if found else None


def predicting(
    error: BaseException, model: Any, frame: pd.DataFrame, made_with: str | None
) -> Failure:
    """Why `model` could not answer for the sample rows."""
    columns = _about_columns(model, [str(name) for name in frame.columns])
    if columns:
        return Failure("wrong_features", columns, trace(error))
    if made_with:
        return other_version(made_with, error)
    if type(error).__name__ == "NotFittedError":
        return Failure("not_fitted", "The model is not fitted: call fit() before you save it.")
    if isinstance(error, PermissionError):
        return Failure(
            "blocked",
            "While predicting, it tried to open a file, start a program or use the network. "
            "A model may only compute.",
            trace(error),
        )
    return Failure(
        "predict_failed",
        f"Your model failed on the sample rows: {type(error).__name__}: {error}",
        trace(error),
    )


def _about_columns(model: Any, given: list[str]) -> str | None:
    """The sentence about wrong columns, when they are what is wrong."""
    expected = _expected_names(model)
    if expected is None:
        count = getattr(model, "n_features_in_", None)
        if not isinstance(count, int) or count == len(given):
            return None
        return (
            f"Your model expects {_columns(count)}, the test data has {len(given)}: "
            f"{_names(given)}. Train on the columns of the download."
        )
    if expected == given:
        return None
    missing = [name for name in expected if name not in given]
    unknown = [name for name in given if name not in expected]
    if not missing and not unknown:
        return (
            f"Your model expects the columns in the order {_names(expected)}; the test data has "
            f"{_names(given)}. Train on the columns of the download, in their order."
        )
    parts = []
    if missing:
        parts.append(f"{_names(missing)} {_are(missing)} missing from the test data")
    if unknown:
        parts.append(f"{_names(unknown)} {_are(unknown)} unknown to your model")
    return (
        f"Your model expects {_columns(len(expected))}, the test data has {len(given)}: "
        f"{' and '.join(parts)}. Train on the columns of the download."
    )


def _expected_names(model: Any) -> list[str] | None:
    names = getattr(model, "feature_names_in_", None)
    return None if names is None else [str(name) for name in names]


def _columns(count: int) -> str:
    return "1 column" if count == 1 else f"{count} columns"


def _names(names: list[str]) -> str:
    shown = ", ".join(f"`{name[:60]}`" for name in names[:MOST_NAMES])
    return shown + (f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else "")


def _are(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"


def trace(error: BaseException) -> str:
    """The traceback without our own frames and without the places of this machine's files."""
    told = traceback.TracebackException.from_exception(error, compact=True)
    _trim(told)
    return "".join(told.format())


def _trim(told: traceback.TracebackException) -> None:
    told.stack[:] = [
        traceback.FrameSummary(_short(line.filename), line.lineno, line.name, lookup_line=False)
        for line in told.stack
        if not line.filename.startswith(_HERE)
    ]
    for chained in (told.__cause__, told.__context__):
        if chained:
            _trim(chained)


def _short(filename: str) -> str:
    for root in ("site-packages/", "lib/python3"):
        if root in filename:
            return filename.rpartition(root)[2]
    return filename


def shorten_warnings(own: str = "") -> None:
    """A warning names no file of this machine, and its line where it is of the code called `own`."""

    def short(message: Any, category: type[Warning], filename: str, lineno: int, *_: Any) -> str:
        where = f"line {lineno}: " if filename == own else ""
        return f"{where}{category.__name__}: {message}\n"

    warnings.formatwarning = short  # type: ignore[assignment]
