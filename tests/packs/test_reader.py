"""Reading a pack: a good one comes out whole, a bad one names file, line and what to do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mlarena.packs import folder as pack_folder
from mlarena.packs.reader import PackError, read_pack

pytestmark = pytest.mark.pure

STARTER = Path(__file__).parents[2] / "content" / "starter"

PACK = """\
format: 1
name: small
title: A small pack
version: "1"
description: One level, one quest.
licence: CC0
"""
LEVELS = """\
levels:
  - slug: first
    order: 1
    name: First
    description: Begin here.
    required_xp: 0
"""
BADGES = """\
badges:
  - slug: one
    name: One
    description: Pass one quest.
    icon: "1"
    condition_type: quests_completed
    condition_value: 1
"""
QUEST = """\
slug: lines
level: first
title: Lines
summary: Draw a line.
brief: lines.md
task_type: regression
dataset: housing
metric: r2
threshold: 0.8
xp_reward: 100
"""


@pytest.fixture
def pack(tmp_path) -> Path:
    root = tmp_path / "pack"
    (root / "quests").mkdir(parents=True)
    (root / "pack.yaml").write_text(PACK)
    (root / "levels.yaml").write_text(LEVELS)
    (root / "badges.yaml").write_text(BADGES)
    (root / "quests" / "lines.yaml").write_text(QUEST)
    (root / "quests" / "lines.md").write_text("Predict the price.\n")
    return root


def problems_of(root: Path, **options) -> list[str]:
    with pytest.raises(PackError) as caught:
        read_pack(root, **options)
    assert str(caught.value) == "\n".join(map(str, caught.value.problems))
    return [str(problem) for problem in caught.value.problems]


def swap(file: Path, old: str, new: str) -> None:
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def test_a_small_pack_comes_out_whole(pack):
    read = read_pack(pack, condition_types={"quests_completed"})
    assert read.info.title == "A small pack"
    assert [level.slug for level in read.levels] == ["first"]
    assert [badge.condition_value for badge in read.badges] == [1]
    quest = read.quests[0]
    assert quest.brief == "Predict the price.\n"
    assert "def train(X, y):" in quest.starter_code
    assert (quest.threshold, quest.xp_reward, quest.status) == (0.8, 100, "published")


def test_starter_code_of_the_file_is_kept(pack):
    with (pack / "quests/lines.yaml").open("a") as file:
        file.write("starter_code: |\n  def train(X, y):\n      return 'mine'\n")
    assert read_pack(pack).quests[0].starter_code == "def train(X, y):\n    return 'mine'\n"


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("print('mine')", "define `train(X, y)`"),
        ("def train(X): ...", "`train` takes two things"),
        ("def train(X, y) ...", "line 1: this is not Python"),
        ("def features(X): ...\ndef train(X, y): ...", "prepare the columns inside the model"),
    ],
)
def test_starter_code_that_would_fail_its_learner_is_refused(pack, code, says):
    with (pack / "quests/lines.yaml").open("a") as file:
        file.write("starter_code: |\n" + "".join(f"  {line}\n" for line in code.splitlines()))
    [problem] = problems_of(pack)
    assert problem.startswith("quests/lines.yaml:")
    assert says in problem


def test_what_is_no_part_of_a_pack_is_left_alone(pack):
    (pack / ".git").mkdir()
    (pack / ".git/config").write_text("x")
    (pack / "README.md").write_text("About this pack.")
    assert len(read_pack(pack).quests) == 1


class TestTheStarterPack:
    def test_holds_what_the_product_names(self):
        quests = {quest.title: quest for quest in read_pack(STARTER).quests}
        named = {
            title: (q.dataset, q.metric, q.threshold, q.xp_reward) for title, q in quests.items()
        }
        assert (
            named.items()
            >= {
                "Linear Regression Challenge": ("housing", "r2", 0.80, 100),
                "Advanced Regression": ("housing", "r2", 0.85, 150),
                "Binary Classification": ("churn", "accuracy", 0.85, 200),
                "Multi-class Classification": ("iris", "f1_macro", 0.90, 250),
                "Advanced Classification": ("churn", "accuracy", 0.90, 300),
            }.items()
        )
        datasets = {quest.dataset for quest in quests.values()}
        assert datasets >= {"wine", "breast_cancer", "digits", "diabetes", "customers"}
        assert {quest.task_type for quest in quests.values()} == {
            "regression", "classification", "clustering",
        }  # fmt: skip

    def test_holds_the_six_named_badges(self):
        badges = {
            badge.name: (badge.condition_type, badge.condition_value)
            for badge in read_pack(STARTER).badges
        }
        assert (
            badges.items()
            >= {
                "First Steps": ("quests_completed", 1),
                "Quest Master": ("quests_completed", 5),
                "XP Hunter": ("xp", 500),
                "ML Expert": ("xp", 1500),
                "Streak Champion": ("streak_days", 7),
                "Perfectionist": ("perfect_score", 1),
            }.items()
        )

    def test_every_level_can_be_reached_with_a_quest_left_out(self):
        pack = read_pack(STARTER)
        earned = 0
        for level in pack.levels:
            rewards = [quest.xp_reward for quest in pack.quests if quest.level == level.slug]
            assert rewards, f"{level.slug} has no quest"
            assert level.required_xp <= max(0, earned - 100)
            earned += sum(rewards)
        assert earned >= max(
            badge.condition_value for badge in pack.badges if badge.condition_type == "xp"
        )

    def test_every_quest_teaches(self):
        for quest in read_pack(STARTER).quests:
            assert len(quest.hints) >= 3, quest.slug
            for heading in ("## What is asked", "## How to start", "## What to try next"):
                assert heading in quest.brief, f"{quest.slug}: {heading}"
            # The page has the title as its only h1.
            assert not any(line.startswith("# ") for line in prose(quest.brief)), quest.slug
            said = {f"{quest.threshold:g}**", f"{quest.threshold:.2f}**"}
            assert any(bar in quest.brief for bar in said), quest.slug


def prose(markdown: str) -> list[str]:
    return "".join(markdown.split("```")[::2]).splitlines()


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("quests/lines.yaml", "slug: lines", "slug: curves", "quests/lines.yaml:1: slug: `curves`"),
        ("quests/lines.yaml", "level: first", "level: last", ":2: level: `last` is not in levels"),
        ("quests/lines.yaml", "r2", "r3", ":8: metric: `r3` is not known; there are r2, rmse, mae"),
        ("quests/lines.yaml", "r2", "accuracy", ":8: metric: `accuracy` does not fit regression"),
        ("quests/lines.yaml", "housing", "castles", ":7: dataset: `castles` is not known; there"),
        ("quests/lines.yaml", "housing", "iris", ":7: dataset: `iris` is for classification, not"),
        ("quests/lines.yaml", "0.8", "1.0", ":9: threshold: nobody can pass: a R² > 1 does not"),
        ("quests/lines.yaml", "0.8", ".nan", ":9: threshold: input should be a finite number"),
        ("quests/lines.yaml", "0.8", '"0.8"', ":9: threshold: input should be a valid number"),
        ("quests/lines.yaml", "100", "-5", ":10: xp_reward: input should be greater than or equal"),
        ("quests/lines.yaml", "100", "yes", ":10: xp_reward: input should be a valid integer"),
        ("quests/lines.yaml", "xp_reward", "xp_rewart", ":10: xp_rewart: this key is not known"),
        ("quests/lines.yaml", "xp_reward", "xp_rewart", "xp_reward: this is missing"),
        ("quests/lines.yaml", "title: Lines", "title: [a]", ":3: title: input should be a valid"),
        ("quests/lines.yaml", "title: Lines", "title: 'a", "lines.yaml:"),
        ("quests/lines.yaml", "title: Lines", "slug: lines", ":3: `slug` is there twice"),
        ("quests/lines.yaml", "title: Lines", "title: &a Lines", ":3: anchors and aliases"),
        ("quests/lines.yaml", "Lines", "!!python/name:os.system x", ":3: could not determine"),
        ("quests/lines.yaml", "title: Lines", "title: " + "[" * 5000, ":3: this is nested too"),
        ("quests/lines.yaml", "title: Lines", "? [a]\n: b", ":3: a key must be a word"),
        ("quests/lines.yaml", "lines.md", "line.md", ":5: brief: there is no file `quests/line.md`"),
        ("quests/lines.yaml", "lines.md", "../../pack.yaml", ":5: brief: the brief lies in the same"),
        ("quests/lines.yaml", "lines.md", "/etc/passwd", ":5: brief: the brief lies in the same"),
        ("quests/lines.yaml", "lines.md", "lines.yaml", ":5: brief: the brief is Markdown"),
        ("quests/lines.yaml", QUEST, "- a\n- b\n", "lines.yaml:1: the file must hold keys and values"),
        ("quests/lines.yaml", QUEST, "", "lines.yaml:1: the file must hold keys and values"),
        ("quests/lines.yaml", QUEST, "a: 1\n---\nb: 2\n", "lines.yaml:2: but found another document"),
        ("levels.yaml", "required_xp: 0", "required_xp: 5", "levels.yaml:6: required_xp: the first"),
        ("levels.yaml", "levels:\n", LEVELS, "levels.yaml:7: slug: `first` is there twice"),
        ("badges.yaml", "slug: one", "slug: One", "badges.yaml:2: badges.0.slug: small letters"),
        ("badges.yaml", "badges:\n", BADGES, "badges.yaml:8: slug: `one` is there twice"),
        ("badges.yaml", "quests_completed", "luck", ":6: condition_type: `luck` is not known; there"),
        ("pack.yaml", "format: 1", "format: 2", "pack.yaml:1: format: input should be 1"),
    ],
)  # fmt: skip
def test_mistakes_are_named_with_file_and_line(pack, file, old, new, said):
    swap(pack / file, old, new)
    found = problems_of(pack, condition_types={"quests_completed"})
    assert any(said in problem for problem in found), found
    assert all(problem.startswith(file) or "quests/" in problem for problem in found)


def test_all_mistakes_are_named_at_once(pack):
    swap(pack / "quests/lines.yaml", "r2", "r3")
    swap(pack / "quests/lines.yaml", "level: first", "level: last")
    swap(pack / "badges.yaml", "condition_value: 1", "condition_value: 0")
    assert len(problems_of(pack)) == 3


def test_levels_must_not_ask_for_less_later(pack):
    later = LEVELS.replace("levels:\n", "").replace("first", "{}").replace("order: 1", "order: {}")
    steps = later.format("second", 2).replace("xp: 0", "xp: 500")
    steps += later.format("third", 3).replace("xp: 0", "xp: 400")
    (pack / "levels.yaml").write_text(LEVELS + steps)
    assert problems_of(pack) == [
        "levels.yaml:16: required_xp: `third` comes after `second` but asks for less"
    ]


def test_a_missing_pack_file_and_a_missing_folder(pack):
    (pack / "pack.yaml").unlink()
    assert problems_of(pack) == ["pack.yaml: this file is missing; it says which pack this is"]
    assert "there is no such folder" in problems_of(pack / "nowhere")[0]


@pytest.mark.parametrize("name", ["quests/lonely.md", "quest/lines.yaml", "notes.txt"])
def test_a_file_that_nothing_reads_is_pointed_out(pack, name):
    (pack / name).parent.mkdir(exist_ok=True)
    (pack / name).write_text("x")
    assert problems_of(pack) == [
        f"{name}: nothing in the pack reads this file; is its name or folder right?"
    ]


@pytest.mark.parametrize("name", ["quests/lines.md", "quests/lines.yaml", "quests", "extra"])
def test_links_are_refused_wherever_they_point(pack, tmp_path, name):
    target = tmp_path / "elsewhere"
    place = pack / name
    if place.exists():
        place.rename(target)
    else:
        target.write_text("secret")
    place.symlink_to(target)
    assert problems_of(pack) == [f"{name}: a pack holds plain files only, no links or devices"]


def test_the_pack_folder_itself_may_not_be_a_link(pack, tmp_path):
    (tmp_path / "link").symlink_to(pack)
    assert "there is no such folder" in problems_of(tmp_path / "link")[0]


def test_a_pipe_does_not_make_the_reader_wait(pack):
    os.mkfifo(pack / "quests/pipe.yaml")
    assert "plain files only" in problems_of(pack)[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"x" * (512 * 1024 + 1), "larger than 0.5 MB"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"a\0b", "NUL"),
    ],
)
def test_files_that_are_not_text_are_refused(pack, content, said):
    (pack / "quests/lines.md").write_bytes(content)
    assert said in problems_of(pack)[0]


def test_a_pack_may_not_be_huge(pack, monkeypatch):
    monkeypatch.setattr(pack_folder, "MAX_FILES", 3)
    assert "more than 3 files" in problems_of(pack)[0]
    monkeypatch.setattr(pack_folder, "MAX_FILES", 100)
    monkeypatch.setattr(pack_folder, "MAX_TOTAL_BYTES", 100)
    assert "the pack is larger" in problems_of(pack)[0]


def test_windows_line_ends_and_a_byte_order_mark_are_read(pack):
    (pack / "quests/lines.md").write_bytes(b"\xef\xbb\xbfPredict\r\nthe price.\r\n")
    assert read_pack(pack).quests[0].brief == "Predict\nthe price.\n"
