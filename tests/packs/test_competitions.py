"""Competitions in packs: read with every fault named, held from the import on, brought up to date by slug."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest

from mlarena.competitions.datasets import SOURCES
from mlarena.competitions.models import Competition, CompetitionFile
from mlarena.core.db import db
from mlarena.packs.folder import PackError
from mlarena.packs.importer import import_pack
from mlarena.packs.reader import read_pack
from mlarena.submissions.models import Submission

STARTER = Path(__file__).parents[2] / "content" / "starter"
ANSWERS = "id,y\n" + "".join(f"{i},{i % 7}\n" for i in range(40))
FLAT = "id,y\n" + "".join(f"{i},3\n" for i in range(40))
YAML = """slug: tiny
title: Tiny
summary: Forty rows.
metric: rmse
days: 10
files: [{name: train.csv, note: To learn}]
answers: answers.csv
baselines: [{name: Flat, file: flat.csv}]
"""
INFO = "{format: 1, name: own, title: Own, version: '1', description: Mine, licence: CC0}"


@pytest.fixture
def pack(tmp_path):
    home = tmp_path / "competitions" / "tiny"
    home.mkdir(parents=True)
    (tmp_path / "pack.yaml").write_text(INFO)
    (home / "competition.yaml").write_text(YAML)
    (home / "overview.md").write_text("## Predict y\n")
    (home / "train.csv").write_text("id,x\n1,2\n")
    (home / "answers.csv").write_text(ANSWERS)
    (home / "flat.csv").write_text(FLAT)
    return tmp_path


def test_an_import_opens_it_and_another_one_changes_nothing(app, pack):
    import_pack(pack)
    held = db.session.query(Competition).one()
    assert (held.status, held.phase(), held.facts["rows"]) == ("published", "ongoing", 40)
    assert (held.ends_at - held.starts_at).days == 10
    assert [(file.name, file.note) for file in held.files] == [("train.csv", "To learn")]
    assert [row.house for row in db.session.query(Submission)] == ["Flat"]
    before = (held.starts_at, held.version, held.answers_blob)
    import_pack(pack)
    db.session.expire_all()
    assert (held.starts_at, held.version, held.answers_blob) == before
    assert db.session.query(CompetitionFile).count() == db.session.query(Submission).count() == 1

    home = pack / "competitions" / "tiny"
    (home / "overview.md").write_text("## Predict y well\n")
    (home / "answers.csv").write_text(ANSWERS.replace("\n0,0\n", "\n0,5\n"))
    import_pack(pack)
    db.session.expire_all()
    assert held.description == "## Predict y well\n"
    assert (held.starts_at, held.version) == (before[0], before[1] + 1)  # scored again by a worker


def test_what_cannot_be_scored_is_refused_in_words(app, pack):
    (pack / "competitions" / "tiny" / "answers.csv").write_text("id,y\n1,2\n1,oops\n")
    with pytest.raises(PackError, match="oops"):
        import_pack(pack)
    assert not db.session.query(Competition).filter_by(status="published").count()


@pytest.mark.pure
@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("metric: rmse", "metric: luck"), r"yaml:4: metric: `luck` is not known"),
        (
            ("answers: answers.csv", "answers: nowhere.csv"),
            "there is no file `competitions/tiny/now",
        ),
        (("answers: answers.csv", "answers: ../../pack.yaml"), "lies in the same folder"),
        (("days: 10", "days: 0"), "days: input should be greater than or equal to 1"),
        (("days: 10\n", ""), "give `days` from the import on"),
        (("slug: tiny", "slug: other"), "the name of its folder must be the same"),
        (("answers: answers.csv", "generated: bike-rides"), "brings its own files"),
        (("answers: answers.csv\n", ""), "name the file of answers"),
    ],
)
def test_every_fault_is_named_with_its_place(pack, change, says):
    file = pack / "competitions" / "tiny" / "competition.yaml"
    file.write_text(file.read_text().replace(*change))
    with pytest.raises(PackError, match=says):
        read_pack(pack)


@pytest.mark.pure
def test_a_file_that_nothing_reads_is_pointed_out(pack):
    (pack / "competitions" / "tiny" / "notes.txt").write_text("mine")
    with pytest.raises(PackError, match="nothing in the pack reads this file"):
        read_pack(pack)


@pytest.mark.pure
@pytest.mark.parametrize("secret", [b"a" * 32, b"b" * 32])
def test_the_shipped_one_is_worth_playing_and_tells_no_answer(secret):
    """Weather beats the clock, the clock beats one number, by a margin that is no accident; and of the
    hidden weeks no count is public."""
    [contest] = read_pack(STARTER).contests
    made = SOURCES[contest.model.generated](secret)
    again = SOURCES[contest.model.generated](secret)
    assert made == again
    answers = pd.read_csv(io.BytesIO(made.answers))
    scores = []
    for content in made.baselines.values():
        guess = pd.read_csv(io.BytesIO(content))
        assert guess["id"].tolist() == answers["id"].tolist()
        scores.append(((guess["rides"] + 1) / (answers["rides"] + 1)).map(abs).pipe(_rmsle))
    worst, clock, weather = scores
    assert worst > 1.5 * clock and clock > 1.03 * weather
    assert 0.25 < (answers["Usage"] == "Public").mean() < 0.35
    train = pd.read_csv(io.BytesIO(made.files["train.csv"][0]))
    test = pd.read_csv(io.BytesIO(made.files["test.csv"][0]))
    assert "rides" not in test and train["day"].max() < test["day"].min()
    assert test["id"].tolist() == answers["id"].tolist()
    # The order of the rows tells nothing of the clock.
    assert abs(test["id"].corr(test["day"])) < 0.1


def _rmsle(ratios):
    import numpy as np

    return float(np.sqrt((np.log(ratios) ** 2).mean()))
