"""What an import would do: what it would add, change and leave, and what stands against it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from mlarena.challenges.authoring import about_of
from mlarena.challenges.editing import is_same
from mlarena.challenges.models import Category, Challenge
from mlarena.competitions.models import HostedCompetition
from mlarena.core.db import db
from mlarena.packs import holding, tables, written
from mlarena.packs.contests import Contest
from mlarena.packs.folder import Problem
from mlarena.packs.importer import quest_values
from mlarena.packs.reader import Pack
from mlarena.quests.models import Quest
from mlarena.rewards.models import Badge, Level
from mlarena.submissions.models import Task

ADDED, CHANGED, LEFT = "added", "changed", "left"


@dataclass(frozen=True)
class Step:
    """One thing of the pack: `what` becomes of it, and the `fields` that would be others."""

    kind: str
    slug: str
    title: str
    what: str
    fields: list[str] = field(default_factory=list)


@dataclass
class Plan:
    steps: list[Step] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def count(self, what: str) -> int:
        return sum(step.what == what for step in self.steps)

    @property
    def changes_nothing(self) -> bool:
        return all(step.what == LEFT for step in self.steps)


def plan(pack: Pack) -> Plan:
    """Solutions are not run for it: what only running shows is said by the import."""
    made = Plan()
    for level in pack.levels:
        made.steps.append(_row(Level, "level", level.slug, level.name, level.model_dump()))
    for badge in pack.badges:
        made.steps.append(_row(Badge, "badge", badge.slug, badge.name, badge.model_dump()))
    for place, one in enumerate(pack.categories, 1):
        values = one.model_dump() | {"position": place if one.position is None else one.position}
        made.steps.append(_row(Category, "category", one.slug, one.name, values))
    for table in pack.tables.values():
        made.problems += tables.check(table)
        made.steps.append(_table(table))
    taken = _taken(pack)
    for quest in pack.quests:
        if _is_other(taken.get(quest.slug), Quest):
            made.problems.append(pack.named[quest.slug].problem(_name_taken(quest.slug), "slug"))
            continue
        made.steps.append(_quest(quest, taken.get(quest.slug)))
    for challenge in pack.challenges:
        known = taken.get(challenge.slug)
        if known is not None and known.kind != challenge.kind:
            words = f"slug: there is a {known.kind} by the name `{challenge.slug}` already"
            made.problems.append(challenge.problem(words, "slug"))
            continue
        made.steps.append(_challenge(challenge, known))
    for contest in pack.contests:
        known = taken.get(contest.slug)
        if _is_other(known, HostedCompetition):
            made.problems.append(contest.problem(_name_taken(contest.slug), "slug"))
            continue
        made.steps.append(_contest(contest, known))
    db.session.commit()
    return made


def _taken(pack: Pack) -> dict[str, Task]:
    slugs = [one.slug for one in pack.quests] + [one.slug for one in pack.challenges]
    slugs += [one.slug for one in pack.contests]
    found: dict[str, Task] = {}
    for start in range(0, len(slugs), 500):
        some = slugs[start : start + 500]
        found |= {
            task.slug: task for task in db.session.scalars(select(Task).where(Task.slug.in_(some)))
        }
    return found


def _is_other(task: Task | None, kind: type[Task]) -> bool:
    return task is not None and not isinstance(task, kind)


def _name_taken(slug: str) -> str:
    return f"slug: there is another kind of task by the name `{slug}` already"


def _row(model: Any, kind: str, slug: str, title: str, values: dict[str, Any]) -> Step:
    known = db.session.scalar(select(model).where(model.slug == slug))
    return _step(kind, slug, title, known, values)


def _step(kind: str, slug: str, title: str, known: Any, values: dict[str, Any]) -> Step:
    if known is None:
        return Step(kind, slug, title, ADDED)
    others = [name for name, value in values.items() if getattr(known, name) != value]
    return Step(kind, slug, title, CHANGED if others else LEFT, others)


def _table(table: tables.Table) -> Step:
    known = tables.known(table.name)
    if known is None:
        return Step("data set", table.name, table.model.title, ADDED)
    others = [word for word in tables.WORDS if getattr(known, word) != getattr(table.model, word)]
    if not tables.is_there(table):
        others.append("rows")
    return Step("data set", table.name, table.model.title, CHANGED if others else LEFT, others)


def _quest(quest: Any, known: Task | None) -> Step:
    if not isinstance(known, Quest):
        return Step("quest", quest.slug, quest.title, ADDED)
    # Compared by name: a level or data set of the pack may have no row yet.
    values = quest_values(quest, known.level, known.dataset)
    others = [name for name, value in values.items() if getattr(known, name) != value]
    if known.level.slug != quest.level:
        others.append("level")
    if known.dataset.name != quest.dataset:
        others.append("dataset")
    return Step("quest", quest.slug, quest.title, CHANGED if others else LEFT, others)


def _challenge(challenge: written.Challenge, known: Task | None) -> Step:
    title = challenge.parsed.model.name
    if not isinstance(known, Challenge):
        return Step("challenge", challenge.slug, title, ADDED)
    now, wanted = about_of(known), challenge.about()
    others = [name for name, value in wanted.items() if now.get(name) != value]
    if not is_same(known.version_row(), challenge.content):
        others.append("what is judged")
    status = challenge.parsed.model.status
    # What waits for a worker's check is what the pack wants already.
    if known.status != status and not (status == "published" and known.publish_when_checked):
        others.append("status")
    return Step("challenge", challenge.slug, title, CHANGED if others else LEFT, others)


def _contest(contest: Contest, known: Task | None) -> Step:
    title = contest.model.title
    if not isinstance(known, HostedCompetition):
        return Step("competition", contest.slug, title, ADDED)
    wanted = holding.fields_of(contest)
    others = [name for name, value in wanted.items() if getattr(known, name) != value]
    if holding.is_new(known, contest):
        others.append("files")
    if contest.model.status == "published" and known.status == "draft":
        others.append("status")
    return Step("competition", contest.slug, title, CHANGED if others else LEFT, others)
