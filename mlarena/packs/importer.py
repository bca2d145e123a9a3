"""From a checked pack to rows: created or brought up to date by slug, all in one transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from mlarena.boards import index as board_index
from mlarena.challenges import engines
from mlarena.core.db import db
from mlarena.core.installation import installation_secret
from mlarena.packs import schema, tables
from mlarena.packs.holding import hold
from mlarena.packs.placing import check_all, save_all, save_categories
from mlarena.packs.reader import Pack, PackError, read_pack
from mlarena.quests import derived
from mlarena.quests.authoring import save_dataset, save_quest
from mlarena.quests.baselines import enter_missing
from mlarena.quests.datasets import SOURCES, build
from mlarena.quests.desk.starter import starter_code
from mlarena.quests.desk.writing import written as said_by
from mlarena.quests.models import Dataset
from mlarena.rewards.badges import known_conditions
from mlarena.rewards.models import Badge, Level
from mlarena.scoring.metrics import METRICS
from mlarena.submissions import jail, revisions

Said = Callable[[str], None]


@dataclass
class Imported:
    """How many of each the pack holds; all of them are there now."""

    levels: int = 0
    badges: int = 0
    datasets: int = 0
    quests: int = 0
    challenges: int = 0
    competitions: int = 0


def import_pack(
    path: Path | str, say: Said = lambda _: None, by_workers: bool = False, later: bool = False
) -> Imported:
    """Import the pack in the folder `path`; raises PackError before anything is written. Commits.

    Importing the same pack again changes nothing; a newer one updates by slug and keeps what
    learners have done. Challenges are checked in this process, or `by_workers` where it has no jail;
    `later`, new ones are published by a worker, each as soon as it has been checked.
    """
    pack = read_pack(path, condition_types=known_conditions())
    with nullcontext() if by_workers else _judging_here():
        checked = check_all(pack.challenges, say, later)
    problems = [problem for table in pack.tables.values() for problem in tables.check(table)]
    if problems:
        raise PackError(problems)
    secret = installation_secret("datasets")
    placed = {table.name: tables.place(table, say) for table in pack.tables.values()}
    levels = {entry.slug: _save(Level, entry.model_dump()) for entry in pack.levels}
    for entry in pack.badges:
        _save(Badge, entry.model_dump())
    datasets = {
        name: placed[name][0] if name in placed else _dataset(name, secret, say)
        for name in _names(pack)
    }
    db.session.flush()
    for quest in pack.quests:
        saved = save_quest(
            quest.slug, quest_values(quest, levels[quest.level], datasets[quest.dataset])
        )
        if placed.get(quest.dataset, (None, False))[1]:
            saved.version += 1  # the same name, other rows
        revisions.note(None, saved, said_by(saved))
    save_categories(pack.categories)
    changes = save_all(checked, say)
    db.session.commit()
    board_index.apply(changes)
    enter_missing()
    with nullcontext() if by_workers else _judging_here():
        for contest in pack.contests:
            hold(contest, say)
    return Imported(
        len(levels),
        len(pack.badges),
        len(datasets),
        len(pack.quests),
        len(pack.challenges),
        len(pack.contests),
    )


@contextmanager
def _judging_here() -> Iterator[None]:
    """A command cannot wait for workers, which start after it: it opens a jail of its own, if it must."""
    before = jail.running()
    jail.judge_here()
    try:
        yield
    finally:
        if not before:
            engines.close()
            jail.close()


def _names(pack: Pack) -> list[str]:
    return sorted({quest.dataset for quest in pack.quests})


def _dataset(name: str, secret: bytes, say: Said) -> Dataset:
    """The stored data set, or built now. Built ones are kept: a secret gives the same rows again.

    What is said of it is the registry's, and what is made of its rows is brought up to date.
    """
    source = SOURCES[name]
    known = db.session.scalar(select(Dataset).where(Dataset.name == name))
    if known is not None:
        for word in ("title", "description", "licence", "source"):
            setattr(known, word, getattr(source, word))
        if known.derived_with != derived.stamp():
            say(f"drawing the data set {name}")
            derived.derive(known, source.task_type)
        return known
    say(f"making the data set {name}")
    return save_dataset(build(name, secret))


def quest_values(quest: schema.Quest, level: Level, dataset: Dataset) -> dict[str, Any]:
    return {
        "title": quest.title,
        "summary": quest.summary,
        "description": quest.brief,
        "status": quest.status,
        "position": quest.position,
        "xp_reward": quest.xp_reward,
        "level_id": level.id,
        "dataset_id": dataset.id,
        "task_type": quest.task_type,
        "metric": quest.metric,
        "threshold": quest.threshold,
        "starter_code": quest.starter_code or _starter(quest, dataset),
        "reference_code": quest.reference_code,
        "hints": quest.hints,
        "limits": quest.limits.model_dump(exclude_none=True),
    }


def _starter(quest: schema.Quest, dataset: Dataset) -> str:
    """For the columns of a table that the pack has brought."""
    numbers: list[str] = []
    words: list[str] = []
    for column in dataset.columns:
        (words if column["dtype"] == "text" else numbers).append(column["name"])
    return starter_code(quest.task_type, METRICS[quest.metric], numbers, words, gaps=True)


def _save(model: type[Any], values: dict[str, Any]) -> Any:
    row = db.session.scalar(select(model).where(model.slug == values["slug"]))
    if row is None:
        row = model(**values)
        db.session.add(row)
    for name, value in values.items():
        if getattr(row, name) != value:
            setattr(row, name, value)
    db.session.flush()
    return row


def fingerprint(path: Path) -> str:
    """Changes with any file of the pack: what lets a start skip an import that was done before."""
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")):
        if file.is_file():
            digest.update(json.dumps(str(file.relative_to(path))).encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


def summary(imported: Imported) -> str:
    return ", ".join(f"{count} {name}" for name, count in asdict(imported).items())
