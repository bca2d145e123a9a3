"""From a checked pack to rows: created or brought up to date by slug, all in one transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from mlarena.core.db import db
from mlarena.core.installation import installation_secret
from mlarena.packs import schema
from mlarena.packs.reader import Pack, read_pack
from mlarena.quests.authoring import save_dataset, save_quest
from mlarena.quests.models import Dataset
from mlarena.rewards.badges import known_conditions
from mlarena.rewards.models import Badge, Level

Said = Callable[[str], None]


@dataclass
class Imported:
    """How many of each the pack holds; all of them are there now."""

    levels: int = 0
    badges: int = 0
    datasets: int = 0
    quests: int = 0


def import_pack(path: Path | str, say: Said = lambda _: None) -> Imported:
    """Import the pack in the folder `path`; raises PackError before anything is written. Commits.

    Importing the same pack again changes nothing; a newer one updates by slug and keeps what
    learners have done.
    """
    pack = read_pack(path, condition_types=known_conditions())
    secret = installation_secret("datasets")
    levels = {entry.slug: _save(Level, entry.model_dump()) for entry in pack.levels}
    for entry in pack.badges:
        _save(Badge, entry.model_dump())
    datasets = {name: _dataset(name, secret, say) for name in _names(pack)}
    db.session.flush()
    for quest in pack.quests:
        save_quest(quest.slug, _quest_values(quest, levels[quest.level], datasets[quest.dataset]))
    db.session.commit()
    return Imported(len(levels), len(pack.badges), len(datasets), len(pack.quests))


def _names(pack: Pack) -> list[str]:
    return sorted({quest.dataset for quest in pack.quests})


def _dataset(name: str, secret: bytes, say: Said) -> Dataset:
    """The stored data set, or built now. Built ones are kept: a secret gives the same rows again."""
    known = db.session.scalar(select(Dataset).where(Dataset.name == name))
    if known is not None:
        return known
    from mlarena.quests.datasets import build  # loads pandas and scikit-learn

    say(f"making the data set {name}")
    return save_dataset(build(name, secret))


def _quest_values(quest: schema.Quest, level: Level, dataset: Dataset) -> dict[str, Any]:
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
        "starter_code": quest.starter_code or "",
        "hints": quest.hints,
        "limits": quest.limits.model_dump(exclude_none=True),
    }


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
