"""Everything a model may need, imported and used once: a jailed child can open no file."""

from __future__ import annotations

import importlib
import io
import pickle
import pkgutil
import sys
import types
import warnings
from typing import TYPE_CHECKING, Any

from mlarena.sandbox.inside import complaints

if TYPE_CHECKING:
    import numpy as np

# Parts of scikit-learn that no artifact refers to: they cost a quarter of the start.
NOT_NEEDED = ("tests", "conftest", "_build_utils", "externals", "datasets", "_test_common",
              "estimator_checks", "_testing", "experimental", "_packaging")  # fmt: skip
ALSO = """
    scipy.signal scipy.cluster.hierarchy scipy.sparse.csgraph scipy.sparse scipy.special
    scipy.stats scipy.spatial scipy.optimize scipy.interpolate scipy.ndimage scipy.integrate
    joblib onnxruntime numpy.ma numpy.random numpy.polynomial
    pandas.io.formats.string pandas.io.formats.html pandas.core.methods.select
    pandas.core.methods.to_dict pandas.core.methods.describe pandas.core.reshape.reshape
    pandas.core.arrays.sparse.scipy_sparse
""".split()  # noqa: SIM905
CODECS = "ascii latin-1 utf-8 utf-16 utf-32 cp437 cp1252 idna raw_unicode_escape".split()  # noqa: SIM905


def prepare() -> None:
    """Import every scikit-learn submodule and walk each path once."""
    sys.modules["__main__"] = types.ModuleType("__main__")
    _import_all()
    complaints.remember_versions()
    for codec in CODECS:
        "x".encode(codec).decode(codec)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _walk_paths()


def rehearse() -> None:
    """In a waiting child: touch the pages a real run touches, before anybody waits for them."""
    from mlarena.sandbox import table

    if _rehearsal:
        model = pickle.loads(_rehearsal["model"])  # noqa: S301 - our own, made at the start
        model.predict(table.decode(_rehearsal["rows"]))


_rehearsal: dict[str, bytes] = {}


def _import_all() -> None:
    for name in ("numpy", "pandas", "sklearn", *ALSO):
        importlib.import_module(name)
    _import_skops()
    _import_below(sys.modules["sklearn"])


def _import_skops() -> None:
    """skops computes lists of types that need no trust, a fifth of the whole start.

    In the jail every type is trusted anyway, so the lists may be empty.
    """
    nothing = types.ModuleType("skops.io._trusted_types")
    nothing.__dict__["__getattr__"] = lambda name: []
    sys.modules[nothing.__name__] = nothing
    importlib.import_module("skops.io")


def _import_below(package: types.ModuleType) -> None:
    for found in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        if found.name.rpartition(".")[2] in NOT_NEEDED:
            continue
        try:
            module = importlib.import_module(found.name)
        except ImportError:
            continue  # a submodule for an optional library that is not installed
        if found.ispkg:
            _import_below(module)


def _walk_paths() -> None:
    import joblib
    import numpy as np
    import pandas as pd
    import skops.io
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    from mlarena.sandbox import table
    from mlarena.sandbox.inside import loading

    numbers = np.random.default_rng(0).random((24, 3))
    labels = numbers[:, 0] > 0.5
    frame = pd.DataFrame(numbers, columns=list("abc"))
    frame["d"] = np.where(labels, "x", "z")
    columns = ColumnTransformer(
        [
            ("numbers", StandardScaler(), ["a", "b"]),
            ("words", OneHotEncoder(handle_unknown="ignore"), ["d"]),
        ]
    )
    pipeline = make_pipeline(columns, LogisticRegression()).fit(frame, frame["d"])
    pandas_table = table.Table.from_frame(frame)
    str(frame.describe())
    for compress in (("zlib", 3), ("gzip", 3), ("bz2", 3), ("xz", 1), ("lzma", 1), 0):
        buffer = io.BytesIO()
        joblib.dump(pipeline, buffer, compress=compress)
        restored = loading.load(buffer.getvalue(), "joblib").model
    restored.predict_proba(table.decode(pandas_table.encoded))
    loading.load(skops.io.dumps(pipeline), "skops").model.predict(pandas_table.frame)
    forest = RandomForestClassifier(4, random_state=0).fit(frame[list("abc")], labels)
    _rehearsal["model"] = pickle.dumps(forest)
    _rehearsal["rows"] = table.Table.from_frame(frame[list("abc")]).encoded
    _walk_neighbours_and_clusters(numbers, labels)
    _walk_onnx()
    rehearse()


def _walk_neighbours_and_clusters(numbers: np.ndarray, labels: np.ndarray) -> None:
    """Thread-pool inspection and lazily chosen kernels, on their first use."""
    from sklearn.cluster import KMeans
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.svm import SVC

    models: list[Any] = [
        KMeans(2, n_init=1),
        KNeighborsClassifier(3),
        KNeighborsClassifier(3, algorithm="brute"),
        SVC(),
        HistGradientBoostingClassifier(max_iter=2),
    ]
    for model in models:
        model.fit(numbers, labels).predict(numbers)


def _walk_onnx() -> None:
    """A broken graph is enough to load what a session loads first."""
    from mlarena.sandbox.inside import loading
    from mlarena.sandbox.inside.channel import Failure

    try:
        loading.load(b"\x08\x07", "onnx")
    except Failure:
        return
