"""What can be done to many rows at once: each by the verb that does it to one, each with its own end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mlarena.accounts import audit
from mlarena.accounts import service as accounts
from mlarena.accounts.models import User
from mlarena.admin.lists import things
from mlarena.challenges import authoring as challenges
from mlarena.challenges import shelving
from mlarena.challenges.models import Category, Challenge
from mlarena.cohorts import access, announcements
from mlarena.cohorts import service as cohorts
from mlarena.cohorts.models import Announcement, Cohort, CohortMember
from mlarena.competitions import authoring as competitions
from mlarena.competitions.models import Competition
from mlarena.core.api import LARGEST_ID
from mlarena.core.clock import utcnow
from mlarena.core.db import db, insert
from mlarena.core.errors import Invalid, Problem
from mlarena.quests.desk import writing as quests
from mlarena.quests.models import Quest

KINDS = {"sql": "SQL", "coding": "Python", "knowledge": "Quiz"}
MOST = 100


@dataclass(frozen=True)
class Action:
    """`wants` names the field that it takes besides: "category", "role" or "cohort"."""

    word: str
    done: str
    act: Callable[[User, Any, str], None]
    wants: str = ""


@dataclass(frozen=True)
class Outcome:
    """How many it was done to, and for whom it was not, in words."""

    done: int
    refused: list[str]


def act(
    actor: User, model: Any, action: Action, ids: list[int], given: Mapping[str, str]
) -> Outcome:
    """Do it to each of these, in their order. One that is refused keeps none of the others from it."""
    if not ids:
        raise Invalid("Tick what it is to be done to first.")
    if len(ids) > MOST:
        raise Invalid(f"At most {MOST} at once.")
    done, refused = 0, []
    value = given.get(action.wants, "") if action.wants else ""
    for row_id in ids:
        db.session.commit()
        row = db.session.get(model, row_id, populate_existing=True)
        if row is None:
            continue
        name = things.name_of(row)
        try:
            action.act(actor, row, value)
            done += 1
        except Problem as problem:
            db.session.rollback()
            named = problem.message.startswith(f"“{name}”")
            refused.append(problem.message if named else f"“{name}”: {problem.message}")
    return Outcome(done, refused)


def _number(value: str) -> int:
    return int(value) if value.isdecimal() and 0 < int(value) <= LARGEST_ID else 0


def _archive_quest(actor: User, quest: Quest, _value: str) -> None:
    quests.archive(actor, quest)


def _publish_quest(actor: User, quest: Quest, _value: str) -> None:
    quests.save(actor, quest, quests.about_of(quest), {}, "publish")


def _withdraw_quest(actor: User, quest: Quest, _value: str) -> None:
    quests.save(actor, quest, quests.about_of(quest), {}, "withdraw")


def _note(actor: User, challenge: Challenge, verb: str) -> None:
    audit.note(actor, f"challenge.{verb}", f"challenge:{challenge.id}")
    db.session.commit()


def _publish_challenge(actor: User, challenge: Challenge, _value: str) -> None:
    challenges.update(actor, challenge, {}, publish=True)
    _note(actor, challenge, "publish")


def _withdraw_challenge(actor: User, challenge: Challenge, _value: str) -> None:
    challenges.update(actor, challenge, {}, publish=False)
    _note(actor, challenge, "withdraw")


def _archive_challenge(actor: User, challenge: Challenge, _value: str) -> None:
    shelving.archive(challenge)
    _note(actor, challenge, "archive")


def _move_category(actor: User, challenge: Challenge, value: str) -> None:
    category = db.session.get(Category, _number(value)) if value else None
    if category is None and value:
        raise Invalid("There is no such category.")
    db.session.commit()
    challenge.category = category
    audit.note(
        actor,
        "challenge.move",
        f"challenge:{challenge.id}",
        category=category.slug if category else None,
    )
    db.session.commit()


def _publish_competition(actor: User, competition: Competition, _value: str) -> None:
    if competition.status == "archived":
        competitions.reopen(competition)
    else:
        competitions.open_(competition)
    audit.note(actor, "competition.open", f"competition:{competition.id}")
    db.session.commit()


def _archive_competition(actor: User, competition: Competition, _value: str) -> None:
    competitions.close(competition)
    audit.note(actor, "competition.withdraw", f"competition:{competition.id}")
    db.session.commit()


def _archive_cohort(actor: User, cohort: Cohort, _value: str) -> None:
    cohorts.archive(actor, access.led(cohort.id, actor), archived=True)


def _reopen_cohort(actor: User, cohort: Cohort, _value: str) -> None:
    cohorts.archive(actor, access.led(cohort.id, actor), archived=False)


def _delete_thing(actor: User, thing: things.Thing, _value: str) -> None:
    things.remove(actor, thing)


def _publish_announcement(actor: User, said: Announcement, _value: str) -> None:
    announcements.publish(actor, announcements.find(said.id, actor))


def _withdraw_announcement(actor: User, said: Announcement, _value: str) -> None:
    announcements.withdraw(actor, announcements.find(said.id, actor))


def _set_role(actor: User, user: User, value: str) -> None:
    before = user.role
    accounts.set_role(user, value)
    audit.note(actor, "user.set_role", f"user:{user.id}", before=before, after=value)
    db.session.commit()


def _add_to_cohort(actor: User, user: User, value: str) -> None:
    cohort = access.led(_number(value), actor)
    if cohort.archived_at is not None:
        raise Invalid("That cohort is put away.")
    user_id, cohort_id = user.id, cohort.id
    db.session.commit()
    joined = insert(CohortMember).values(
        cohort_id=cohort_id, user_id=user_id, nickname="", joined_at=utcnow()
    )
    db.session.execute(
        joined.on_conflict_do_update(
            index_elements=[CohortMember.cohort_id, CohortMember.user_id], set_={"left_at": None}
        )
    )
    audit.note(actor, "cohort.add_learner", f"cohort:{cohort_id}", user_id=user_id)
    db.session.commit()


publish_quest = Action("Publish", "published", _publish_quest)
withdraw_quest = Action("Back to drafts", "drafts again", _withdraw_quest)
archive_quest = Action("Archive", "archived", _archive_quest)
publish_challenge = Action("Publish", "published", _publish_challenge)
withdraw_challenge = Action("Back to drafts", "drafts again", _withdraw_challenge)
archive_challenge = Action("Archive", "archived", _archive_challenge)
move_category = Action("Move to the category", "moved", _move_category, "category")
publish_competition = Action("Publish", "published", _publish_competition)
archive_competition = Action("Withdraw", "withdrawn", _archive_competition)
archive_cohort = Action("Put away", "put away", _archive_cohort)
reopen_cohort = Action("Bring back", "brought back", _reopen_cohort)
delete_unused = Action("Delete unused", "deleted", _delete_thing)
publish_announcement = Action("Publish", "published", _publish_announcement)
withdraw_announcement = Action("Withdraw", "withdrawn", _withdraw_announcement)
set_role = Action("Give the role", "changed", _set_role, "role")
add_to_cohort = Action("Add to the cohort", "added", _add_to_cohort, "cohort")
