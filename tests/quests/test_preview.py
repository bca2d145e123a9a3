"""What is drawn of a data set: right in its figures, of the public rows alone, and never in the way."""

from __future__ import annotations

import io
import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from mlarena.core.db import db
from mlarena.core.storage import storage
from mlarena.quests import derived
from mlarena.quests.authoring import save_dataset
from mlarena.quests.datasets import SOURCES
from mlarena.quests.datasets.preview import BANDS, LONGEST_WORD, MOST_COLUMNS, MOST_WORDS, preview
from mlarena.quests.models import Dataset


def column(values: Any, **more: Any) -> dict[str, Any]:
    return preview(pd.DataFrame({"x": values}), None, 1, **more)["columns"][0]


@pytest.mark.pure
@pytest.mark.parametrize("name", SOURCES)
def test_every_shipped_data_set_is_drawn_whole(name: str, built_dataset: Any) -> None:
    data = built_dataset(name)
    shown = preview(data.train, data.target, len(data.train_csv()))
    json.dumps(shown, allow_nan=False)
    assert shown["rows"] == data.rows
    assert shown["features"] == len(data.columns)
    assert [
        {"name": column["name"], "dtype": column["dtype"]} for column in shown["columns"]
    ] == data.columns
    assert (shown["target"] is None) == (data.target is None)
    for drawn in [*shown["columns"], *([shown["target"]] if shown["target"] else [])]:
        counts = (
            drawn["bands"]["counts"]
            if "bands" in drawn
            else [count for _, count in drawn["words"]] + [drawn["others"]]
        )
        assert sum(counts) + drawn["missing"] == data.rows, drawn
    table = pd.read_csv(io.BytesIO(data.train_csv()), dtype=str, keep_default_na=False)
    assert shown["sample"]["columns"] == list(table.columns)
    assert [len(row) for row in shown["sample"]["rows"]] == [table.shape[1]] * 8


@pytest.mark.pure
def test_gaps_are_counted_and_left_out_of_the_drawing() -> None:
    drawn = column([1.5, None, 2.5, math.nan, 3.5])
    assert (drawn["missing"], drawn["distinct"], drawn["bound"]) == (2, 3, [1.5, 2.5, 3.5])
    assert sum(drawn["bands"]["counts"]) == 3
    words = column(["a", None, "a", "b"])
    assert words["words"] == [["a", 2], ["b", 1]]
    assert words["missing"] == 1


@pytest.mark.pure
def test_odd_columns() -> None:
    assert column([2.0] * 9)["bands"] == {"edges": [2.0, 2.0], "counts": [9]}
    assert column([None, None])["words"] == []
    assert column([True, False, True])["words"] == [["True", 2], ["False", 1]]
    wild = column([-1.7e308, 0.0, 1.7e308])
    assert sum(wild["bands"]["counts"]) == 3
    json.dumps(column([1.0, math.inf, -math.inf, 2.0]), allow_nan=False)
    huge = column([0, 2**62])
    assert huge["words"] == [["0", 1], [str(2**62), 1]]
    long = column(["y" * 500])["words"][0][0]
    assert len(long) == LONGEST_WORD
    assert long.endswith("…")
    empty = preview(pd.DataFrame({"x": pd.Series([], dtype="float64")}), None, 1)
    assert (empty["rows"], empty["sample"]["rows"]) == (0, [])


@pytest.mark.pure
def test_bands_of_whole_numbers_hold_as_many_each() -> None:
    """Seventeen values, each as common: twelve bands of any width would show a comb."""
    bands = column(np.repeat(np.arange(17), 10))["bands"]
    assert bands["edges"][:3] == [0, 2, 4]
    assert bands["counts"] == [20] * 8 + [10]
    assert len(column(np.arange(1_000))["bands"]["counts"]) <= BANDS


@pytest.mark.pure
def test_few_whole_numbers_are_counted_in_their_order_and_many_words_are_cut() -> None:
    assert column([3, 1, 1, 2, 2, 2])["words"] == [["1", 2], ["2", 3], ["3", 1]]
    many = column([f"town {number}" for number in range(40)] + ["home"] * 5)
    assert many["words"][0] == ["home", 5]
    assert (len(many["words"]), many["others"]) == (MOST_WORDS, 40 - MOST_WORDS + 1)


@pytest.mark.pure
def test_a_very_wide_table_is_drawn_in_part() -> None:
    wide = pd.DataFrame(np.zeros((3, 1_000)), columns=[f"c{n}" for n in range(1_000)])
    shown = preview(wide, None, 1)
    assert shown["features"] == 1_000
    assert len(shown["columns"]) == len(shown["sample"]["columns"]) == MOST_COLUMNS


def test_it_is_made_with_the_data_set_and_shown_to_anybody(client: Any, make_quest: Any) -> None:
    quest = make_quest("churn", metric="accuracy")
    shown = client.get(f"/api/v1/quests/{quest.id}/preview").json["data"]
    contract = next(drawn for drawn in shown["columns"] if drawn["name"] == "contract")
    train = pd.read_csv(io.BytesIO(storage().read(quest.dataset.train_blob)))
    assert dict(contract["words"]) == train["contract"].value_counts().to_dict()
    assert dict(shown["target"]["words"]) == train["churned"].value_counts().to_dict()
    make_quest("churn", metric="accuracy", status="draft")
    assert client.get(f"/api/v1/quests/{quest.id}/preview").status_code == 404


def test_of_the_training_rows_alone(make_quest: Any, built_dataset: Any) -> None:
    """Whatever the hidden rows are, what is drawn stays the same to the byte."""
    from dataclasses import replace

    quest = make_quest()
    before = quest.dataset.preview_blob, quest.dataset.sample_joblib_blob
    built = built_dataset("iris")
    other = replace(
        built,
        hidden_features=built.hidden_features * 100,
        hidden_target=built.hidden_target[::-1].copy(),
    )
    quest.dataset.derived_with = None
    save_dataset(other)
    db.session.commit()
    assert (quest.dataset.preview_blob, quest.dataset.sample_joblib_blob) == before


def test_read_once_and_kept(client: Any, make_quest: Any, queries: list[str]) -> None:
    quest = make_quest()
    address = f"/api/v1/quests/{quest.id}/preview"
    client.get(address)
    queries.clear()
    client.get(address)
    assert not any("blob_chunks" in statement for statement in queries)
    # Other rows are another name, so that nothing kept is ever stale.
    make_quest("wine", slug="iris-quest")
    names = [drawn["name"] for drawn in client.get(address).json["data"]["columns"]]
    assert "proline" in names


def test_a_data_set_from_before_has_no_drawing_until_the_next_import(
    client: Any, make_quest: Any, runner: Any, tmp_path: Any
) -> None:
    quest = make_quest("housing", slug="linear-regression-challenge", metric="r2", threshold=0.8)
    db.session.execute(sa.update(Dataset).values(preview_blob=None, derived_with=None))
    db.session.commit()
    assert client.get(f"/api/v1/quests/{quest.id}/preview").status_code == 404
    assert client.get(f"/quests/{quest.id}").status_code == 200
    assert derived.any_stale()
    train = quest.dataset.train_blob
    pack = small_pack(tmp_path)
    for _ in range(2):
        done = runner.invoke(args=["packs", "import", str(pack), "--if-changed"])
        assert done.exit_code == 0, done.output
        assert not derived.any_stale()
    shown = client.get(f"/api/v1/quests/{quest.id}/preview").json["data"]
    assert shown["target"]["name"] == "price"
    dataset = db.session.scalar(sa.select(Dataset).execution_options(populate_existing=True))
    assert dataset.train_blob == train  # drawn anew, not dealt anew


def small_pack(folder: Any) -> Any:
    """The starter pack's first quest alone."""
    from shutil import copy

    from mlarena.release import STARTER

    (folder / "pack" / "quests").mkdir(parents=True)
    for name in ("pack.yaml", "levels.yaml", "badges.yaml"):
        copy(STARTER / name, folder / "pack" / name)
    for ending in ("yaml", "md"):
        name = f"linear-regression-challenge.{ending}"
        copy(STARTER / "quests" / name, folder / "pack" / "quests" / name)
    return folder / "pack"
