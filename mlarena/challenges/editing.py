"""One edit of a challenge: what it is to become, the checks that stand before it, and the writing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, select

from mlarena.accounts.models import User
from mlarena.boards import service as boards
from mlarena.boards.models import BoardEntry
from mlarena.challenges import bench, desk
from mlarena.challenges.contents import SHAPES, Content, SqlContent, digest, parse
from mlarena.challenges.models import Challenge, ChallengeVersion
from mlarena.challenges.versions import add_version, content_of
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.core.errors import Invalid
from mlarena.submissions.models import Submission
from mlarena.submissions.times import require_order, state_after

REFERENCE = "The reference"


@dataclass
class Edit:
    """A challenge and what is to become of it: columns, content (None: as it is), status.

    `check` has the saving checks run, where the content is to be judged by; `apply` writes it all.
    """

    editor_id: int | None
    challenge: Challenge
    values: dict[str, Any]
    before: ChallengeVersion | None
    content: Content | None
    status: str
    # A draft that the clock publishes has to hold as if it were published.
    scheduled: bool = False
    checked: dict[str, Any] | None = None

    @property
    def is_live(self) -> bool:
        return self.status == "published" or self.scheduled

    @property
    def needs_check(self) -> bool:
        return self.content is not None and self.is_live and self.checked is None

    def check(self) -> dict[str, list[str]]:
        """What the saving checks have against it, by field. Holds no transaction. Raises Unavailable."""
        if not self.needs_check or self.content is None:
            return {}
        db.session.commit()
        # A quiz is whole as soon as it has its shape: it takes no worker.
        ask = bench.check if self.challenge.kind == "knowledge" else desk.check
        self.checked = ask(self.challenge.kind, self.content.whole())
        found: dict[str, list[str]] = self.checked["errors"]
        return found

    def apply(self) -> list[boards.Change]:
        """Write it; returns what changed on its board, for the index after the commit. No commit.

        Raises IntegrityError where another edit was first.
        """
        challenge, content = self.challenge, self.content
        for name, value in self.values.items():
            setattr(challenge, name, value)
        if self.status == "published" and challenge.status != "published":
            challenge.opens_at = None  # it has opened
        challenge.status, challenge.scheduled = self.status, self.scheduled
        if self.editor_id is not None or self.is_live:
            challenge.publish_when_checked = False  # whoever edits it says when
        db.session.add(challenge)
        db.session.flush()
        if content is not None:
            self._put_version(content)
        return _place_reference(challenge) if self.is_live else []

    def _put_version(self, content: Content) -> None:
        """The next version. A draft that nobody was ever judged by makes room for it."""
        challenge, checked = self.challenge, self.checked
        given = digest(content)
        number = (self.before.number if self.before else 0) + 1
        if checked is not None:
            content = parse(SHAPES[challenge.kind], checked["content"])
        version = add_version(challenge, number, content, self.editor_id)
        version.digest = given
        if checked is not None:
            version.prepared, version.facts = checked["prepared"], checked["facts"]
            version.warnings, version.checked_at = checked["warnings"], utcnow()
        if isinstance(content, SqlContent):
            challenge.engine, challenge.ranking = content.engine, content.type
        db.session.flush()  # the key of (challenge, number) lets one of two editors through
        challenge.version = number
        if self.before is None or not _has_people(challenge):
            challenge.costs_version = number  # nobody stands on the board by another one
        if self.before is not None and self.before.checked_at is None:
            db.session.delete(self.before)


def plan_edit(
    editor: User | None,
    challenge: Challenge,
    values: dict[str, Any],
    content: Content | None,
    publish: bool | None,
) -> Edit:
    """The edit that gives `challenge` these columns and this content (None: what it has).

    Raises Invalid for a content that this challenge cannot take any more.
    """
    before = challenge.version_row() if challenge.id else None
    if before is not None and content is not None and is_same(before, content):
        content = None
    opens_at = values.get("opens_at", challenge.opens_at)
    require_order(opens_at, values.get("closes_at", challenge.closes_at))
    status, scheduled = state_after(challenge.status, bool(challenge.scheduled), opens_at, publish)
    editor_id = editor.id if editor else None
    edit = Edit(editor_id, challenge, values, before, content, status, scheduled)
    unchecked = before is not None and before.checked_at is None
    if content is None and edit.is_live and before is not None and unchecked:
        edit.content = content_of(before)
    if edit.content is not None and challenge.id:
        _require_same_contest(challenge, edit.content)
    return edit


def is_same(version: ChallengeVersion, content: Content) -> bool:
    """As it was given then, or as the checks have filled it in."""
    return digest(content) in (version.digest, digest(content_of(version)))


def _require_same_contest(challenge: Challenge, content: Content) -> None:
    """Who stands on the board has been measured by these: another engine is another contest."""
    if not isinstance(content, SqlContent):
        return
    same = (content.engine, content.type) == (challenge.engine, challenge.ranking)
    if not same and db.session.scalar(select(exists().where(Submission.task_id == challenge.id))):
        raise Invalid.field(
            "engine" if content.engine != challenge.engine else "type",
            "Learners have handed in queries already, and are ranked by these. Duplicate the challenge.",
        )


def _has_people(challenge: Challenge) -> bool:
    return bool(
        db.session.scalar(
            select(
                exists().where(
                    BoardEntry.board == challenge.board(), BoardEntry.user_id.is_not(None)
                )
            )
        )
    )


def _place_reference(challenge: Challenge) -> list[boards.Change]:
    """The solution's marked row on the board, where there is a benchmark to measure by."""
    reference = challenge.version_row().facts.get("reference")
    if reference is None:
        return []
    change = boards.place_house(
        challenge.board(),
        REFERENCE,
        reference["cost"],
        "higher" if challenge.ranking == "LE" else "lower",
        utcnow(),
        details={"execution_ms": reference["execution_ms"]},
        sort_key=reference["sort_key"],
    )
    return [change] if change else []
