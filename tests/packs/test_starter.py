"""The content that every installation starts with: checked, and the same when it goes out and in."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from benchmarks.arena import beginning
from mlarena.challenges.models import Challenge, ChallengeVersion
from mlarena.core.db import db
from mlarena.packs import exporting, uploads, zipped
from mlarena.packs.exporting import Chosen
from mlarena.packs.reader import read_pack

# pure: what is asked is the content, once is enough
pytestmark = [pytest.mark.slow, pytest.mark.pure, pytest.mark.timeout(600)]

STARTER = Path(__file__).parents[2] / "content" / "starter"


@pytest.fixture
def started(another_app: Any, jail: Any, tmp_path: Path) -> Iterator[None]:
    """An installation after its first start, when its workers have checked everything.

    It is what the walks in tests/e2e begin with as well: to check all challenges takes a minute.
    """
    data = tmp_path / "data"
    shutil.copytree(beginning(), data, ignore=shutil.ignore_patterns("redis"))
    key = (data / "secret_key").read_text().strip()
    url = f"sqlite:///{data / 'mlarena.sqlite'}"
    with another_app(mlarena_data=data, database_url=url, secret_key=key).app_context():
        yield
        db.session.remove()


def test_every_shipped_challenge_passes_its_checks_without_a_warning(started: None) -> None:
    rows = list(db.session.scalars(sa.select(Challenge)))
    assert {row.slug for row in rows if row.status != "published"} == set()
    versions = list(db.session.scalars(sa.select(ChallengeVersion)))
    assert {row.id for row in rows} == {version.challenge_id for version in versions}
    unseen = {
        version.challenge.slug
        for version in versions
        if version.challenge.kind != "knowledge" and version.checked_at is None
    }
    assert unseen == set()
    warned = [
        f"{version.challenge.slug}: {warning}"
        for version in versions
        for warning in version.warnings
    ]
    assert not warned, "\n" + "\n".join(warned)
    counts = Counter(row.kind for row in rows)
    assert counts["sql"] >= 24
    assert counts["coding"] >= 8
    assert counts["knowledge"] >= 8


def state() -> dict[str, Any]:
    """Every column of every table that packs write, without what a clock says."""
    found: dict[str, Any] = {}
    for name in (
        *("levels", "badges", "categories", "tasks", "quests", "datasets", "challenges"),
        *("challenge_versions", "test_cases", "competitions", "competition_files", "submissions"),
    ):
        table = db.metadata.tables[name]
        columns = [c for c in table.c if c.name not in ("dispatched_at", "dispatches", "queued_at")]
        rows = db.session.execute(sa.select(*columns).order_by(*table.primary_key.columns))
        found[name] = [tuple(row) for row in rows]
    return found


def test_all_of_it_goes_out_and_in_and_nothing_changes(started: None) -> None:
    before = state()
    content = zipped.packed(exporting.export(Chosen(everything=True)))
    assert content == zipped.packed(exporting.export(Chosen(everything=True)))
    looked = uploads.look_at(content)
    assert list(map(str, looked.plan.problems)) == []
    assert looked.plan.changes_nothing, [s for s in looked.plan.steps if s.what != "left"]
    uploads.import_zip(content)
    db.session.expire_all()
    assert state() == before
    with zipped.unpacked(content) as folder:
        ours, theirs = read_pack(folder), read_pack(STARTER)
    assert {one.slug: one.model_copy(update={"reference_code": ""}) for one in ours.quests} == {
        one.slug: one for one in theirs.quests
    }
    assert {one.slug for one in ours.challenges} == {one.slug for one in theirs.challenges}
