"""What a pack's files say of each other: one way only, so nothing goes round; and what none may say."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest

from mlarena.core.db import db
from mlarena.packs import zipped
from mlarena.packs.folder import PackError
from mlarena.packs.planning import plan
from mlarena.packs.reader import read_pack
from tests.packs.test_challenges import FILES as CHALLENGES
from tests.packs.test_competitions import ANSWERS, FLAT, YAML
from tests.packs.test_reader import BADGES, LEVELS, QUEST

FILES = CHALLENGES | {
    "levels.yaml": LEVELS,
    "badges.yaml": BADGES,
    "quests/lines.yaml": QUEST,
    "quests/lines.md": "Predict the price.\n",
    "competitions/tiny/competition.yaml": YAML,
    "competitions/tiny/overview.md": "## Predict y\n",
    "competitions/tiny/train.csv": "id,x\n1,2\n",
    "competitions/tiny/answers.csv": ANSWERS,
    "competitions/tiny/flat.csv": FLAT,
}
# Where a key of an entry could stand: the file, the text that it is put before, and its line then.
ENTRIES = {
    "pack.yaml": ("title: ", 3),
    "levels.yaml": ("    name: First", 4),
    "badges.yaml": ("    name: One", 3),
    "categories.yaml": ("  - {slug: python", 3),
    "quests/lines.yaml": ("title: ", 3),
    "challenges/tables/takings.yaml": ("name: ", 3),
    "challenges/python/double.yaml": ("name: ", 3),
    "challenges/python/zen.yaml": ("name: ", 3),
    "competitions/tiny/competition.yaml": ("title: ", 2),
}


@pytest.fixture
def pack(tmp_path: Path) -> Any:
    def write(changed: dict[str, str] | None = None) -> Path:
        for name, text in (FILES | (changed or {})).items():
            path = tmp_path / "pack" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path / "pack"

    return write


def faults(root: Path) -> list[str]:
    with pytest.raises(PackError) as caught:
        read_pack(root, condition_types={"quests_completed"})
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.pure
@pytest.mark.parametrize("key", ["requires", "prerequisites", "after", "unlocks"])
@pytest.mark.parametrize("name", ENTRIES)
def test_nothing_can_wait_for_another_so_nothing_waits_for_itself(
    pack: Any, name: str, key: str
) -> None:
    """Levels open by XP alone. Whoever writes that a task needs another, in a ring or not, is told that
    there is no such thing: in silence it would be a promise that nobody keeps."""
    before, line = ENTRIES[name]
    assert read_pack(pack()).quests
    start = FILES[name].index(before)
    indent = before[: len(before) - len(before.lstrip())]
    if name == "categories.yaml":
        text = FILES[name].replace("{slug: python", f"{{{key}: [tables], slug: python")
    else:
        text = f"{FILES[name][:start]}{indent}{key}: [lines]\n{FILES[name][start:]}"
    found = faults(pack({name: text}))
    assert len(found) == 1
    assert found[0].startswith(f"{name}:{line}: ")
    assert key in found[0]
    assert "this key is not known" in found[0] or "unknown field" in found[0]


@pytest.mark.pure
@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        # A ladder that bites its tail: each of two levels before the other.
        ("levels.yaml", "levels:\n", LEVELS.replace("first", "second").replace("xp: 0", "xp: 9"),
         "levels.yaml:8: order: `1` is there twice"),
        # Two tasks of different kinds that mean each other by one name.
        ("competitions/tiny/competition.yaml", "slug: tiny", "slug: lines",
         "competitions/tiny/competition.yaml:1: slug: `lines` and the name of its folder"),
        ("quests/lines.yaml", "brief: lines.md", "brief: lines.yaml", "lines.yaml:5: brief: the brief is"),
        ("quests/lines.yaml", "dataset: housing", "dataset: lines", ":7: dataset: `lines` is not known"),
        ("quests/lines.yaml", "level: first", "level: lines", ":2: level: `lines` is not in levels.yaml"),
        ("competitions/tiny/competition.yaml", "answers: answers.csv", "answers: competition.yaml",
         "competitions/tiny/answers.csv: nothing in the pack reads this file"),
    ],
)  # fmt: skip
def test_who_means_itself_is_refused(pack: Any, name: str, old: str, new: str, said: str) -> None:
    assert old in FILES[name]
    root = pack({name: FILES[name].replace(old, new, 1)})
    assert any(said in fault for fault in faults(root)), faults(root)


@pytest.mark.pure
def test_a_file_of_sql_that_names_files_is_sql(pack: Any) -> None:
    """Only YAML names files: one of SQL that names itself is read once, and told by the database."""
    root = pack({"sql/shop.sql": "shop.sql", "sql/shop-day.sql": "shop-day.sql"})
    [takings] = [one for one in read_pack(root).challenges if one.slug == "takings"]
    assert takings.content.kept()["init"] == "shop.sql"


@pytest.mark.pure
def test_a_link_to_the_folder_it_lies_in_is_refused(pack: Any) -> None:
    root = pack()
    (root / "quests" / "round").symlink_to(root / "quests")
    assert faults(root) == ["quests/round: a pack holds plain files only, no links or devices"]


@pytest.mark.parametrize("kind", ["quest", "competition"])
def test_a_name_that_another_kind_has_here_is_told_with_its_line(
    pack: Any, make_user: Any, kind: str
) -> None:
    from mlarena.challenges import authoring

    question = {"kind": "number", "prompt": "1?", "answer": 1}
    slug = "lines" if kind == "quest" else "tiny"
    fields = {"name": "Here", "slug": slug, "questions": [question]}
    authoring.create(make_user("grace", role="instructor"), "knowledge", fields, False)
    file = "quests/lines.yaml" if kind == "quest" else "competitions/tiny/competition.yaml"
    told = [str(one) for one in plan(read_pack(pack())).problems]
    assert told == [f"{file}:1: slug: there is another kind of task by the name `{slug}` already"]
    db.session.rollback()


def small_zip(content: bytes) -> bytearray:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.csv", content)
    return bytearray(kept.getvalue())


@pytest.mark.pure
def test_a_zip_that_lies_about_its_sizes_is_refused() -> None:
    """It says that four bytes come out of it, and a megabyte does."""
    lying = small_zip(bytes(1 << 20))
    directory = lying.index(b"PK\x01\x02")
    for place in (22, directory + 24):  # the local header's word, and the directory's
        lying[place : place + 4] = struct.pack("<I", 4)
    with pytest.raises(PackError):
        zipped.members(bytes(lying))


@pytest.mark.pure
def test_many_small_files_may_not_be_too_much_together() -> None:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(20):
            archive.writestr(f"x{number}.csv", bytes(1000))
    with pytest.raises(PackError, match="unpacked, the zip is larger"):
        zipped.members(kept.getvalue(), most=10_000)
    assert len(zipped.members(kept.getvalue(), most=20_000)) == 20


@pytest.mark.pure
def test_a_zip_in_a_zip_is_not_opened(pack: Any) -> None:
    """A bomb within stays one file that nothing reads."""
    root = pack()
    (root / "quests" / "more.zip").write_bytes(bytes(small_zip(bytes(9 << 20))))
    assert faults(root) == [
        "quests/more.zip: nothing in the pack reads this file; is its name or folder right?"
    ]
