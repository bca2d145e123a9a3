"""What there are lists of: columns, what is searched, whose order can be changed, what is done to many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import url_for
from sqlalchemy import case

from mlarena.accounts.models import User
from mlarena.admin.lists import bulk, people, things
from mlarena.challenges.models import Category, Challenge
from mlarena.cohorts import access, announcements
from mlarena.cohorts.models import Announcement, Cohort
from mlarena.competitions.models import Competition
from mlarena.core.errors import NotFound
from mlarena.forecasts.models import League
from mlarena.quests.models import Quest
from mlarena.rewards.models import Badge, Level

STATES = {"draft": "Draft", "published": "Published", "archived": "Archived"}
ANNOUNCED = case((Announcement.published_at.is_(None), "draft"), else_="published")
ROLES = {"learner": "Learner", "instructor": "Instructor", "admin": "Admin"}


@dataclass(frozen=True)
class Column:
    """`show` gives a cell; `by` is what it is sorted by, None where it is not. kind: "", "number", "time"."""

    key: str
    word: str
    show: Callable[[Any], Any]
    by: Any = None
    kind: str = ""


@dataclass(frozen=True)
class Shelf:
    """One list. `place` is the column of the order that people give it; `written` says that it is written
    here (things.py), else `edit` leads to where it is."""

    name: str
    word: str
    one: str
    model: Any
    columns: tuple[Column, ...]
    search: tuple[Any, ...]
    by: Any
    states: dict[str, str] = field(default_factory=dict)
    state: Any = None
    actions: dict[str, bulk.Action] = field(default_factory=dict)
    place: Any = None
    written: bool = False
    makes: bool = True
    save: Callable[..., Any] = things.save
    edit: Callable[[Any], str] | None = None
    new: str = ""
    role: str = "instructor"
    # Which of the rows a person may see; None: all.
    within: Callable[[User], Any] | None = None


def _task(model: Any, *more: Column) -> tuple[Column, ...]:
    return (
        Column("title", "Title", lambda row: row.title, model.title),
        *more,
        Column("status", "State", lambda row: STATES[row.status], model.status),
        Column("xp", "XP", lambda row: f"{row.xp_reward:,}", model.xp_reward, "number"),
        Column("made", "Made", lambda row: row.created_at, model.created_at, "time"),
    )


def _announced(said: Announcement) -> str:
    return "published" if said.published_at else "draft"


SHELVES = {
    shelf.name: shelf
    for shelf in (
        Shelf(
            "quests",
            "Quests",
            "quest",
            Quest,
            _task(Quest, Column("level", "Level", lambda row: row.level.name)),
            (Quest.title, Quest.slug, Quest.summary),
            Quest.position,
            STATES,
            Quest.status,
            {
                "publish": bulk.publish_quest,
                "withdraw": bulk.withdraw_quest,
                "archive": bulk.archive_quest,
            },
            Quest.position,
            edit=lambda row: url_for("quest_desk.edit", quest_id=row.id),
            new="quest_desk.new",
        ),
        Shelf(
            "challenges",
            "Challenges",
            "challenge",
            Challenge,
            _task(
                Challenge,
                Column(
                    "kind", "Kind", lambda row: bulk.KINDS.get(row.kind, row.kind), Challenge.kind
                ),
                Column(
                    "category", "Category", lambda row: row.category.name if row.category else "–"
                ),
            ),
            (Challenge.title, Challenge.slug, Challenge.summary),
            Challenge.position,
            STATES,
            Challenge.status,
            {
                "publish": bulk.publish_challenge,
                "withdraw": bulk.withdraw_challenge,
                "archive": bulk.archive_challenge,
                "category": bulk.move_category,
            },
            Challenge.position,
            edit=lambda row: url_for("writing.edit", challenge_id=row.id),
            new="writing.index",
        ),
        Shelf(
            "competitions",
            "Competitions",
            "competition",
            Competition,
            _task(
                Competition,
                Column(
                    "starts", "Starts", lambda row: row.starts_at, Competition.starts_at, "time"
                ),
                Column("ends", "Ends", lambda row: row.ends_at, Competition.ends_at, "time"),
            ),
            (Competition.title, Competition.slug, Competition.summary),
            Competition.starts_at.desc(),
            STATES,
            Competition.status,
            {"publish": bulk.publish_competition, "archive": bulk.archive_competition},
            edit=lambda row: url_for("organise.show", competition_id=row.id),
            new="organise.new",
        ),
        Shelf(
            "categories",
            "Categories",
            "category",
            Category,
            (
                Column("name", "Name", lambda row: row.name, Category.name),
                Column("slug", "Address", lambda row: row.slug, Category.slug),
            ),
            (Category.name, Category.slug),
            Category.position,
            actions={"delete": bulk.delete_unused},
            place=Category.position,
            written=True,
        ),
        Shelf(
            "levels",
            "Levels",
            "level",
            Level,
            (
                Column("name", "Name", lambda row: row.name, Level.name),
                Column(
                    "xp",
                    "Opens at",
                    lambda row: f"{row.required_xp:,} XP",
                    Level.required_xp,
                    "number",
                ),
            ),
            (Level.name, Level.slug),
            Level.order,
            actions={"delete": bulk.delete_unused},
            place=Level.order,
            written=True,
        ),
        Shelf(
            "badges",
            "Badges",
            "badge",
            Badge,
            (
                Column("name", "Name", lambda row: row.name, Badge.name),
                Column("condition", "For", lambda row: row.condition_type, Badge.condition_type),
                Column(
                    "value",
                    "From",
                    lambda row: f"{row.condition_value:g}",
                    Badge.condition_value,
                    "number",
                ),
            ),
            (Badge.name, Badge.slug, Badge.condition_type),
            Badge.condition_type,
            actions={"delete": bulk.delete_unused},
            written=True,
        ),
        Shelf(
            "leagues",
            "Leagues",
            "league",
            League,
            (
                Column("name", "Name", lambda row: row.name, League.name),
                Column("code", "Code", lambda row: row.code, League.code),
                Column("country", "Country", lambda row: row.country, League.country),
                Column("timezone", "Time zone", lambda row: row.timezone, League.timezone),
            ),
            (League.name, League.code, League.country),
            League.name,
            actions={"delete": bulk.delete_unused},
            written=True,
            makes=False,
        ),
        Shelf(
            "cohorts",
            "Cohorts",
            "cohort",
            Cohort,
            (
                Column("title", "Name", lambda row: row.title, Cohort.title),
                Column("timezone", "Time zone", lambda row: row.timezone, Cohort.timezone),
                Column("made", "Made", lambda row: row.created_at, Cohort.created_at, "time"),
                Column("state", "State", lambda row: "Put away" if row.archived_at else "Open"),
            ),
            (Cohort.title,),
            Cohort.title,
            actions={"archive": bulk.archive_cohort, "reopen": bulk.reopen_cohort},
            edit=lambda row: url_for("cohort_desk.show", cohort_id=row.id),
            new="cohort_desk.new",
            within=access.led_by,
        ),
        Shelf(
            "announcements",
            "Announcements",
            "announcement",
            Announcement,
            (
                Column("title", "Headline", lambda row: row.title, Announcement.title),
                Column("to", "To", lambda row: row.cohort.title if row.cohort else "Everybody"),
                Column("state", "State", lambda row: STATES[_announced(row)], ANNOUNCED),
                Column(
                    "told",
                    "Published",
                    lambda row: row.published_at,
                    Announcement.published_at,
                    "time",
                ),
            ),
            (Announcement.title, Announcement.body),
            Announcement.id.desc(),
            {name: STATES[name] for name in ("draft", "published")},
            ANNOUNCED,
            {"publish": bulk.publish_announcement, "withdraw": bulk.withdraw_announcement},
            edit=lambda row: url_for("announcements.edit", announcement_id=row.id),
            new="announcements.new",
            within=announcements.written_by,
        ),
        Shelf(
            "users",
            "Users",
            "user",
            User,
            (
                Column("username", "User name", lambda row: row.username, User.username_key),
                Column("full_name", "Full name", lambda row: row.full_name, User.full_name),
                Column("email", "E-mail", lambda row: row.email, User.email_key),
                Column("role", "Role", lambda row: ROLES[row.role], User.role),
                Column("made", "Here since", lambda row: row.created_at, User.created_at, "time"),
            ),
            (User.username, User.full_name, User.email),
            User.username_key,
            ROLES,
            User.role,
            {"role": bulk.set_role, "cohort": bulk.add_to_cohort},
            written=True,
            save=people.save,
            role="admin",
        ),
    )
}


def find(name: str) -> Shelf:
    if name not in SHELVES:
        raise NotFound("There is no such list.")
    return SHELVES[name]
