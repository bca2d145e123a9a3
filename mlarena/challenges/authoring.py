"""Writing challenges: what the JSON API, the instructor's forms and packs call.

What is judged is saved as versions. A version that is to be published passes the saving checks first, in a
worker's jail and outside any transaction; an edit of a published challenge is checked and holds at once, or
is refused and changes nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
import uuid
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from mlarena.accounts.models import User
from mlarena.boards import index as board_index
from mlarena.challenges import bench, desk
from mlarena.challenges.contents import SHAPES, parse
from mlarena.challenges.editing import Edit, plan_edit
from mlarena.challenges.models import (
    Category,
    Challenge,
    CodingChallenge,
    KnowledgeChallenge,
    SqlChallenge,
)
from mlarena.challenges.versions import whole
from mlarena.core.db import db, hold
from mlarena.core.errors import Conflict, Invalid
from mlarena.submissions import revisions, times
from mlarena.submissions.models import Task
from mlarena.submissions.times import TIMES

CLASSES: dict[str, type[Challenge]] = {
    "sql": SqlChallenge,
    "coding": CodingChallenge,
    "knowledge": KnowledgeChallenge,
}
# The author's words for columns that the spine calls otherwise.
COLUMNS = {"name": "title", "points": "xp_reward"}
ABOUT = (
    *("name", "summary", "description", "category", "difficulty", "points", "hints", "editorial"),
    *("pass_mark", "attempts_allowed", "position", "slug"),
)
# What is said of it besides, where it is said: packs and copies have no times.
AROUND = (*ABOUT, *TIMES)
# Each may have a worker run everything on every case.
SAVE_LIMIT = "120 per minute"
STALE = "Somebody else has saved this challenge meanwhile. Reload it, and put your change in again."


def create(author: User | None, kind: str, fields: dict[str, Any], publish: bool) -> Challenge:
    """A new challenge out of an author's fields, those of `schemas.About` and the kind's own.

    Raises Invalid naming the fields at fault; Unavailable where nobody can check it now. Commits.
    """
    return _save(author, draft(author, kind, fields, publish))


def draft(author: User | None, kind: str, fields: dict[str, Any], publish: bool) -> Edit:
    """The same, not saved yet."""
    about, judged = _divided(fields)
    content = parse(SHAPES[kind], judged)
    challenge = CLASSES[kind](version=0, status="draft", created_by=author.id if author else None)
    return plan_edit(author, challenge, _columns(challenge, about), content, publish)


def update(
    editor: User | None, challenge: Challenge, fields: dict[str, Any], publish: bool | None = None
) -> Challenge:
    """Change the given fields. `publish`: True publishes it, False takes it back, None leaves that as it is.

    Raises as `create` does, and Conflict where another edit came first. Commits.
    """
    about, judged = _divided(fields)
    content = None
    if judged:
        kept = whole(challenge.version_row())
        content = parse(SHAPES[challenge.kind], kept | judged)
    edit = plan_edit(editor, challenge, _columns(challenge, about), content, publish)
    return _save(editor, edit)


def replace(
    editor: User | None,
    challenge: Challenge,
    fields: dict[str, Any],
    publish: bool | None = None,
    read: str | None = None,
) -> Challenge:
    """The whole challenge anew: judged fields that are not given go back to their defaults. Commits.

    `read` is the `stamp` of what the editor began with: raises Conflict if it is another one by now.
    """
    if read is not None and read != stamp(challenge):
        raise Conflict(STALE)
    return _save(editor, rewrite(editor, challenge, fields, publish), read)


def stamp(challenge: Challenge) -> str:
    """Names the state that an editor has read: whatever anybody saves of it is another one."""
    told = about_of(challenge) | times.shown(challenge)
    state = [told, challenge.version, challenge.status, challenge.scheduled]
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()[:16]


def rehearse(kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Run the saving checks on what an author has written so far, and keep nothing of it.

    {"errors", "warnings", "cases", "content", …}, see `bench.check`. Raises Invalid for what has not even
    the shape of a challenge, Unavailable where nobody can check it now.
    """
    _, judged = _divided(fields)
    content = parse(SHAPES[kind], judged)
    db.session.commit()
    if kind == "knowledge":
        return bench.check(kind, content.whole())
    return desk.rehearse(kind, content.whole())


def rewrite(
    editor: User | None, challenge: Challenge, fields: dict[str, Any], publish: bool | None = None
) -> Edit:
    """The same, not saved yet."""
    about, judged = _divided(fields)
    content = parse(SHAPES[challenge.kind], judged)
    return plan_edit(editor, challenge, _columns(challenge, about), content, publish)


def duplicate(editor: User, challenge: Challenge) -> Challenge:
    """A draft like it, with a name of its own. Commits."""
    fields = about_of(challenge) | whole(challenge.version_row())
    fields |= {"name": f"{challenge.title[:120]} (copy)", "slug": None}
    return create(editor, challenge.kind, fields, publish=False)


def about_of(challenge: Challenge) -> dict[str, Any]:
    """The words around it, as an author writes them."""
    found = {name: getattr(challenge, COLUMNS.get(name, name)) for name in ABOUT}
    return found | {"category": challenge.category.slug if challenge.category else None}


def _divided(fields: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is around, and what is judged."""
    about = {name: value for name, value in fields.items() if name in AROUND}
    return about, {name: value for name, value in fields.items() if name not in AROUND}


def said_by(challenge: Challenge) -> dict[str, Any]:
    """Everything that its author has written, for who compares two saves."""
    return about_of(challenge) | times.shown(challenge) | whole(challenge.version_row())


def _save(editor: User | None, edit: Edit, read: str | None = None) -> Challenge:
    errors = edit.check()
    if errors:
        raise Invalid("This challenge cannot be published yet.", errors)
    db.session.commit()
    try:
        if read is not None:
            _require_unchanged(edit.challenge, read)
        before = said_by(edit.challenge) if edit.challenge.id else None
        changes = edit.apply()
        revisions.note(editor, edit.challenge, said_by(edit.challenge), before)
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        raise Conflict(STALE) from None
    board_index.apply(changes)
    return edit.challenge


def _require_unchanged(challenge: Challenge, read: str) -> None:
    """The lock first: from this look to our own save nobody else saves."""
    hold(challenge)
    if stamp(challenge) != read:
        db.session.rollback()
        raise Conflict(STALE)


def _columns(challenge: Challenge, about: dict[str, Any]) -> dict[str, Any]:
    """The given words as columns; raises Invalid for what does not fit what is there."""
    values = {COLUMNS.get(name, name): value for name, value in about.items()}
    if "category" in values:
        slug = values.pop("category")
        values["category"] = _category(slug)
    if "slug" in values or challenge.slug is None:
        values["slug"] = _slug(challenge, values.get("slug"), values.get("title", challenge.title))
    points = values.get("xp_reward", challenge.xp_reward)
    hints = values.get("hints", challenge.hints) or []
    if sum(hint.get("cost", 0) for hint in hints) > (points or 0):
        raise Invalid.field("hints", "All hints together may not cost more than the points.")
    return values


def _category(slug: str | None) -> Category | None:
    if slug is None:
        return None
    found = db.session.scalar(select(Category).where(Category.slug == slug))
    if found is None:
        known = ", ".join(db.session.scalars(select(Category.slug).order_by(Category.position)))
        raise Invalid.field("category", f"There is no category `{slug}`; there are: {known}.")
    return found


def _slug(challenge: Challenge, wanted: str | None, title: str) -> str:
    """The wanted one, if it is free; else one made of the title."""
    if wanted is not None and wanted == challenge.slug:
        return wanted
    if wanted is not None:
        if _is_taken(wanted):
            raise Invalid.field("slug", f"There is a task called `{wanted}` already.")
        return wanted
    if challenge.slug is not None:
        return challenge.slug
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    made = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:50].strip("-") or "challenge"
    return f"{made}-{uuid.uuid4().hex[:6]}" if _is_taken(made) else made


def _is_taken(slug: str) -> bool:
    return bool(db.session.scalar(select(func.count()).where(Task.slug == slug)))
