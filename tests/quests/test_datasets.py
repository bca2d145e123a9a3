"""The data sets: the same secret gives the same bytes, and no hidden row is ever given out."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
from functools import cache

import numpy as np
import pandas as pd
import pytest

from mlarena.core.seeding import generator
from mlarena.quests.datasets import SOURCES, build

pytestmark = pytest.mark.pure

ONE, OTHER = (hashlib.sha256(text).digest() for text in (b"one", b"other"))
GENERATED = ["housing", "churn", "customers"]


@cache
def built(name, secret=ONE):
    return build(name, secret)


def rows_of(table) -> set[str]:
    return set(table.to_csv(index=False, header=False).splitlines())


def features_of(data) -> pd.DataFrame:
    return data.train if data.target is None else data.train.drop(columns=data.target)


@pytest.mark.parametrize("name", SOURCES)
def test_same_secret_gives_the_same_bytes(name):
    first, again = built(name), build(name, ONE)
    assert first.train_csv() == again.train_csv()
    assert first.sample_csv() == again.sample_csv()
    assert first.hidden_features_csv() == again.hidden_features_csv()
    assert np.array_equal(first.hidden_target, again.hidden_target)


@pytest.mark.parametrize("name", SOURCES)
def test_another_secret_hides_other_rows(name):
    mine, theirs = built(name), built(name, OTHER)
    assert mine.train_csv() != theirs.train_csv()
    same = rows_of(mine.hidden_features) & rows_of(theirs.hidden_features)
    # Of real data the halves overlap by half; of generated data nothing is the same.
    assert len(same) <= (0 if name in GENERATED else 0.7 * mine.hidden_rows)


@pytest.mark.parametrize("name", SOURCES)
def test_hidden_rows_are_in_no_download(name):
    data = built(name)
    hidden = rows_of(data.hidden_features)
    assert len(hidden) == data.hidden_rows
    assert not hidden & rows_of(features_of(data))
    assert not hidden & rows_of(data.sample)


@pytest.mark.parametrize("name", SOURCES)
def test_the_three_tables_have_the_same_columns_and_no_labels_where_none_belong(name):
    data = built(name)
    assert data.name == name and data.title and data.description and data.licence
    names = [column["name"] for column in data.columns]
    assert list(features_of(data).columns) == names
    assert list(data.sample.columns) == list(data.hidden_features.columns) == names
    assert data.target not in names
    assert features_of(data).dtypes.equals(data.hidden_features.dtypes)
    assert len(data.sample) >= 10
    assert data.hidden_target.shape == (data.hidden_rows,)
    assert data.hidden_target.dtype.kind in "ifU"
    assert all(name.isidentifier() for name in names)
    assert not data.train.isna().any(axis=None)


@pytest.mark.parametrize("name", SOURCES)
def test_csv_gives_back_exactly_what_was_written(name):
    data = built(name)
    for text, table in (
        (data.train_csv(), data.train),
        (data.sample_csv(), data.sample),
        (data.hidden_features_csv(), data.hidden_features),
    ):
        back = pd.read_csv(io.BytesIO(text))
        assert len(back) == len(table)
        for column in table.columns:
            assert back[column].tolist() == table[column].tolist()
        assert b"\r" not in text
    longest = max(
        len(word) for word in data.hidden_features_csv().decode().replace(",", "\n").split()
    )
    assert longest <= 24  # no 0.30000000000000004


@pytest.mark.parametrize("name", SOURCES)
def test_every_class_of_the_hidden_rows_can_be_learned(name):
    data = built(name)
    if data.task_type == "classification":
        assert set(data.hidden_target.tolist()) == set(data.train[data.target].tolist())


def test_registry_says_what_the_data_is():
    for name, source in SOURCES.items():
        data = built(name)
        dtypes = {column["dtype"] for column in data.columns}
        assert dtypes <= {"integer", "float", "text"}
        assert ("text" in dtypes) == (source.features == "mixed")
        assert (source.target is None) == (source.task_type == "clustering")
    assert built("housing").rows == built("churn").rows == built("customers").rows == 2_000
    assert built("housing").hidden_rows == 1_000


def test_generated_coefficients_depend_on_the_secret():
    def slope(secret):
        data = built("housing", secret)
        return np.polyfit(data.train["living_area_m2"], data.train["price"], 1)[0]

    assert slope(ONE) != pytest.approx(slope(OTHER), rel=1e-3)


def test_clusters_cannot_be_told_by_a_single_column():
    """No column, cut anywhere, separates one kind from the rest."""
    data = built("customers")
    for column in data.hidden_features:
        values = data.hidden_features[column].to_numpy()
        for kind in np.unique(data.hidden_target):
            inside = values[data.hidden_target == kind]
            outside = values[data.hidden_target != kind]
            assert inside.max() > outside.min() and inside.min() < outside.max()


def test_parts_are_drawn_from_separate_generators():
    one = generator(ONE, "housing", 0, "train").integers(0, 1 << 60, 8)
    assert not np.array_equal(one, generator(ONE, "housing", 0, "hidden").integers(0, 1 << 60, 8))
    assert np.array_equal(one, generator(ONE, "housing", 0, "train").integers(0, 1 << 60, 8))


def test_a_short_secret_and_an_unknown_name_are_refused():
    with pytest.raises(ValueError, match="at least 16 bytes"):
        build("housing", b"short")
    with pytest.raises(KeyError):
        build("nothing", ONE)


def test_the_registry_loads_neither_numpy_nor_pandas():
    code = (
        "import sys; from mlarena.quests.datasets import SOURCES; "
        "import mlarena.quests.datasets.starter; assert SOURCES;"
        "print([m for m in ('numpy', 'pandas', 'sklearn', 'scipy') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
