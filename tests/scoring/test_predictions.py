"""Files of predictions: joined by id whatever their order and dress, and refused in words."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlarena.scoring.metrics import METRICS
from mlarena.scoring.predictions import reading
from mlarena.scoring.predictions.faults import FileFault
from mlarena.scoring.predictions.reading import Layout, read_predictions, sample
from mlarena.scoring.predictions.score import score
from mlarena.scoring.predictions.solution import (
    IGNORED,
    PRIVATE,
    PUBLIC,
    Solution,
    read_solution,
    split,
)

pytestmark = pytest.mark.pure

SECRET = b"of this test"


def solution(text: str, metric: str = "rmse", share: float = 0.5):
    return read_solution(io.BytesIO(text.encode()), METRICS[metric], SECRET, share)


def predictions(content: str | bytes, answers, layout=None):
    content = content.encode() if isinstance(content, str) else content
    return read_predictions(io.BytesIO(content), answers, layout or Layout.of(answers))


def numbers(rows: int = 5):
    """Ids 0, 1, …, true value twice the id."""
    lines = "".join(f"{i},{2 * i},{'Public' if i % 2 else 'Private'}\n" for i in range(rows))
    return solution("id,y,Usage\n" + lines)


def words(ids: list[str]):
    usage = ["Public", "Private"] * len(ids)
    lines = "".join(f"{name},1,{kind}\n" for name, kind in zip(ids, usage, strict=False))
    return solution("id,y,Usage\n" + lines)


def refused(content, answers, layout=None) -> FileFault:
    with pytest.raises(FileFault) as caught:
        predictions(content, answers, layout)
    return caught.value


GOOD = {
    "as it was given": "id,y\n0,0\n1,1\n2,2\n3,3\n4,4\n",
    "in another order": "id,y\n3,3\n1,1\n4,4\n2,2\n0,0\n",
    "columns the other way": "y,id\n0,0\n1,1\n2,2\n3,3\n4,4\n",
    "with a byte order mark": "\ufeffid,y\n0,0\n1,1\n2,2\n3,3\n4,4\n",
    "from Windows": "id,y\r\n0,0\r\n1,1\r\n2,2\r\n3,3\r\n4,4\r\n",
    "from an old Mac": "id,y\r0,0\r1,1\r2,2\r3,3\r4,4\r",
    "with quotes": '"id","y"\n"0","0"\n1,"1"\n2,2\n"3",3\n4,4\n',
    "with spaces": " id , y\n 0, 0\n1 ,1 \n2, 2.0\n3,3\n4,4\n",
    "with ids that became fractions": "id,y\n0.0,0\n1.0,1\n2.0,2\n3.0,3\n4.0,4\n",
    "with zeros before": "id,y\n000,0\n001,1\n002,2\n003,3\n004,4\n",
    "with blank lines": "id,y\n\n0,0\n1,1\n\n2,2\n3,3\n4,4\n\n\n",
    "without an end of line": "id,y\n0,0\n1,1\n2,2\n3,3\n4,4",
    "with a comma at the end": "id,y\n0,0,\n1,1,\n2,2,\n3,3,\n4,4,\n",
    "in scientific notation": "id,y\n0,0e0\n1,1e0\n2,.2e1\n3,30e-1\n4,4\n",
}


@pytest.mark.parametrize("content", GOOD.values(), ids=GOOD)
def test_a_good_file_in_any_dress(content):
    assert predictions(content, numbers()).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("content", GOOD.values(), ids=GOOD)
def test_the_careful_way_comes_to_the_same(content, monkeypatch):
    monkeypatch.setattr(reading, "_quick", lambda *_: None)
    assert predictions(content, numbers()).tolist() == [0, 1, 2, 3, 4]


BAD = {
    "empty": ("", "file is empty"),
    "blank": ("\n\n", "file is empty"),
    "no rows": ("id,y\n", "no rows below"),
    "a missing column": ("id\n0\n", "The column `y` is missing; the first line must be `id,y`"),
    "another name": ("id,Y_pred\n0,1\n", "`y` is missing and the column `Y_pred` is not asked for"),
    "a name in capitals": ("ID,y\n0,1\n", r"did you write `id` for `id`|`ID` is not asked for"),
    "an index column": (",id,y\n0,0,0\n", "The column `` is not asked for"),
    "a column twice": ("id,y,y\n0,1,1\n", "names a column twice: `y`"),
    "semicolons": ("id;y\n0;1\n", "apart by semicolons"),
    "tabs": ("id\ty\n0\t1\n", "apart by tabs"),
    "an id missing": ("id,y\n0,0\n1,1\n3,3\n4,4\n", "1 of the 5 ids of the test set are missing: `2`"),
    "an unknown id": ("id,y\n0,0\n1,1\n2,2\n3,3\n4,4\n9,9\n", "not in the test set: line 7 `9`"),
    "an id twice": ("id,y\n0,0\n1,1\n2,2\n3,3\n4,4\n2,5\n", "ids twice: line 7 `2` as in line 4"),
    "an id that is text": ("id,y\n0,0\n1,1\n2,2\n3,3\nfour,4\n", "line 6 `four`"),
    "an id with a fraction": ("id,y\n0,0\n1,1\n2,2\n3,3\n4.5,4\n", "line 6 `4.5`"),
    "an empty value": ("id,y\n0,0\n1,\n2,2\n3,3\n4,4\n", "missing in `y`: line 3 ``"),
    "NaN": ("id,y\n0,0\n1,NaN\n2,null\n3,3\n4,4\n", "missing in `y`: line 3 `NaN`, line 4 `null`"),
    "infinity": ("id,y\n0,inf\n1,1\n2,2\n3,3\n4,-inf\n", "not finite numbers: line 2 `inf`, line 6"),
    "too large": ("id,y\n0,1e999\n1,1\n2,2\n3,3\n4,4\n", "not finite numbers: line 2"),
    "a word": ("id,y\n0,cat\n1,1\n2,2\n3,3\n4,4\n", "not numbers: line 2 `cat`"),
    "a decimal comma": ('id,y\n0,"0,5"\n1,1\n2,2\n3,3\n4,4\n', "not numbers: line 2 `0,5`"),
    "too many fields at once": ("id,y\n0,0,7\n1,1\n", "Line 2 has 3 fields .* names 2 columns"),
    "too many fields later": ("id,y\n0,0\n1,1,7\n", "Line 3 has 3 fields .* names 2 columns"),
    "a quotation mark": ('id,y\n0,0\n1,"1\n2,2\n3,3\n4,4\n', "opened in line 3 is never closed"),
    "bytes": (b"id,y\n0,0\n1,\xe9\n2,2\n3,3\n4,4\n", "not UTF-8"),
    "UTF-16": ("id,y\n0,0\n".encode("utf-16"), "not UTF-8"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00", "not UTF-8"),
    "a web page": ("<!doctype html>\n<html>\n", "`id`, `y` are missing"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "words"), BAD.values(), ids=BAD)
def test_a_bad_file_is_refused_in_words(content, words):
    import re

    fault = refused(content, numbers())
    assert re.search(words, fault.message), fault.message
    assert fault.message.endswith(".")


def test_all_that_is_wrong_is_said_at_once_with_the_first_places_and_how_often():
    answers = numbers(100)
    lines = [f"{i},x" if 10 <= i < 20 else f"{i},1" for i in range(5, 100)]
    lines += ["500,1", "5,1"]
    fault = refused("id,y\n" + "\n".join(lines) + "\n", answers)
    shown = {found.rule: (found.count, found.examples) for found in fault.faults}
    assert shown == {
        "There are ids that are not in the test set": (1, ["line 97 `500`"]),
        "There are ids twice": (1, ["line 98 `5` as in line 2"]),
        "There are predictions in `y` that are not numbers": (
            10,
            ["line 7 `x`", "line 8 `x`", "line 9 `x`"],
        ),
        "5 of the 100 ids of the test set are missing": (5, ["`0`", "`1`", "`2`"]),
    }
    assert "line 7 `x`, line 8 `x`, line 9 `x`, …." in fault.message


def test_a_long_value_does_not_flood_the_message():
    fault = refused(f"id,y\n0,{'x' * 100_000}\n1,1\n2,2\n3,3\n4,4\n", numbers())
    assert len(fault.message) < 200


def test_ids_that_are_text_stay_text():
    answers = words(["007", "7", "1e3", "9223372036854775808"])
    good = "id,y\n7,2\n007,1\n9223372036854775808,4\n1e3,3\n"
    assert predictions(good, answers).tolist() == [1, 2, 3, 4]
    fault = refused("id,y\n7,1\n7,2\n1e3,3\n9223372036854775808,4\n", answers)
    assert "`007`" in fault.message and "ids twice" in fault.message


def test_lost_zeros_are_guessed():
    answers = words(["001", "002", "003"])
    fault = refused("id,y\n1,1\n2,1\n3,1\n", answers)
    assert "dtype=str" in fault.message


def test_large_ids_are_not_rounded():
    # As floats these two are one number.
    one, two = 2**53, 2**53 + 1
    answers = words([str(one), str(two), "5"])
    assert not answers.whole_ids
    assert predictions(f"id,y\n{two},2\n{one},1\n5,3\n", answers).tolist() == [1, 2, 3]
    assert "5.0" in refused(f"id,y\n{two},2\n{one},1\n5.0,3\n", answers).message


@given(
    ids=st.lists(
        st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=8)
        .map(str.strip)
        .filter(bool),
        min_size=2,
        max_size=20,
        unique=True,
    ),
    data=st.data(),
)
def test_any_text_may_be_an_id(ids, data):
    usage = ["Public"] + ["Private"] * (len(ids) - 1)
    table = pd.DataFrame({"id": ids, "y": range(len(ids)), "Usage": usage})
    answers = solution(table.to_csv(index=False))
    order = data.draw(st.permutations(range(len(ids))))
    sent = table.drop(columns="Usage").iloc[order].to_csv(index=False)
    assert predictions(sent, answers).tolist() == list(range(len(ids)))


def labelled(metric="accuracy", names=("cat", "dog", "emu")):
    lines = "".join(
        f"{i},{names[i % len(names)]},{'Public' if i < 6 else 'Private'}\n" for i in range(12)
    )
    return solution("id,y,Usage\n" + lines, metric)


def test_labels_become_codes_and_strangers_are_named():
    answers = labelled()
    sent = "".join(f"{i},{['cat', 'dog', 'emu'][i % 3]}\n" for i in range(12))
    assert predictions("id,y\n" + sent, answers).tolist() == answers.truth.tolist()
    fault = refused("id,y\n" + sent.replace("emu", "Emu"), answers)
    assert "none of the labels `cat`, `dog`, `emu`: line 4 `Emu`, line 7" in fault.message


def test_labels_that_are_numbers_may_be_written_as_fractions_or_truths():
    answers = labelled(names=("0", "1"))
    for zero, one in (("0", "1"), ("0.0", "1.0"), ("False", "True")):
        sent = "".join(f"{i},{one if i % 2 else zero}\n" for i in range(12))
        assert predictions("id,y\n" + sent, answers).tolist() == [0, 1] * 6


def test_labels_that_differ_only_as_text_stay_apart():
    answers = labelled(names=("01", "1", "2"))
    sent = "id,y\n" + "".join(f"{i},{['01', '1', '2'][i % 3]}\n" for i in range(12))
    assert predictions(sent, answers).tolist() == answers.truth.tolist()


@pytest.mark.parametrize("word", ["nan", "", "NA", "3", "-1"])
def test_what_is_no_label_never_becomes_one(word):
    answers = labelled(names=("0", "1"))
    sent = "id,y\n" + "".join(f"{i},{word if i == 4 else i % 2}\n" for i in range(12))
    assert f"none of the labels `0`, `1`: line 6 `{word}`" in refused(sent, answers).message


def test_labels_are_in_the_order_of_numbers():
    assert labelled(names=("10", "9")).labels == ("9", "10")


def test_probabilities_in_one_column_or_in_one_each():
    answers = labelled("log_loss", ("no", "yes"))
    one = Layout.of(answers)
    assert one.header == ["id", "y"]
    sent = "id,y\n" + "".join(f"{i},{0.9 if i % 2 else 0.2}\n" for i in range(12))
    found = score(METRICS["log_loss"], answers, one, predictions(sent, answers))
    assert found.public == pytest.approx(-(np.log(0.8) + np.log(0.9)) / 2)
    each = Layout.of(answers, ["yes", "no"])
    sent = "id,no,yes\n" + "".join(f"{i},{'0.1,0.9' if i % 2 else '0.8,0.2'}\n" for i in range(12))
    again = score(METRICS["log_loss"], answers, each, predictions(sent, answers, each))
    assert again.public == pytest.approx(found.public)
    assert (
        "below 0 or above 1: line 2 `2`"
        in refused("id,y\n" + "".join(f"{i},2\n" for i in range(12)), answers, one).message
    )
    assert (
        "sum to 1: line 2 `0.2,0.9`"
        in refused(
            "id,yes,no\n" + "".join(f"{i},0.9,0.2\n" for i in range(12)), answers, each
        ).message
    )


def test_three_labels_need_a_column_each():
    answers = labelled("roc_auc")
    assert Layout.of(answers).header == ["id", "cat", "dog", "emu"]
    with pytest.raises(FileFault, match="`emu`"):
        Layout.of(answers, ["cat", "dog"])


def test_a_label_that_the_public_rows_lack_does_not_spoil_their_score():
    # Public rows: cat and dog only. Who answers emu there is wrong, no more; on the private rows it counts.
    rows = ["cat", "dog", "cat", "dog", "emu", "emu", "cat"]
    usage = ["Public"] * 4 + ["Private"] * 3
    text = "id,y,Usage\n" + "".join(
        f"{i},{y},{u}\n" for i, (y, u) in enumerate(zip(rows, usage, strict=True))
    )
    for metric in ("accuracy", "balanced_accuracy", "f1_macro", "f1_weighted"):
        answers = solution(text, metric)
        sent = "id,y\n" + "".join(f"{i},emu\n" for i in range(7))
        found = score(METRICS[metric], answers, Layout.of(answers), predictions(sent, answers))
        assert found.public == 0
        assert found.private is not None and found.private > 0
    answers = solution(text, "roc_auc")
    layout = Layout.of(answers)
    found = score(
        METRICS["roc_auc"], answers, layout, predictions(sample(answers, layout), answers)
    )
    assert (found.public, found.private) == (0.5, 0.5)


def test_what_the_private_rows_cannot_be_scored_on_is_not_told():
    # A single class among the private rows: no ROC AUC there. The public score is given all the same.
    text = "id,y,Usage\n1,0,Public\n2,1,Public\n3,1,Private\n4,1,Private\n"
    answers = solution(text, "roc_auc")
    found = score(
        METRICS["roc_auc"],
        answers,
        Layout.of(answers),
        predictions("id,y\n1,0.1\n2,0.9\n3,0.5\n4,0.5\n", answers),
    )
    assert (found.public, found.private) == (1.0, None)


@pytest.mark.parametrize("name", [name for name, metric in METRICS.items() if metric.takes])
def test_the_sample_of_every_metric_scores(name):
    generator = np.random.default_rng(1)
    metric = METRICS[name]
    takes = metric.takes
    column = {
        "label": lambda: generator.choice(["0", "1"], 60),
        "probability": lambda: generator.choice(["0", "1"], 60),
        "number": lambda: generator.integers(1, 5, 60),
        "numbers": lambda: generator.integers(1, 5, 60),
        "list": lambda: [f"a{i % 7} b{i % 3}" for i in range(60)],
        "mask": lambda: ["1 5 20 3"] * 60,
    }[takes]
    table = pd.DataFrame({"id": range(60), "y": column()})
    if takes == "numbers":
        table["z"] = generator.normal(size=60)
    if metric.needs == "relevance":
        table["query"] = np.arange(60) // 6
    table["Usage"] = ["Public", "Public", "Private"] * 20 if metric.needs != "relevance" else (
        ["Public"] * 30 + ["Private"] * 30
    )  # fmt: skip
    answers = solution(table.to_csv(index=False), name)
    layout = Layout.of(answers)
    dull = predictions(sample(answers, layout), answers, layout)
    found = score(metric, answers, layout, dull)
    assert np.isfinite(found.public) and found.private is not None
    if takes in ("label", "number", "list", "mask", "numbers"):
        best = score(metric, answers, layout, answers.truth)
        assert metric.is_perfect(best.public) and metric.is_perfect(best.private)
        assert not metric.better(found.public, best.public)


def test_the_split_is_keyed_and_stays_when_rows_come_and_go():
    ids = np.array([f"row-{i}" for i in range(4_000)], dtype=object)
    usage = split(ids, SECRET, 0.3)
    assert 0.27 < (usage == PUBLIC).mean() < 0.33
    assert (split(ids[::-1], SECRET, 0.3) == usage[::-1]).all()
    assert (split(ids[:100], SECRET, 0.3) == usage[:100]).all()
    assert (split(ids, b"another", 0.3) != usage).any()


def test_usage_says_which_rows_count():
    answers = solution("id,usage,y\na,Public,1\nb,private,2\nc,IGNORED,3\n")
    assert answers.usage.tolist() == [PUBLIC, PRIVATE, IGNORED]
    found = score(METRICS["rmse"], answers, Layout.of(answers), np.array([1.0, 4.0, 99.0]))
    assert (found.public, found.private) == (0.0, 2.0)


SPOILT = {
    "an id twice": ("id,y,Usage\n1,1,Public\n1,2,Private\n", "ids twice: line 3 `1`"),
    "an id missing": ("id,y,Usage\n,1,Public\n2,2,Private\n", "without an id: line 2"),
    "an answer that is none": ("id,y,Usage\n1,1,Public\n2,?,Private\n", "not numbers: line 3 `?`"),
    "an answer missing": ("id,y,Usage\n1,,Public\n2,2,Private\n", "not numbers: line 2 ``"),
    "another usage": ("id,y,Usage\n1,1,Public\n2,2,Secret\n", "line 3 `Secret`"),
    "no private row": ("id,y,Usage\n1,1,Public\n2,2,Public\n", "No row is private; see the column"),
    "no answers": ("id,Usage\n1,Public\n2,Private\n", "no column of answers"),
    "two columns": ("id,y,z,Usage\n1,1,1,Public\n2,2,2,Private\n", "one column of answers; here are 2"),
    "no rows": ("id,y\n", "no rows below"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "words"), SPOILT.values(), ids=SPOILT)
def test_a_spoilt_answer_file_is_refused(text, words):
    with pytest.raises(FileFault, match=words):
        solution(text)


def test_answers_of_one_label_are_refused():
    with pytest.raises(FileFault, match="Every answer is `yes`"):
        solution("id,y,Usage\n1,yes,Public\n2,yes,Private\n", "accuracy")
    with pytest.raises(FileFault, match="different labels; is it a column of numbers"):
        rows = "".join(f"{i},{i}.5\n" for i in range(2_000))
        solution("id,y\n" + rows, "accuracy")


def test_progress_is_told_and_a_longer_file_is_not_read_to_its_end():
    answers = numbers(10)
    heard = []
    read_predictions(
        io.BytesIO(b"id,y\n" + b"".join(b"%d,1\n" % i for i in range(10))),
        answers,
        Layout.of(answers),
        heard.append,
    )
    assert heard == [10]


@given(
    known=st.lists(st.integers(-(2**53) + 1, 2**53 - 1), min_size=1, max_size=30, unique=True),
    near=st.booleans(),
    asked=st.lists(st.integers(-(2**63), 2**63 - 1), max_size=20),
    data=st.data(),
)
def test_whole_ids_are_found_where_they_stand(
    known: list[int], near: bool, asked: list[int], data: st.DataObject
) -> None:
    """Close together or far apart, in any order, beside numbers that are nobody's."""
    if near:
        known = list(dict.fromkeys(number % 100 - 50 for number in known))
    asked += data.draw(st.lists(st.sampled_from(known), max_size=20))
    order = data.draw(st.permutations(asked))
    usage = np.zeros(len(known), dtype=np.int8)
    truth = np.zeros(len(known))
    held = Solution("id", np.array(known, dtype=np.int64), ("y",), truth, usage, "number")
    found = held.locate(np.array(order, dtype=np.int64), 0)
    assert found.tolist() == [known.index(n) if n in known else -1 for n in order]


def test_what_is_wrong_at_the_beginning_of_a_long_file_is_found_by_reading_it_again() -> None:
    """The quick way reads ahead; who comes after it has the file to themselves."""
    rows = 600_000
    held = numbers(rows)
    lines = [f"{n},1.5" for n in range(rows)]
    lines[3] = "3,much"
    lines[rows - 1] = "0,1.5"
    said = refused("id,y\n" + "\n".join(lines) + "\n", held).message
    assert "line 5" in said
    assert f"line {rows + 1}" in said
