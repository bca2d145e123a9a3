"""Everything out as a zip and in again: nothing changes; and zips that mean harm."""

from __future__ import annotations

import io
import re
import stat
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from mlarena.core.db import db
from mlarena.core.installation import InstallationSecret
from mlarena.packs import exporting, uploads, zipped
from mlarena.packs.exporting import Chosen, to_yaml
from mlarena.packs.folder import PackError
from mlarena.packs.planning import plan
from mlarena.packs.reader import read_pack
from mlarena.packs.yamlfile import YamlFile
from mlarena.quests.models import Dataset, Quest
from mlarena.submissions.models import Submission, Task

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0\r\ufeff")),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.from_regex(r"\A[a-z_]{1,8}\Z"), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@pytest.mark.pure
@given(st.dictionaries(st.from_regex(r"\A[a-z_]{1,8}\Z"), JSON, min_size=1, max_size=4))
@example({"a": "\x85", "b": "one\u2028two\n\u2029", "c": ["\x85\n"]})
def test_what_is_written_is_read_back_as_it_was(content: Any) -> None:
    try:
        assert YamlFile(to_yaml(content)).data == content
    except yaml.reader.ReaderError:
        raise AssertionError("written, but not readable") from None


TABLE = "area,rooms,rent\n" + "".join(
    f"{20 + n},{1 + n % 4},{9 * n + 30 * (n % 4)}\n" for n in range(90)
)
PACK = {
    "pack.yaml": "{format: 1, name: own, title: Own, version: '1', description: Mine, licence: CC0}",
    "levels.yaml": "levels: [{slug: one, order: 1, name: One, description: First, required_xp: 0}]",
    "quests/rents.md": "## Guess rents\n",
    "quests/rents.yaml": (
        "{slug: rents, level: one, title: Rents, summary: Guess, brief: rents.md, task_type: regression, "
        "dataset: rents, metric: r2, threshold: 0.8, xp_reward: 10}"
    ),
    "datasets/rents.yaml": (
        "{name: rents, title: Rents, licence: CC0, task_type: regression, "
        "target: rent, data: rents.csv, seed: 5}"
    ),
    "datasets/rents.csv": TABLE,
}


def zip_of(files: dict[str, str | bytes]) -> bytes:
    return zipped.packed(
        {name: text.encode() if isinstance(text, str) else text for name, text in files.items()}
    )


def test_a_pack_brings_its_own_table(app: Any, jail: Any) -> None:
    uploads.import_zip(zip_of(PACK))
    quest = db.session.query(Quest).one()
    rows = (quest.dataset.rows, quest.dataset.hidden_rows, quest.version)
    assert rows == (56, 24, 1)
    assert "'area', 'rooms'" in quest.starter_code
    uploads.import_zip(zip_of(PACK))
    db.session.expire_all()
    assert quest.version == 1
    uploads.import_zip(zip_of(PACK | {"datasets/rents.csv": TABLE + "500,4,4000\n"}))
    db.session.expire_all()
    assert (db.session.query(Dataset).count(), quest.version) == (1, 2)

    wrong = zip_of(PACK | {"datasets/rents.csv": "area,rent\n1,2\n"})
    said = [str(one) for one in uploads.look_at(wrong).plan.problems]
    assert said == [
        "datasets/rents.yaml:1: data: The file has 1 rows; 40 is the least that can be cut in two."
    ]


def test_what_was_cut_here_comes_back_here_and_nowhere_else(app: Any, jail: Any) -> None:
    uploads.import_zip(zip_of(PACK))
    quest = db.session.query(Quest).one()
    kept = (quest.dataset.hidden_target_blob, quest.dataset.train_blob)
    content = zipped.packed(exporting.export(Chosen(quests=[quest.id])))
    assert uploads.look_at(content).plan.changes_nothing
    db.session.delete(quest)
    db.session.delete(quest.dataset)
    db.session.commit()
    uploads.import_zip(content)
    back = db.session.query(Quest).one()
    assert (back.dataset.hidden_target_blob, back.dataset.train_blob) == kept

    # Whoever writes the names anew, to make a download of the hidden rows, is found out.
    files = zipped.members(content)
    name = next(name for name in files if name.startswith("datasets/"))
    text = files[name].decode()
    hidden = re.search(r"hidden_features: (\w+)", text)[1]
    train = re.search(r"train: (\w+)", text)[1]
    forged = zip_of(files | {name: text.replace(f"train: {train}", f"train: {hidden}")})
    assert "cut by another installation" in str(uploads.look_at(forged).plan.problems[0])
    db.session.query(InstallationSecret).filter_by(name="packs").delete()
    db.session.commit()
    assert "cut by another installation" in str(uploads.look_at(content).plan.problems[0])


def test_submissions_stay_when_a_pack_comes_again(app: Any, jail: Any, user: Any) -> None:
    uploads.import_zip(zip_of(PACK))
    quest = db.session.query(Quest).one()
    db.session.add(Submission(user_id=user.id, task_id=quest.id, attempt_no=1, payload={}))
    db.session.commit()
    again = PACK | {"quests/rents.yaml": PACK["quests/rents.yaml"].replace("0.8", "0.7")}
    looked = uploads.look_at(zip_of(again))
    assert [(s.slug, s.what, s.fields) for s in looked.plan.steps if s.what != "left"] == [
        ("rents", "changed", ["threshold"])
    ]
    uploads.import_zip(zip_of(again))
    db.session.expire_all()
    assert (quest.threshold, quest.version) == (0.7, 2)
    assert db.session.query(Submission).filter_by(user_id=user.id).count() == 1


def raw_zip(*entries: tuple[str, bytes], link: str = "") -> bytes:
    kept = io.BytesIO()
    with (
        warnings.catch_warnings(),
        zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        warnings.simplefilter("ignore")  # a name twice is what one of them is about
        for name, content in entries:
            archive.writestr(name, content)
        if link:
            entry = zipfile.ZipInfo(link)
            entry.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(entry, "/etc/passwd")
    return kept.getvalue()


INFO = ("pack.yaml", PACK["pack.yaml"].encode())
BOMB = b"a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b]\n"


@pytest.mark.pure
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no zip", "cannot be read as a zip"),
        (raw_zip(INFO)[:-30], "cannot be read as a zip"),
        (raw_zip(("../../etc/cron.d/x", b"x")), "leads out of the pack"),
        (raw_zip(("/etc/x", b"x")), "leads out of the pack"),
        (raw_zip(("a\\..\\x", b"x")), "leads out of the pack"),
        (raw_zip(("C:/x", b"x")), "leads out of the pack"),
        (raw_zip(INFO, link="quests/x.md"), "plain files only"),
        (raw_zip(INFO, INFO), "twice"),
        (raw_zip(INFO, ("x.csv", bytes(8 << 20))), "zip bomb"),
        (raw_zip(*((f"x{n}.md", b"x") for n in range(2001))), "more than 2,000 files"),
        (raw_zip(("x", b"x"), ("x/y", b"y")), "is a folder as well"),
    ],
)
def test_a_zip_that_means_harm_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(PackError, match=words):
        zipped.members(content)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("levels.yaml", BOMB, "levels.yaml:1: anchors and aliases"),
        ("levels.yaml", b"levels: []\nmore: 1\n", "levels.yaml:2: more: this key is not known"),
        ("levels.yaml", b"levels: " + b"[" * 30 + b"]" * 30, "nested too deeply"),
        ("quests/rents.yaml", PACK["quests/rents.yaml"].replace("dataset: rents", "dataset: none").encode(),
         "dataset: `none` is not known"),
        ("quests/rents.yaml", PACK["quests/rents.yaml"].replace("level: one", "level: nine").encode(),
         "`nine` is not in levels.yaml"),
        ("datasets/rents.yaml", PACK["datasets/rents.yaml"].replace("data: rents.csv", "data: ../x").encode(),
         "the table lies in the same folder"),
        ("datasets/iris.yaml", b"{name: iris, title: I, task_type: classification, data: rents.csv}",
         "is a data set of the house"),
        ("datasets/left.csv", b"a,b\n", "nothing in the pack reads this file"),
    ],
)  # fmt: skip
def test_a_wrong_pack_is_told_by_file_and_line(
    app: Any, name: str, content: bytes, words: str
) -> None:
    said = "\n".join(map(str, uploads.look_at(zip_of(PACK | {name: content})).plan.problems))
    assert words in said
    assert db.session.query(Task).count() == 0


def test_the_console_looks_first_and_imports_then(
    make_user: Any, signed_in: Any, send_form: Any, jail: Any
) -> None:
    desk = signed_in(make_user("grace", role="instructor"))
    other = signed_in(make_user("eve", role="instructor"))
    answer = send_form(desk, "/teach/packs", pack_file=(io.BytesIO(zip_of(PACK)), "own.zip"))
    assert answer.status_code == 303
    page = desk.get(answer.location)
    assert '<strong class="figure">3</strong> would be added' in page.text
    assert db.session.query(Quest).count() == 0
    assert other.get(answer.location).status_code == 404
    done = send_form(desk, answer.location)
    assert done.status_code == 303, done.text
    assert db.session.query(Quest).one().title == "Rents"
    assert desk.get(answer.location).status_code == 404  # the upload is forgotten

    listed = desk.get("/teach/packs").text
    assert "Rents" in listed
    quest = db.session.query(Quest).one().id
    zipped_ = desk.get(f"/teach/packs/export.zip?quests={quest}")
    assert zipped_.headers["Content-Disposition"] == 'attachment; filename="rents.zip"'
    assert "quests/rents.yaml" in zipped.members(zipped_.data)
    assert desk.get("/teach/packs/export.zip").status_code == 422
    log = desk.get("/teach/audit").text
    assert "pack.import" in log
    assert "pack.export" in log
    # What is wrong is said by file and line, and nothing is imported.
    bad = zip_of(PACK | {"levels.yaml": "levels: [\n"})
    answer = send_form(desk, "/teach/packs", pack_file=(io.BytesIO(bad), "bad.zip"))
    assert "levels.yaml:2" in desk.get(answer.location).text


def test_the_command_line_does_the_same(runner: Any, tmp_path: Path, jail: Any) -> None:
    source, target = tmp_path / "own.zip", tmp_path / "out.zip"
    source.write_bytes(zip_of(PACK))
    assert "1 quests" in runner.invoke(args=["packs", "check", str(source)]).output
    assert "imported 1 levels" in runner.invoke(args=["packs", "import", str(source)]).output
    assert "files in" in runner.invoke(args=["packs", "export", str(target)]).output
    assert runner.invoke(args=["packs", "check", str(target)]).exit_code == 0
    one = runner.invoke(args=["packs", "export", str(target), "--slug", "rents"])
    assert one.exit_code == 0
    with zipped.unpacked(target.read_bytes()) as folder:
        assert plan(read_pack(folder)).changes_nothing
    missing = runner.invoke(args=["packs", "export", str(target), "--slug", "none"])
    assert "there is no task" in missing.output
