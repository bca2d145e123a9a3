"""A training request of kind `model`: the learner's code fits a model, whose bytes leave the jail.

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
import warnings
from difflib import get_close_matches
from types import TracebackType
from typing import TYPE_CHECKING, Any

from mlarena.sandbox import table
from mlarena.sandbox.inside import code, complaints
from mlarena.sandbox.inside.channel import Channel, Failure
from mlarena.sandbox.inside.prepared import ASKED, Prepared

if TYPE_CHECKING:
    import pandas as pd

SOURCE, ROWS = 0, 1
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
    pickled model may have.
    """
    _show_at_once()
    try:
        channel.succeed(b"MODL", _trained(request, channel))
    except Failure as failure:
        channel.fail(failure)


def _trained(request: dict[str, Any], channel: Channel) -> bytes:
    source = channel.read(SOURCE).decode()
    rows = table.decode(channel.read(ROWS))
    try:
        model = _fitted(_defined(source), rows, request["target"])
        return _pickled(model, request["largest"])
    except Failure:
        raise
    except SystemExit:
        raise Failure(
            "ended", "Your code called exit(). Return the fitted model instead."
        ) from None
    except MemoryError as error:
        raise Failure("memory", "", _trace(error)) from None
    except Exception as error:
        raise _stopped(error) from None


def _defined(source: str) -> dict[str, Any]:
    """The names that the code defines, once it has run. Raises what it raises."""
    linecache.cache[NAME] = (len(source), None, source.splitlines(keepends=True), NAME)
    try:
        compiled = compile(source, NAME, "exec", dont_inherit=True)
    except SyntaxError as error:
        where = f"Line {error.lineno} of your code" if error.lineno else "Your code"
        raise Failure("syntax", f"{where} is not Python: {error.msg}.", _trace(error)) from None
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
    """A file that takes so many bytes and no more."""

    def __init__(self, largest: int) -> None:
        self.left, self.largest = largest, largest
        self.parts: list[bytes] = []

    def write(self, data: Any) -> int:
        size = memoryview(data).nbytes
        self.left -= size
        if self.left < 0:
            raise Failure(
                "model_too_big",
                f"The fitted model is larger than {self.largest / (1 << 20):g} MB. Use fewer or "
                "shallower trees, and keep no copy of the training rows in it.",
            )
        self.parts.append(bytes(data))
        return size


def _pickled(model: Any, largest: int) -> bytes:
    """`model` as a pickle that brings the learner's own functions and classes with it."""
    import cloudpickle

    file = _Bounded(largest)
    try:
        cloudpickle.CloudPickler(file, protocol=PROTOCOL).dump(model)
    except (Failure, MemoryError):
        raise
    except Exception as error:
        raise Failure(
            "not_picklable",
            f"Your model cannot be saved: {_said(error)}. It may hold data, functions and fitted "
            "models, but nothing that lives only while the code runs, such as an open file, a "
            "lock or a generator.",
            _trace(error),
        ) from None
    return b"".join(file.parts)


def _stopped(error: Exception) -> Failure:
    """Why the learner's code did not come to its end, and in which line."""
    line = _line(error.__traceback__)
    where = f" in line {line}" if line else ""
    if isinstance(error, ModuleNotFoundError) and error.name:
        return Failure(
            "missing_library",
            f"`{error.name}`, imported{where}, is not available here. "
            f"Available: Python's own library and {complaints.installed()}.",
            _trace(error),
        )
    if isinstance(error, PermissionError) and error.errno in (errno.EPERM, errno.EACCES):
        return Failure(
            "blocked",
            f"Your code tried{where} to open a file, start a program or use the network. Here it "
            "may only compute: the training data is already in `X` and `y`.",
            _trace(error),
        )
    return Failure("code_failed", f"Your code stopped{where}: {_said(error)}", _trace(error))


def _said(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # an error of the learner's own class may fail at telling what it is
        return type(error).__name__


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

    def short(message: Any, category: type[Warning], filename: str, lineno: int, *_: Any) -> str:
        where = f"line {lineno}: " if filename == NAME else ""
        return f"{where}{category.__name__}: {message}\n"

    warnings.formatwarning = short  # type: ignore[assignment]
