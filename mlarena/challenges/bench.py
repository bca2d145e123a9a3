"""What is done where there is a jail: runs, plans and saving checks. `desk.py` is the way here."""

from __future__ import annotations

import io
from typing import Any

from mlarena.challenges.contents import SHAPES, parse
from mlarena.challenges.kinds import kind_of
from mlarena.challenges.models import ChallengeVersion
from mlarena.core.db import db
from mlarena.core.storage import storage

# Images of all cases of one challenge.
LARGEST_PREPARED = 1 << 30


def run(version_id: int, payload: dict[str, Any]) -> dict[str, Any]:
    version = _version(version_id)
    return kind_of(version.challenge.kind).run(version, payload)


def plan(version_id: int, query: str) -> dict[str, Any]:
    from mlarena.challenges.kinds import sql

    return sql.plan(_version(version_id), query)


def check(kind: str, fields: dict[str, Any], keep: bool = True) -> dict[str, Any]:
    """The checks' findings as plain fields; with `keep`, `prepared` names the stored blob. Commits."""
    checking = kind_of(kind).check(parse(SHAPES[kind], fields))
    prepared = None
    if keep and checking.prepared is not None and not checking.errors:
        prepared = storage().put(io.BytesIO(checking.prepared), LARGEST_PREPARED).sha256
        db.session.commit()
    return {
        "content": checking.content.whole(),
        "errors": checking.errors,
        "warnings": checking.warnings,
        "prepared": prepared,
        "facts": checking.facts,
        "cases": checking.cases,
    }


def _version(version_id: int) -> ChallengeVersion:
    """With its cases; nothing is held while the jail works."""
    version = db.session.get_one(ChallengeVersion, version_id)
    _ = version.cases, version.challenge
    db.session.commit()
    return version
