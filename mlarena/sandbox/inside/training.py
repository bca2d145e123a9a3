"""A training request of kind `model`: the learner's code fits a model, whose bytes leave the jail,
or fits one a fold, of which only the predictions leave.

The model zygote serves it, not one of its own: both need the same libraries, imported and warmed,
and a second one would hold another 200 MB. The child is jailed alike; only its budget is larger.

The rows are public, and so is all that the code prints or says about them.
"""

from __future__ import annotations

import errno
import importlib
import linecache
import sys
import traceback
from collections.abc import Callable
from difflib import get_close_matches
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from mlarena.sandbox import frames, table
from mlarena.sandbox.inside import answers, code, complaints
from mlarena.sandbox.inside.channel import Channel, Failure
from mlarena.sandbox.inside.prepared import ASKED, Prepared

if TYPE_CHECKING:
    import pandas as pd

Result = TypeVar("Result")

SOURCE, ROWS, FOLDS = 0, 1, 2
NAME = "train.py"  # what tracebacks call the learner's code
PROTOCOL = 5
# What training imports and a finished model does not: nothing can be imported later.
ALSO = """
    concurrent.futures concurrent.futures.thread logging pprint contextvars warnings inspect
    sklearn.experimental.enable_iterative_imputer sklearn.experimental.enable_halving_search_cv
    cloudpickle
""".split()  # noqa: SIM905


def prepare() -> None:
    """Import what a lesson's code may import, and pickle a function and a class once."""
    for name in (*code.LIBRARY, *ALSO):
        importlib.import_module(name)
    main = sys.modules["__main__"].__dict__
    kept = dict(main)
    exec(compile(_EXAMPLE, NAME, "exec", dont_inherit=True), main)  # noqa: S102 - our own
    _pickled(Prepared(main["features"], main["Model"]()), 1 << 20)
    main.clear()
    main.update(kept)


_EXAMPLE = """
from sklearn.base import BaseEstimator, RegressorMixin
def features(X): return X
class Model(RegressorMixin, BaseEstimator):
    def predict(self, X): return [0.0 for _ in X]
"""


def run(request: dict[str, Any], channel: Channel) -> None:
    """Execute the code of input 0 and its `train` on the rows of input 1.

    request: `target`, the name of the column to predict or None; `largest`, the most bytes the
    pickled model may have. For a cross-validation also `folds`, their number, and `method`, what
    the models are asked for; input 2 has a byte per row, the number of the fold that holds it out.
    """
    _show_at_once()
    try:
        source = channel.read(SOURCE).decode()
        rows = table.decode(channel.read(ROWS))
        if "folds" in request:
            _explained(lambda: _cross_validate(source, rows, request, channel))
            channel.succeed(b"JSON", b"null")
        else:
            channel.succeed(b"MODL", _explained(lambda: _trained(source, rows, request)))
    except Failure as failure:
        channel.fail(failure)


def _explained(work: Callable[[], Result]) -> Result:
    """What `work` gives, which runs the learner's code. Raises Failure for all that stops it."""
    try:
        return work()
    except Failure:
        raise
    except SystemExit:
        raise Failure(
            "ended", "Your code called exit(). Return the fitted model instead."
        ) from None
    except MemoryError as error:
        raise Failure("memory", "", *_where(error)) from None
    except Exception as error:
        raise _stopped(error) from None


def _trained(source: str, rows: pd.DataFrame, request: dict[str, Any]) -> bytes:
    model = _fitted(_defined(source), rows, request["target"])
    return _pickled(model, request["largest"])


def _cross_validate(
    source: str, rows: pd.DataFrame, request: dict[str, Any], channel: Channel
) -> None:
    """Fold by fold: fit on the other rows, answer for these, tell it at once."""
    held = np.frombuffer(channel.read(FOLDS), np.uint8)
    space = _defined(source)
    for number in range(request["folds"]):
        seen, unseen = (
            rows[part].reset_index(drop=True) for part in (held != number, held == number)
        )
        model = _fitted(space, seen, request["target"])
        if number == 0:  # whether it could be submitted is better known now
            _pickled(model, request["largest"])
        X = unseen if request["target"] is None else unseen.drop(columns=[request["target"]])
        channel.tell(b"FOLD", _asked(model, X, request["method"]))


def _asked(model: Any, X: pd.DataFrame, method: str) -> bytes:
    try:
        given = answers.ask(model, X, method)
        classes = answers.class_labels(model, given.shape[1]) if given.ndim == 2 else None
        return frames.fold(classes, answers.npy(given))
    except (Failure, MemoryError):
        raise
    except Exception as error:
        found = complaints.predicting(error, model, X, None)
        if found.category == "predict_failed":
            raise
        raise Failure(found.category, found.message, *_where(error)) from None


def _defined(source: str) -> dict[str, Any]:
    """The names that the code defines, once it has run. Raises what it raises."""
    linecache.cache[NAME] = (len(source), None, source.splitlines(keepends=True), NAME)
    try:
        compiled = compile(source, NAME, "exec", dont_inherit=True)
    except SyntaxError as error:
        where = f"Line {error.lineno} of your code" if error.lineno else "Your code"
        message = f"{where} is not Python: {error.msg}."
        raise Failure("syntax", message, _trace(error), error.lineno or None) from None
    # In __main__, so that its functions and classes are pickled whole, not by their names.
    space = sys.modules["__main__"].__dict__
    exec(compiled, space)  # noqa: S102
    return space


def _fitted(space: dict[str, Any], rows: pd.DataFrame, target: str | None) -> Any:
    train, features = space.get("train"), space.get("features")
    if not callable(train):
        raise _no_train(space)
    X, y = rows, None
    if target is not None:
        X, y = rows.drop(columns=[target]), rows[target].copy()
    if not callable(features):  # a list of column names is often called so
        return _model(train(X, y))
    return Prepared(features, _model(train(features(X), y)))


def _model(given: Any) -> Any:
    """`given`, if it is something that can be asked."""
    if isinstance(given, type):
        raise Failure(
            "not_a_model",
            f"`train` returned the class `{given.__name__}` itself. Return a fitted model: "
            f"`return {given.__name__}().fit(X, y)`.",
        )
    if given is None:
        raise Failure(
            "not_a_model", "`train` returned nothing. End it with `return model`, the fitted model."
        )
    if not any(hasattr(given, name) for name in ASKED):
        raise Failure(
            "not_a_model",
            f"`train` returned a `{type(given).__name__}`, which has no predict method. "
            "Return the fitted model itself.",
        )
    return given


def _no_train(space: dict[str, Any]) -> Failure:
    own = [name for name, value in space.items() if callable(value) and not name.startswith("_")]
    near = get_close_matches("train", own, 1, 0.6)
    hint = f" Is it `{near[0]}`?" if near else ""
    return Failure(
        "no_train",
        "Your code does not define `train`. Write `def train(X, y):` and let it return the "
        f"fitted model.{hint}",
    )


class _Bounded:
    """A file that keeps so many bytes and counts the others."""

    def __init__(self, largest: int) -> None:
        self.size, self.largest = 0, largest
        self.parts: list[bytes] = []

    def write(self, data: Any) -> int:
        size = memoryview(data).nbytes
        self.size += size
        if self.size <= self.largest:
            self.parts.append(bytes(data))
        else:
            self.parts.clear()
        return size

    def content(self) -> bytes:
        if self.size > self.largest:
            raise Failure(
                "model_too_big",
                f"The fitted model has {_megabytes(self.size)}, and at most "
                f"{_megabytes(self.largest)} are taken. Use fewer or shallower trees, and keep no "
                "copy of the training rows in it.",
            )
        return b"".join(self.parts)


def _megabytes(size: int) -> str:
    return f"{round(size / (1 << 20), 1):g} MB"


def _pickled(model: Any, largest: int) -> bytes:
    """`model` as a pickle that brings the learner's own functions and classes with it."""
    import cloudpickle

    file = _Bounded(largest)
    try:
        cloudpickle.CloudPickler(file, protocol=PROTOCOL).dump(model)
    except MemoryError:
        raise
    except Exception as error:
        raise Failure(
            "not_picklable",
            f"Your model cannot be saved: {_said(error)}. It may hold data, functions and fitted "
            "models, but nothing that lives only while the code runs, such as an open file, a "
            "lock or a generator.",
            *_where(error),
        ) from None
    return file.content()


def _stopped(error: Exception) -> Failure:
    """Why the learner's code did not come to its end, and in which line."""
    trace, line = _where(error)
    where = f" in line {line}" if line else ""
    if isinstance(error, ModuleNotFoundError) and error.name:
        category, message = (
            "missing_library",
            f"`{error.name}`, imported{where}, is not available here. "
            f"Available: Python's own library and {complaints.installed()}.",
        )
    elif isinstance(error, PermissionError) and error.errno in (errno.EPERM, errno.EACCES):
        category, message = (
            "blocked",
            f"Your code tried{where} to open a file, start a program or use the network. Here it "
            "may only compute: the training data is already in `X` and `y`.",
        )
    elif isinstance(error, EOFError) and "reading a line" in str(error):
        category, message = (
            "asks",
            f"Your code waits{where} for somebody to type, and nobody is there. Write the value "
            "into the code instead of calling input().",
        )
    else:
        category, message = "code_failed", f"Your code stopped{where}: {_said(error)}"
    return Failure(category, message, trace, line)


def _said(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # an error of the learner's own class may fail at telling what it is
        return type(error).__name__


def _where(error: BaseException) -> tuple[str, int | None]:
    """The traceback and the line of the learner's own code, as a Failure takes them."""
    line = _line(error.__traceback__)  # before the frames are cleared
    return _trace(error), line


def _line(trace: TracebackType | None) -> int | None:
    """The last line of the learner's own code that the error came through."""
    own = [line for frame, line in traceback.walk_tb(trace) if frame.f_code.co_filename == NAME]
    return own[-1] if own else None


def _trace(error: BaseException) -> str:
    """The traceback, of the learner's own lines only."""
    if isinstance(error, MemoryError):
        traceback.clear_frames(error.__traceback__)  # what fills the memory may go
    told = traceback.TracebackException.from_exception(error, compact=True)
    _keep_own(told)
    return "".join(told.format())


def _keep_own(told: traceback.TracebackException) -> None:
    """Leave out every line, and every chained error, that is not of the learner's own code."""
    told.stack[:] = [frame for frame in told.stack if frame.filename == NAME]
    for member in getattr(told, "exceptions", None) or ():  # of an ExceptionGroup
        _keep_own(member)
    for link in ("__cause__", "__context__"):
        chained = getattr(told, link)
        if chained:
            _keep_own(chained)
            if not chained.stack:
                setattr(told, link, None)


def _show_at_once() -> None:
    """Lines leave as they are printed, so that those of a run that is ended are not lost."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    complaints.shorten_warnings(NAME)
