"""A challenge as one person sees it: what is shown of it, and what never is before its time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from mlarena.challenges import hints
from mlarena.challenges.catalogue import Begun, Entry
from mlarena.challenges.contents import CodingContent, KnowledgeContent, SqlContent
from mlarena.challenges.models import Challenge, ChallengeVersion
from mlarena.challenges.versions import content_of, whole
from mlarena.core.clock import rfc3339
from mlarena.submissions import times
from mlarena.submissions.models import Progress

T = TypeVar("T")


class Row(NamedTuple):  # fifty stand on a page, made in half the time of a dataclass
    """A challenge in a list, and where the reader stands with it."""

    entry: Entry
    progress: Begun | Progress | None

    @property
    def state(self) -> str:
        """ "new", "started", "submitted" or "completed"."""
        return self.progress.status if self.progress else "new"

    def shown(self) -> dict[str, Any]:
        entry, progress = self.entry, self.progress
        return {
            "id": entry.id,
            "slug": entry.slug,
            "kind": entry.kind,
            "name": entry.title,
            "summary": entry.summary,
            "category": entry.category,
            "difficulty": entry.difficulty,
            "points": entry.points,
            "engine": entry.engine,
            "type": entry.ranking,
            "published": entry.status == "published",
            "state": entry.status,
            "status": self.state,
            "attempts": progress.attempts if progress else 0,
            "best_score": progress.best_score if progress else None,
            "completed_at": rfc3339(progress.completed_at) if progress else None,
        }


@dataclass(frozen=True)
class View:
    """One challenge with all that its page needs. `reader_id` is None for anyone; `not_offered` says why
    nobody can solve it now."""

    challenge: Challenge
    version: ChallengeVersion
    progress: Progress | None
    reader_id: int | None
    may_edit: bool
    hints_open: int
    attempts_left: int | None
    not_offered: str | None = None

    @property
    def row(self) -> Row:
        return Row(Entry.of(self.challenge), self.progress)

    @property
    def state(self) -> str:
        return self.row.state

    @property
    def solved(self) -> bool:
        return self.state == "completed"

    @property
    def hints(self) -> list[dict[str, Any]]:
        return hints.shown(self.challenge, self.hints_open)

    @property
    def editorial(self) -> str | None:
        """How it is done: for those who have done it, or can try no more."""
        over = self.solved or self.attempts_left == 0
        return self.challenge.editorial if over or self.may_edit else None

    @property
    def task(self) -> dict[str, Any]:
        """What is asked, as the reader may see it."""
        return SHOWN[self.challenge.kind](self)

    def shown(self) -> dict[str, Any]:
        challenge = self.challenge
        found = self.row.shown() | {
            "description": challenge.description,
            **times.shown(challenge),
            "pass_mark": challenge.pass_mark,
            "attempts_allowed": challenge.attempts_allowed,
            "attempts_left": self.attempts_left,
            "hints": self.hints,
            "editorial": self.editorial,
            "version": challenge.version,
            "created_by": challenge.created_by,
            "may_edit": self.may_edit,
        }
        if not self.may_edit:
            return found | self.task
        full = [
            {**hint, "text": written["text"]}
            for hint, written in zip(self.hints, challenge.hints, strict=True)
        ]
        return found | self.task | self._for_authors() | {"hints": full}

    def _for_authors(self) -> dict[str, Any]:
        fields = whole(self.version)
        cases = fields.get("test_cases")
        if cases is not None:
            fields["test_cases"] = [
                {"id": row.id, **case} for row, case in zip(self.version.cases, cases, strict=True)
            ]
        else:
            fields["questions"] = [
                {"id": place, **question} for place, question in enumerate(fields["questions"], 1)
            ]
        return fields | {"warnings": self.version.warnings, "not_offered": self.not_offered}


def _sql(view: View) -> dict[str, Any]:
    content = content_of(view.version)
    assert isinstance(content, SqlContent)  # noqa: S101
    facts = view.version.facts
    return {
        "init": content.init,
        "require_names": content.require_names,
        "time_limit_ms": content.time_limit_ms,
        "tables": facts.get("description", {}).get("tables", []),
        "reference": facts.get("reference"),
        **_cases(view.version),
    }


def _coding(view: View) -> dict[str, Any]:
    content = content_of(view.version)
    assert isinstance(content, CodingContent)  # noqa: S101
    return {
        "function": content.function,
        "signature": content.called,
        "starter_code": content.starter,
        "comparison": content.comparison,
        "tolerance": content.tolerance,
        "limits": content.limits.model_dump(),
        **_cases(view.version),
    }


def _knowledge(view: View) -> dict[str, Any]:
    """Questions and choices in the reader's own order; never an answer or an explanation."""
    content = content_of(view.version)
    assert isinstance(content, KnowledgeContent)  # noqa: S101
    seed = f"{view.reader_id}:{view.challenge.id}:{view.version.number}"
    asked = [
        {
            "id": number,
            "kind": question.kind,
            "prompt": question.prompt,
            "choices": shuffled(question.choices, f"{seed}:{number}") if question.choices else None,
            "weight": question.weight,
        }
        for number, question in enumerate(content.questions, 1)
    ]
    return {"questions": shuffled(asked, seed)}


SHOWN = {"sql": _sql, "coding": _coding, "knowledge": _knowledge}


def _cases(version: ChallengeVersion) -> dict[str, Any]:
    """The visible cases, and how many there are besides."""
    visible = [row for row in version.cases if row.is_visible]
    return {
        "test_cases": [
            {"id": row.id, "is_visible": True, "weight": row.weight, **row.content}
            for row in visible
        ],
        "cases_hidden": len(version.cases) - len(visible),
    }


def shuffled(items: Iterable[T], seed: str) -> list[T]:
    """The same order for the same seed, on every machine and in every version of Python."""
    numbered = list(enumerate(items))

    def place(one: tuple[int, T]) -> bytes:
        return hashlib.sha256(f"{seed}:{one[0]}".encode()).digest()

    return [item for _, item in sorted(numbered, key=place)]


def rows(entries: Iterable[Entry], progress: Mapping[int, Begun]) -> list[Row]:
    return [Row(entry, progress.get(entry.id)) for entry in entries]
