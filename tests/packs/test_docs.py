"""The files that docs/packs.md shows are a pack: read, imported, and found again."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mlarena.core.db import db
from mlarena.packs import uploads, zipped
from mlarena.submissions.models import Task

DOCS = Path(__file__).parents[2] / "docs" / "packs.md"
TABLES = {
    "datasets/rents.csv": "area,rooms,rent\n"
    + "".join(f"{20 + n},{1 + n % 4},{9 * n + 30 * (n % 4)}\n" for n in range(60)),
    "competitions/tides/answers.csv": "id,y\n" + "".join(f"{n},{n % 7}\n" for n in range(40)),
    "competitions/tides/train.csv": "id,x,y\n1,2,3\n",
}


def shown() -> dict[str, str]:
    blocks = re.findall(
        r"```(?:yaml|sql|markdown)\n(?:#|--) (\S+)\n(.*?)```",
        DOCS.read_text(encoding="utf-8"),
        re.S,
    )
    return dict(blocks)


def test_the_examples_are_a_pack(app: Any, jail: Any) -> None:
    files = shown()
    assert len(files) == 13
    content = zipped.packed({name: text.encode() for name, text in (files | TABLES).items()})
    looked = uploads.look_at(content)
    assert list(map(str, looked.plan.problems)) == []
    done = uploads.import_zip(content)
    assert vars(done.imported) == {
        "levels": 2, "badges": 1, "datasets": 1, "quests": 1, "challenges": 3, "competitions": 1,
    }  # fmt: skip
    assert {task.status for task in db.session.query(Task)} == {"published"}
    assert uploads.look_at(content).plan.changes_nothing
