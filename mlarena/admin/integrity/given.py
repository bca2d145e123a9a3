"""What a task gives out or leads everybody to: having the same of it tells nothing."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import select

from mlarena.challenges.contents import SHAPES
from mlarena.challenges.models import Challenge, ChallengeVersion
from mlarena.competitions.models import Competition
from mlarena.core.db import db
from mlarena.quests.models import Quest
from mlarena.scoring.similarity import GRAM, WINDOW, Language, discount
from mlarena.submissions.models import Task

# What is handed in as text: the key of its payload, and its language.
TEXTS: dict[str, tuple[str, Language]] = {"coding": ("code", "python"), "sql": ("query", "sql")}
# What is told apart by its content alone.
FILES = ("quest", "competition")


def text_of(payload: dict[str, Any], kind: str) -> str | None:
    """The program or query that was handed in; None where it was a file or answers."""
    if kind in TEXTS:
        return str(payload.get(TEXTS[kind][0], ""))
    code = payload.get("code")
    return None if code is None else str(code)


def language_of(kind: str) -> Language:
    return TEXTS[kind][1] if kind in TEXTS else "python"


def discounted(task: Task) -> frozenset[int]:
    """The starter code and the reference of every version, in fingerprints."""
    texts: list[str] = []
    if isinstance(task, Challenge) and task.kind in TEXTS:
        contents = db.session.scalars(
            select(ChallengeVersion.content).where(ChallengeVersion.challenge_id == task.id)
        )
        for content in contents:
            texts += [_starter(task.kind, content), content.get("solution", "")]
    if isinstance(task, Quest):
        texts.append(task.starter_code)
    return discount({text for text in texts if text}, language_of(task.kind))


def _starter(kind: str, content: dict[str, Any]) -> str:
    if kind != "coding":
        return ""
    # Its cases are rows of their own, and nothing that a learner is given.
    shape = SHAPES[kind].model_construct(**content)
    return str(getattr(shape, "starter", ""))


def basis(found: frozenset[int], language: Language) -> str:
    """Names how fingerprints are made now."""
    made_by = f"1 {language} {GRAM[language]} {WINDOW[language]} {sorted(found)}"
    return hashlib.sha256(made_by.encode()).hexdigest()[:16]


def given_files(task: Task) -> set[str]:
    """The digests of files and programs that everybody has from the task itself."""
    if isinstance(task, Quest) and task.starter_code:
        return {hashlib.sha256(task.starter_code.encode()).hexdigest()}
    if isinstance(task, Competition) and task.sample_blob:
        return {task.sample_blob}
    return set()
