"""From the challenges of a pack to rows. What is as it was is neither checked nor prepared again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from mlarena.boards.service import Change
from mlarena.challenges import authoring, desk, waiting
from mlarena.challenges.editing import is_same
from mlarena.challenges.models import Category, Challenge
from mlarena.core.db import db
from mlarena.packs import schema, written
from mlarena.packs.folder import PackError, Problem
from mlarena.submissions import revisions


@dataclass
class Checked:
    """A challenge of the pack, and what the saving checks found; None where it is as it was."""

    challenge: written.Challenge
    found: dict[str, Any] | None = None
    missing: str | None = None
    later: bool = False


def check_all(
    challenges: list[written.Challenge], say: Callable[[str], None], later: bool = False
) -> list[Checked]:
    """The saving checks of all that are new or changed; `later`, only of what learners see by now, and a
    worker checks the rest. Raises PackError; writes nothing but blobs.
    """
    checked, problems = [], list[Problem]()
    for challenge in challenges:
        one = Checked(challenge)
        checked.append(one)
        if challenge.kind == "knowledge" or not challenge.published or _is_there(challenge):
            continue
        if later and not _is_published(challenge):
            one.later = True
            continue
        say(f"checking the challenge {challenge.slug}")
        found = desk.check(challenge.kind, challenge.content.whole())
        errors: dict[str, list[str]] = found["errors"]
        if errors and set(errors) <= waiting.OURS:
            one.missing = next(iter(errors.values()))[0]
        elif errors:
            problems += [
                challenge.problem(f"{field}: {words}", field)
                for field, said in errors.items()
                for words in said
            ]
        else:
            one.found = found
    if problems:
        raise PackError(problems)
    return checked


def _is_published(challenge: written.Challenge) -> bool:
    known = _known(challenge)
    return known is not None and known.status == "published"


def _is_there(challenge: written.Challenge) -> bool:
    known = _known(challenge)
    if known is None:
        return False
    version = known.version_row()
    return version.checked_at is not None and is_same(version, challenge.content)


def _known(challenge: written.Challenge) -> Challenge | None:
    found = db.session.scalar(select(Challenge).where(Challenge.slug == challenge.slug))
    if found is not None and found.kind != challenge.kind:
        words = f"kind: there is a {found.kind} challenge by this name already"
        raise PackError([challenge.problem(words, "kind")])
    return found


def save_categories(categories: list[schema.Category]) -> None:
    """By slug, in the order of the pack. No commit."""
    for place, entry in enumerate(categories, 1):
        row = db.session.scalar(select(Category).where(Category.slug == entry.slug))
        if row is None:
            row = Category(slug=entry.slug)
            db.session.add(row)
        values = entry.model_dump() | {
            "position": place if entry.position is None else entry.position
        }
        for name, value in values.items():
            if getattr(row, name) != value:
                setattr(row, name, value)
    db.session.flush()


def save_all(checked: list[Checked], say: Callable[[str], None]) -> list[Change]:
    """Create or rewrite each by its slug. No commit; returns what changed on boards."""
    changes: list[Change] = []
    for one in checked:
        challenge, known = one.challenge, _known(one.challenge)
        publish = challenge.published and one.missing is None and not one.later
        fields = challenge.about() | challenge.content.whole()
        if one.missing:
            say(f"{challenge.slug} stays a draft: {one.missing}")
        if known is None:
            edit = authoring.draft(None, challenge.kind, fields, publish)
        else:
            edit = authoring.rewrite(None, known, fields, publish)
        edit.checked = one.found
        if edit.needs_check:
            edit.check()
        changes += edit.apply()
        edit.challenge.publish_when_checked = one.later or one.missing is not None
        if challenge.parsed.model.status == "archived":
            edit.challenge.status = "archived"
        revisions.note(None, edit.challenge, authoring.said_by(edit.challenge))
    return changes
