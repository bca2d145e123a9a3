"""Challenges in packs: read with their lines, checked once, placed by slug."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from mlarena.challenges import authoring, desk, jobs
from mlarena.challenges.models import Category, Challenge
from mlarena.core.db import db
from mlarena.packs.importer import import_pack
from mlarena.packs.reader import PackError, read_pack

FILES = {
    "pack.yaml": """\
format: 1
name: small
title: A small pack
version: "1"
description: Three challenges.
licence: CC0
""",
    "categories.yaml": """\
categories:
  - {slug: tables, name: Tables}
  - {slug: python, name: Python, description: Plain Python.}
""",
    "sql/shop.sql": "CREATE TABLE sale (item TEXT NOT NULL, price INTEGER NOT NULL);\n",
    "sql/shop-day.sql": "INSERT INTO sale VALUES ('tea', 3), ('tea', 4), ('jam', 5);\n",
    "challenges/tables/takings.yaml": """\
slug: takings
kind: sql
name: Takings
summary: What each item brought in.
description: Sum by item.
difficulty: beginner
points: 10
hints: [Group them., {text: By item., cost: 3}]
init: shop.sql
solution: SELECT item, SUM(price) FROM sale GROUP BY item
test_cases:
  - data: shop-day.sql
    is_visible: true
  - data: [shop-day.sql, "INSERT INTO sale VALUES ('rum', 9);"]
""",
    "challenges/python/double.yaml": """\
slug: double
kind: coding
name: Double
summary: Twice as much.
description: Return twice the number.
difficulty: beginner
points: 5
function: double
solution: |
  def double(n):
      return 2 * n
test_cases:
  - {args: [2], expected: 4, is_visible: true}
  - {args: [-1], expected: -2}
""",
    "challenges/python/zen.yaml": """\
slug: zen
kind: knowledge
name: Zen
summary: One question.
description: Answer it.
difficulty: beginner
points: 5
questions:
  - {kind: single, prompt: "Explicit or implicit?", choices: [explicit, implicit], answer: explicit}
""",
}


@pytest.fixture
def pack(tmp_path: Path) -> Any:
    """pack({"challenges/…": "…"}) -> the folder of the small pack, with those files in it instead."""

    def write(changed: dict[str, str | None] | None = None) -> Path:
        for name, text in (FILES | (changed or {})).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                path.unlink(missing_ok=True)
            else:
                path.write_text(text, encoding="utf-8")
        return tmp_path

    return write


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The kinds of all challenges that were checked."""
    real, done = desk.check, list[str]()

    def check(kind: str, fields: dict[str, Any]) -> dict[str, Any]:
        done.append(kind)
        return real(kind, fields)

    monkeypatch.setattr(desk, "check", check)
    return done


def found() -> dict[str, Challenge]:
    db.session.expire_all()
    return {row.slug: row for row in db.session.scalars(sa.select(Challenge))}


@pytest.mark.pure
def test_a_pack_is_read_with_its_sql_files(pack: Any) -> None:
    takings, double, zen = read_pack(pack()).challenges
    assert takings.content.kept()["init"].startswith("CREATE TABLE sale")
    first, second = (item.kept()["data"] for item in takings.content.items)
    assert "jam" in first
    assert "rum" not in first
    assert "jam" in second
    assert "rum" in second
    assert takings.about()["hints"] == [
        {"text": "Group them.", "cost": 0},
        {"text": "By item.", "cost": 3},
    ]
    assert (takings.category, double.category, zen.category) == ("tables", "python", "python")


TAKINGS = "challenges/tables/takings.yaml"
DOUBLE = "challenges/python/double.yaml"
ZEN = "challenges/python/zen.yaml"


@pytest.mark.pure
@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        (TAKINGS, "slug: takings", "slug: taking", ":1: slug: `taking` and the file's name"),
        (TAKINGS, "init: shop.sql", "init: shpo.sql", ":9: there is no file `sql/shpo.sql`"),
        (TAKINGS, "data: shop-day.sql\n", "data: night.sql\n", ":12: there is no file `sql/night"),
        (TAKINGS, "cost: 3", "cost: 30", ":8: hints: they cost more than the points"),
        (TAKINGS, "points: 10", "points: ten", ":7: points: "),
        (TAKINGS, "kind: sql", "kind: query", ":2: kind: "),
        (TAKINGS, "init: shop.sql", "init: shop.sql\nengines: x", ":10: engines: unknown field"),
        (TAKINGS, "solution: SELECT", "soluton: SELECT", "soluton: unknown field"),
        (DOUBLE, "args: [2]", "args: [2, 3]", ":13: test_cases.0.args: case 1 calls double with 2"),
        (DOUBLE, "args: [2]", "arguments: [2]", ":13: test_cases.0.args: this is missing"),
        (DOUBLE, "expected: 4", "expected: .nan", ":13: test_cases.0: NaN and infinity"),
        (ZEN, "answer: explicit", "answer: both", ":9: questions.0.answer: 'both' is none of"),
        ("sql/unused.sql", "", "SELECT 1;", "nothing in the pack reads this file"),
        ("challenges/python/notes.txt", "", "x", "nothing in the pack reads this file"),
        ("challenges/a/b/zen.yaml", "", FILES[ZEN], "the file lies in challenges/"),
        ("challenges/other/zen.yaml", "", FILES[ZEN], "the file lies in challenges/"),
        ("challenges/tables/zen.yaml", "", FILES[ZEN], "slug: `zen` is there twice"),
        ("categories.yaml", "slug: python", "slug: tables", "`tables` is there twice"),
    ],
)
def test_what_is_wrong_is_named_by_file_and_line(
    pack: Any, name: str, old: str, new: str, words: str
) -> None:
    text = FILES.get(name, "")
    assert old in text
    with pytest.raises(PackError) as caught:
        read_pack(pack({name: text.replace(old, new, 1) if text else new}))
    assert words in str(caught.value)
    assert name.rpartition("/")[2] in str(caught.value)


def test_an_import_checks_and_publishes(app: Any, jail: Any, pack: Any, checks: list[str]) -> None:
    imported = import_pack(pack())
    assert imported.challenges == 3
    assert sorted(checks) == ["coding", "sql"]
    rows = found()
    assert {row.status for row in rows.values()} == {"published"}
    assert (rows["takings"].xp_reward, rows["takings"].category.slug) == (10, "tables")
    assert rows["takings"].version_row().prepared
    assert [
        c.slug for c in db.session.scalars(sa.select(Category).order_by(Category.position))
    ] == [
        "tables",
        "python",
    ]


def test_the_same_pack_again_changes_and_checks_nothing(
    app: Any, jail: Any, pack: Any, checks: list[str]
) -> None:
    import_pack(pack())
    before = {slug: (row.id, row.version) for slug, row in found().items()}
    checks.clear()
    import_pack(pack())
    assert checks == []
    assert {slug: (row.id, row.version) for slug, row in found().items()} == before


def test_only_what_changed_is_checked_again(
    app: Any, jail: Any, pack: Any, checks: list[str]
) -> None:
    import_pack(pack())
    checks.clear()
    words = FILES[DOUBLE].replace("Twice as much.", "Two times.")
    day = FILES["sql/shop-day.sql"].replace("'jam', 5", "'jam', 6")
    import_pack(pack({DOUBLE: words, "sql/shop-day.sql": day}))
    assert checks == ["sql"]
    rows = found()
    assert (rows["double"].summary, rows["double"].version) == ("Two times.", 1)
    assert rows["takings"].version == 2


def test_a_challenge_that_fails_its_checks_imports_nothing(app: Any, jail: Any, pack: Any) -> None:
    wrong = FILES[DOUBLE].replace("expected: -2", "expected: -3")
    with pytest.raises(PackError) as caught:
        import_pack(pack({DOUBLE: wrong}))
    assert f"{DOUBLE}:14: test_cases.1.expected: Your solution gives another" in str(caught.value)
    assert found() == {}
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Category)) == 0


def test_what_this_machine_cannot_judge_stays_a_draft(
    app: Any, jail: Any, pack: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = desk.check

    def without_engine(kind: str, fields: dict[str, Any]) -> dict[str, Any]:
        if kind == "sql":
            return {"errors": {"engine": ["There is no such engine here."]}}
        return real(kind, fields)

    said: list[str] = []
    monkeypatch.setattr(desk, "check", without_engine)
    import_pack(pack(), say=said.append)
    assert found()["takings"].status == "draft"
    assert "takings stays a draft: There is no such engine here." in said
    monkeypatch.setattr(desk, "check", real)
    import_pack(pack())
    assert found()["takings"].status == "published"


def test_a_release_leaves_the_checks_to_a_worker(
    app: Any, work: Any, pack: Any, checks: list[str]
) -> None:
    wrong = FILES[DOUBLE].replace("expected: -2", "expected: -3")
    import_pack(pack({DOUBLE: wrong}), later=True)
    assert checks == []
    assert {slug: row.status for slug, row in found().items()} == {
        "takings": "draft",
        "double": "draft",
        "zen": "published",  # a quiz takes no jail
    }
    jobs.enqueue_publishing()
    work()
    rows = found()
    assert {slug: row.status for slug, row in rows.items()} == {
        "takings": "published",
        "double": "draft",
        "zen": "published",
    }
    assert rows["takings"].version_row().prepared
    assert "Your solution gives another" in rows["double"].version_row().warnings[0]
    checks.clear()
    jobs.enqueue_publishing()
    work()
    assert checks == []  # what was refused is not asked again
    import_pack(pack({DOUBLE: wrong}), later=True)
    jobs.enqueue_publishing()
    work()
    assert {row.id for row in rows.values()} == {row.id for row in found().values()}
    assert found()["double"].status == "draft"


def test_what_waited_for_an_engine_is_published_when_it_is_there(
    app: Any, work: Any, pack: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = desk.check

    def without_engine(kind: str, fields: dict[str, Any]) -> dict[str, Any]:
        if kind == "sql":
            return {"errors": {"engine": ["There is no such engine here."]}}
        return real(kind, fields)

    monkeypatch.setattr(desk, "check", without_engine)
    import_pack(pack(), later=True)
    jobs.enqueue_publishing()
    work()
    assert {slug for slug, row in found().items() if row.status == "draft"} == {"takings"}
    monkeypatch.setattr(desk, "check", real)
    jobs.enqueue_publishing()
    work()
    assert found()["takings"].status == "published"


def test_a_draft_that_somebody_edits_is_no_longer_published_by_itself(
    app: Any, work: Any, pack: Any, make_user: Any
) -> None:
    import_pack(pack(), later=True)
    teacher = make_user("teacher", role="instructor")
    authoring.update(teacher, found()["takings"], {"summary": "Mine."})
    jobs.enqueue_publishing()
    work()
    assert {slug for slug, row in found().items() if row.status == "draft"} == {"takings"}


def test_a_draft_of_the_pack_is_not_checked(
    app: Any, jail: Any, pack: Any, checks: list[str]
) -> None:
    draft = FILES[TAKINGS] + "status: draft\n"
    import_pack(pack({TAKINGS: draft, DOUBLE: None}))
    assert checks == []
    assert found()["takings"].status == "draft"


def test_a_name_that_another_kind_has_is_refused(app: Any, jail: Any, pack: Any) -> None:
    import_pack(pack())
    other = FILES[ZEN].replace("slug: zen", "slug: double")
    with pytest.raises(PackError, match="there is a coding challenge by this name"):
        import_pack(pack({ZEN: None, DOUBLE: other}))
