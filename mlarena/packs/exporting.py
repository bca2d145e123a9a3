"""From rows to the files of a pack: what is imported again, here, changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import yaml
from sqlalchemy import select

from mlarena.challenges.authoring import about_of
from mlarena.challenges.models import Category, Challenge
from mlarena.challenges.versions import whole
from mlarena.competitions.models import HostedCompetition
from mlarena.core.db import db
from mlarena.core.installation import Note
from mlarena.core.storage import storage
from mlarena.packs import tables
from mlarena.packs.contests import PAGES
from mlarena.quests.datasets import SOURCES
from mlarena.quests.models import Quest
from mlarena.rewards.models import Badge, Level
from mlarena.submissions.models import Submission

# SQL longer than this stands in a file of its own.
_INLINE = 2_000


@dataclass
class Chosen:
    """What to export, by id. `everything` is all of it, with levels, badges and categories."""

    quests: list[int] = field(default_factory=list)
    challenges: list[int] = field(default_factory=list)
    categories: list[int] = field(default_factory=list)
    competitions: list[int] = field(default_factory=list)
    everything: bool = False


def export(chosen: Chosen, name: str = "export", title: str = "An export") -> dict[str, bytes]:
    """File name → content. What is not there any more is left out."""
    files: dict[str, Any] = {}
    quests = _rows(Quest, chosen.quests, chosen.everything)
    contests = _rows(HostedCompetition, chosen.competitions, chosen.everything)
    challenges = _challenges(chosen)
    if quests or chosen.everything:
        files["levels.yaml"] = {"levels": [_level(row) for row in _all(Level, Level.order)]}
    if chosen.everything:
        files["badges.yaml"] = {"badges": [_badge(row) for row in _all(Badge, Badge.id)]}
    if challenges or chosen.everything:
        files |= _categories(challenges, chosen)
    for quest in quests:
        files |= _quest(quest)
    for challenge in challenges:
        files |= _challenge(challenge)
    for contest in contests:
        files |= _contest(contest)
    files["pack.yaml"] = {
        "format": 1,
        "name": name,
        "title": title,
        "version": "1",
        "description": "Exported from MLArena. Whoever reads a pack reads the answers in it.",
        "licence": "Not said",
    }
    return {path: _written(content) for path, content in files.items()}


def _written(content: Any) -> bytes:
    if isinstance(content, bytes):
        return content
    return content.encode() if isinstance(content, str) else to_yaml(content).encode()


# They end a line in YAML as well, and are folded unless they are written as escapes.
OTHER_ENDS = "\x85\u2028\u2029"


class _Dumper(yaml.SafeDumper):
    """Several lines as a block, no aliases: those are not read."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    style = "|" if "\n" in value else None
    if any(sign in value for sign in OTHER_ENDS):
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def to_yaml(content: Any) -> str:
    """What our reader reads back as the very same."""
    written: str = yaml.dump(
        content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100
    )
    return written


def _rows(model: Any, ids: list[int], everything: bool) -> list[Any]:
    if not ids and not everything:
        return []
    query = select(model).order_by(model.id)
    return list(db.session.scalars(query if everything else query.where(model.id.in_(ids))))


def _all(model: Any, order: Any) -> Iterable[Any]:
    return db.session.scalars(select(model).order_by(order))


def _challenges(chosen: Chosen) -> list[Challenge]:
    query = select(Challenge).order_by(Challenge.id)
    if not chosen.everything:
        if not chosen.challenges and not chosen.categories:
            return []
        query = query.where(
            Challenge.id.in_(chosen.challenges) | Challenge.category_id.in_(chosen.categories)
        )
    return list(db.session.scalars(query))


def _level(row: Level) -> dict[str, Any]:
    return {
        name: getattr(row, name) for name in ("slug", "order", "name", "description", "required_xp")
    }


def _badge(row: Badge) -> dict[str, Any]:
    names = ("slug", "name", "description", "icon", "condition_type", "condition_value")
    found = {name: getattr(row, name) for name in names}
    return found | {"condition_value": int(row.condition_value)}


def _categories(challenges: list[Challenge], chosen: Chosen) -> dict[str, Any]:
    used = {challenge.category_id for challenge in challenges} | set(chosen.categories)
    rows = [
        {name: getattr(row, name) for name in ("slug", "name", "description", "position")}
        for row in _all(Category, Category.position)
        if chosen.everything or row.id in used
    ]
    return {"categories.yaml": {"categories": rows}} if rows else {}


def _quest(quest: Quest) -> dict[str, Any]:
    fields = {
        "slug": quest.slug,
        "level": quest.level.slug,
        "position": quest.position,
        "title": quest.title,
        "summary": quest.summary,
        "brief": f"{quest.slug}.md",
        "task_type": quest.task_type,
        "dataset": quest.dataset.name,
        "metric": quest.metric,
        "threshold": quest.threshold,
        "xp_reward": quest.xp_reward,
        "starter_code": quest.starter_code,
        "reference_code": quest.reference_code,
        "hints": quest.hints,
        "limits": quest.limits,
        "status": quest.status,
    }
    for name in ("reference_code", "hints", "limits", "starter_code"):
        if not fields[name]:
            del fields[name]
    found: dict[str, Any] = {
        f"quests/{quest.slug}.yaml": fields,
        f"quests/{quest.slug}.md": quest.description,
    }
    data = quest.dataset
    if data.name not in SOURCES:
        found[f"datasets/{data.name}.yaml"] = {
            "name": data.name,
            **{word: getattr(data, word) for word in tables.WORDS},
            "task_type": (data.cut or {}).get("task_type", quest.task_type),
            "target": data.target,
            "kept": tables.kept_of(data),
        }
    return found


def _challenge(challenge: Challenge) -> dict[str, Any]:
    about = about_of(challenge)
    category = about.pop("category")
    fields = {"slug": about.pop("slug"), "kind": challenge.kind, **about}
    if fields["attempts_allowed"] is None:
        del fields["attempts_allowed"]
    fields |= {"status": challenge.status, **whole(challenge.version_row())}
    found: dict[str, Any] = {}
    if challenge.kind == "sql":
        fields["init"] = _sql(found, f"{challenge.slug}-init", fields["init"])
        fields["test_cases"] = [
            {**case, "data": _sql(found, f"{challenge.slug}-case-{place}", case["data"])}
            for place, case in enumerate(fields["test_cases"], 1)
        ]
    folder = f"challenges/{category}" if category else "challenges"
    return found | {f"{folder}/{challenge.slug}.yaml": fields}


def _sql(files: dict[str, Any], name: str, script: str) -> str:
    """The script, or the name of the file that it went into. As it is only where a file keeps it so."""
    if len(script) <= _INLINE and not script.strip().endswith(".sql"):
        return script
    if "\r\n" in script or script.startswith("\ufeff"):
        return script
    files[f"sql/{name}.sql"] = script
    return f"{name}.sql"


def _contest(contest: HostedCompetition) -> dict[str, Any]:
    home = f"competitions/{contest.slug}"
    fields: dict[str, Any] = {
        name: getattr(contest, name)
        for name in (
            *("slug", "title", "summary", "metric", "xp_reward", "rated", "public_share"),
            *("daily_limit", "failed_limit", "team_size", "upload_mb", "ladder_step"),
        )
        if getattr(contest, name) is not None
    }
    for name in ("starts_at", "ends_at", "teams_until"):
        moment = getattr(contest, name)
        if moment is not None:
            fields[name] = moment
    found: dict[str, Any] = {
        f"{home}/{file}": getattr(contest, page)
        for page, file in PAGES.items()
        if getattr(contest, page) or page == "description"
    }
    note = db.session.get(Note, f"competition:{contest.slug}")
    if note is not None and note.value.startswith("generated "):
        fields["generated"] = note.value.removeprefix("generated ")
    elif contest.answers_blob:
        fields |= _contest_files(contest, home, found)
    fields["status"] = contest.status
    return found | {f"{home}/competition.yaml": fields}


def _contest_files(contest: HostedCompetition, home: str, found: dict[str, Any]) -> dict[str, Any]:
    """The answers, the sample, the public files, and what the house handed in."""
    read, taken = storage().read, {file.name for file in contest.files}

    def put(name: str, sha256: str) -> str:
        while name in taken or f"{home}/{name}" in found:
            name = f"own-{name}"
        found[f"{home}/{name}"] = read(sha256)
        return name

    for file in contest.files:
        found[f"{home}/{file.name}"] = read(file.blob)
    fields: dict[str, Any] = {
        "files": [{"name": file.name, "note": file.note} for file in contest.files],
        "answers": put("answers.csv", contest.answers_blob or ""),
    }
    if contest.sample_blob:
        fields["sample"] = put("sample_submission.csv", contest.sample_blob)
    houses = db.session.execute(
        select(Submission.house, Submission.blob_sha256)
        .where(Submission.task_id == contest.id, Submission.house.is_not(None))
        .where(Submission.attempt_no == contest.version)
        .order_by(Submission.id)
    )
    fields["baselines"] = [
        {"name": name, "file": put(f"baseline-{place}.csv", sha256 or "")}
        for place, (name, sha256) in enumerate(houses, 1)
    ]
    return fields


__all__ = ["Chosen", "export", "to_yaml"]
