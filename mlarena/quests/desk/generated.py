"""Data that scikit-learn carries or makes, for an instructor without a file. In the worker only.

Generated rows are drawn by the installation's secret and the author's seed, so that nobody who knows the
recipe can draw the hidden ones again. What is loaded is public: everybody can look it up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlarena.core.seeding import generator

if TYPE_CHECKING:
    import pandas as pd

FEWEST, MOST = 100, 50_000


@dataclass(frozen=True)
class Recipe:
    """One entry: what it is called in the form, what it is good for, and how the table is made.

    `loaded`: rows are as they are, and public; else `make` takes rows, noise and a RandomState.
    """

    label: str
    about: str
    task_types: tuple[str, ...]
    make: Callable[..., pd.DataFrame]
    loaded: bool = False


def table_of(name: str, rows: int, noise: float, seed: int, secret: bytes) -> pd.DataFrame:
    """The table of an entry of `RECIPES`, the target in its last column, `target`."""
    import numpy as np

    recipe = RECIPES[name]
    if recipe.loaded:
        return recipe.make()
    # A generator of 32 bits could be tried out; its seed here has 256.
    entropy = int(generator(secret, "made", name, seed).integers(0, 1 << 62))
    more = int(generator(secret, "made", name, seed, "more").integers(0, 1 << 62))
    state = np.random.RandomState(np.random.MT19937(np.random.SeedSequence([entropy, more])))
    return recipe.make(rows, noise, state)


def _framed(features: Any, target: Any) -> pd.DataFrame:
    import pandas as pd

    names = [f"x{place}" for place in range(1, features.shape[1] + 1)]
    table = pd.DataFrame(features.round(4), columns=names)
    return table.assign(target=target.round(4) if target.dtype.kind == "f" else target)


def _classification(rows: int, noise: float, state: Any) -> pd.DataFrame:
    from sklearn.datasets import make_classification

    features, target = make_classification(
        rows, 10, n_informative=5, n_redundant=2, n_classes=3, n_clusters_per_class=1,
        class_sep=1.5, flip_y=min(0.5, noise / 2), random_state=state,
    )  # fmt: skip
    return _framed(features, target)


def _moons(rows: int, noise: float, state: Any) -> pd.DataFrame:
    from sklearn.datasets import make_moons

    return _framed(*make_moons(rows, noise=noise, random_state=state))


def _circles(rows: int, noise: float, state: Any) -> pd.DataFrame:
    from sklearn.datasets import make_circles

    return _framed(*make_circles(rows, noise=noise / 2, factor=0.5, random_state=state))


def _blobs(rows: int, noise: float, state: Any) -> pd.DataFrame:
    from sklearn.datasets import make_blobs

    spread = 0.5 + 2 * noise
    return _framed(*make_blobs(rows, 4, centers=5, cluster_std=spread, random_state=state))


def _regression(rows: int, noise: float, state: Any) -> pd.DataFrame:
    from sklearn.datasets import make_regression

    made = make_regression(rows, 10, n_informative=6, noise=100 * noise, random_state=state)
    return _framed(*made)


def _friedman(rows: int, noise: float, state: Any) -> pd.DataFrame:
    from sklearn.datasets import make_friedman1

    return _framed(*make_friedman1(rows, 10, noise=5 * noise, random_state=state))


def _loaded(name: str) -> Callable[[], pd.DataFrame]:
    def make() -> pd.DataFrame:
        import sklearn.datasets

        bunch = getattr(sklearn.datasets, f"load_{name}")(as_frame=True)
        clean = {column: column.replace(" (cm)", "_cm").replace(" ", "_") for column in bunch.data}
        target = bunch.target
        if "target_names" in bunch and bunch.target_names is not None and name != "digits":
            target = bunch.target.map(dict(enumerate(map(str, bunch.target_names))))
        table: pd.DataFrame = bunch.data.rename(columns=clean).assign(target=target)
        return table

    return make


_CLASSES, _GROUPS = ("classification",), ("classification", "clustering")
RECIPES: dict[str, Recipe] = {
    "make_classification": Recipe(
        "make_classification: three classes", "ten columns, five of which tell", _CLASSES,
        _classification,
    ),
    "make_moons": Recipe("make_moons: two half moons", "two columns, no line parts them", _CLASSES, _moons),
    "make_circles": Recipe("make_circles: a ring in a ring", "two columns", _CLASSES, _circles),
    "make_blobs": Recipe("make_blobs: five clouds", "four columns", _GROUPS, _blobs),
    "make_regression": Recipe(
        "make_regression: a straight plane", "ten columns, six of which tell", ("regression",),
        _regression,
    ),
    "make_friedman1": Recipe(
        "make_friedman1: a curved surface", "ten columns, five of which tell", ("regression",), _friedman
    ),
    "load_iris": Recipe("load_iris: irises", "150 rows, public", _GROUPS, _loaded("iris"), True),
    "load_wine": Recipe("load_wine: wines", "178 rows, public", _GROUPS, _loaded("wine"), True),
    "load_breast_cancer": Recipe(
        "load_breast_cancer: cell nuclei", "569 rows, public", _CLASSES, _loaded("breast_cancer"), True
    ),
    "load_digits": Recipe(
        "load_digits: written digits", "1,797 rows, public", _GROUPS, _loaded("digits"), True
    ),
    "load_diabetes": Recipe(
        "load_diabetes: progression", "442 rows, public", ("regression",), _loaded("diabetes"), True
    ),
}  # fmt: skip
