"""The verbs of what has no room of its own to be written in: categories, levels, badges, leagues."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from mlarena.accounts import audit, names
from mlarena.accounts.models import User
from mlarena.challenges.models import Category, Challenge
from mlarena.core.db import db, hold
from mlarena.core.errors import Conflict, Invalid
from mlarena.forecasts.models import League, Match, Team
from mlarena.quests.models import Quest
from mlarena.rewards import badges
from mlarena.rewards.models import Badge, Level, UserBadge

Thing = Category | Level | Badge | League
MOST_XP = 10_000_000
BY_LEARNERS = "learner has earned it", "learners have earned it"
FORECAST_ON = "What was forecast on stays."
MOVED = "Somebody has changed it at this moment. Look at it again."


def save(
    editor: User, thing: Thing, fields: dict[str, Any], still: Callable[[], object] | None = None
) -> Thing:
    """Write a new or a known one, that is `still` what its editor has read (see `hold`). Raises Invalid
    naming the fields at fault, or Conflict. Commits."""
    checked, errors = CHECKS[type(thing)](fields)
    if errors:
        raise Invalid("Some of the values are not right.", errors)
    fresh = thing.id is None
    if fresh:
        _place(thing, checked["name"])
        db.session.commit()
    else:
        hold(thing, still)
    for name, value in checked.items():
        setattr(thing, name, value)
    db.session.add(thing)
    try:
        db.session.flush()
        word = _word(thing)
        done = "create" if fresh else "update"
        audit.note(editor, f"{word}.{done}", f"{word}:{thing.id}", name=checked["name"])
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        raise Conflict(MOVED) from None
    return thing


def remove(editor: User, thing: Thing | User) -> None:
    """Delete it. Raises Conflict, in words, for one that is in use. Commits."""
    word, thing_id, name = _word(thing), thing.id, name_of(thing)
    # Alone with it: what is put to use at this very moment comes before the look, or finds it gone.
    hold(thing, lambda: _require_unused(thing), alone=True)
    try:
        db.session.delete(thing)
        audit.note(editor, f"{word}.delete", f"{word}:{thing_id}", name=name)
        db.session.commit()
    except IntegrityError:  # put to use at this very moment
        db.session.rollback()
        raise Conflict(f"“{name}” is in use by now.") from None


def _require_unused(thing: Thing | User) -> None:
    why_not = in_use(thing)
    if why_not:
        raise Conflict(why_not)


def name_of(thing: Any) -> str:
    """What people call it."""
    names_ = ("title", "name", "username")
    return next(str(getattr(thing, one)) for one in names_ if hasattr(thing, one))


def in_use(thing: Thing | User) -> str:
    """Why it cannot be deleted; empty: it can."""
    if isinstance(thing, User):
        return "Who has an account deletes it in their own settings."
    uses: dict[type, list[tuple[Any, str, str, str]]] = {
        Category: [
            (
                Challenge.category_id,
                "challenge is in it",
                "challenges are in it",
                "Move them first.",
            )
        ],
        Level: [(Quest.level_id, "quest belongs to it", "quests belong to it", "Move them first.")],
        Badge: [
            (UserBadge.badge_id, *BY_LEARNERS, "What was earned stays."),
        ],
        League: [
            (Match.league_id, "match is played in it", "matches are played in it", FORECAST_ON),
            (Team.league_id, "team belongs to it", "teams belong to it", FORECAST_ON),
        ],
    }
    for column, one, many, then in uses[type(thing)]:
        count = db.session.scalar(select(func.count()).where(column == thing.id)) or 0
        if count:
            return f"“{thing.name}” is in use: {count:,} {one if count == 1 else many}. {then}"
    return ""


def _word(thing: Thing | User) -> str:
    return type(thing).__name__.lower()


def _place(thing: Thing, name: str) -> None:
    """A new one's address, and its place at the end."""
    if isinstance(thing, League):
        return
    model: Any = type(thing)
    thing.slug = _free_slug(model, name)
    if isinstance(thing, Category):
        thing.position = (db.session.scalar(select(func.max(Category.position))) or 0) + 1
    if isinstance(thing, Level):
        thing.order = (db.session.scalar(select(func.max(Level.order))) or 0) + 1


def _free_slug(model: Any, name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:50] or model.__name__.lower()
    taken = set(db.session.scalars(select(model.slug).where(model.slug.startswith(base))))
    number, slug = 1, base
    while slug in taken:
        number += 1
        slug = f"{base}-{number}"
    return slug


Checked = tuple[dict[str, Any], dict[str, list[str]]]


def _text(fields: dict[str, Any], name: str, most: int, errors: dict[str, list[str]]) -> str:
    text = (
        " ".join(str(fields.get(name) or "").split())
        if most < 1000
        else str(fields.get(name) or "")
    )
    if "\0" in text:
        errors[name] = ["Text must not contain NUL bytes."]
    elif len(text) > most:
        errors[name] = [f"At most {most:,} characters."]
    elif not text and name == "name":
        errors[name] = ["This cannot be empty."]
    return text


def _category(fields: dict[str, Any]) -> Checked:
    errors: dict[str, list[str]] = {}
    found = {
        "name": _text(fields, "name", 128, errors),
        "description": _text(fields, "description", 10_000, errors),
    }
    return found, errors


def _level(fields: dict[str, Any]) -> Checked:
    found, errors = _category(fields)
    xp = fields.get("required_xp")
    if not isinstance(xp, int) or not 0 <= xp <= MOST_XP:
        errors["required_xp"] = [f"A whole number of XP, from 0 to {MOST_XP:,}."]
    return found | {"required_xp": xp}, errors


def _badge(fields: dict[str, Any]) -> Checked:
    found, errors = _category(fields)
    found["icon"] = _text(fields, "icon", 64, errors)
    found["condition_type"], value = fields.get("condition_type"), fields.get("condition_value")
    if found["condition_type"] not in badges.known_conditions():
        errors["condition_type"] = ["There is no such condition."]
    if not isinstance(value, int | float) or not math.isfinite(value) or not 0 < value <= MOST_XP:
        errors["condition_value"] = ["A number above 0: the figure that has to be reached."]
    return found | {"condition_value": value}, errors


def _league(fields: dict[str, Any]) -> Checked:
    errors: dict[str, list[str]] = {}
    found = {
        "name": _text(fields, "name", 80, errors),
        "country": _text(fields, "country", 64, errors),
        "timezone": str(fields.get("timezone") or ""),
    }
    if found["timezone"] not in names.timezones():
        errors["timezone"] = ["There is no such time zone."]
    return found, errors


CHECKS: dict[type, Any] = {Category: _category, Level: _level, Badge: _badge, League: _league}
