"""Challenges as a pack writes them: challenges/CATEGORY/SLUG.yaml, with SQL in files of its own.

Where a challenge takes SQL (`init`, the `data` of a case) it may name a file of the folder sql/ instead, or
give a list of both, which are put one after the other.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from mlarena.challenges.contents import SHAPES, Content
from mlarena.challenges.contents import parse as parse_content
from mlarena.core.errors import Invalid
from mlarena.packs import schema
from mlarena.packs.folder import PackFolder, Problem
from mlarena.packs.parsing import Parsed, as_clause, parse


@dataclass(frozen=True)
class Challenge:
    """A checked challenge: the words around it, and its content."""

    parsed: Parsed[schema.Challenge]
    category: str | None
    content: Content

    @property
    def slug(self) -> str:
        return self.parsed.model.slug

    @property
    def kind(self) -> str:
        return self.parsed.model.kind

    @property
    def published(self) -> bool:
        return self.parsed.model.status == "published"

    def about(self) -> dict[str, Any]:
        """As `challenges.authoring` takes it."""
        model = self.parsed.model
        fields = model.model_dump(include=set(schema.Challenge.model_fields) - {"kind", "status"})
        hints = [
            hint if isinstance(hint, schema.Hint) else schema.Hint(text=hint)
            for hint in model.hints
        ]
        return fields | {
            "category": self.category,
            "hints": [hint.model_dump() for hint in hints],
        }

    def problem(self, message: str, field: str) -> Problem:
        """`field` as checks name it: `test_cases.0.data`."""
        return self.parsed.problem(message, *_steps(field))


def is_challenge(name: str) -> bool:
    return name.startswith("challenges/") and name.endswith((".yaml", ".yml"))


def is_sql(name: str) -> bool:
    return name.startswith("sql/") and name.endswith(".sql")


def read_challenges(
    folder: PackFolder, categories: Collection[str] | None, problems: list[Problem]
) -> tuple[list[Challenge], set[str]]:
    """Every challenge that is whole, and which SQL files they use; what is wrong is added to `problems`.
    `categories` None: nobody knows which there are."""
    found: list[Challenge] = []
    used: set[str] = set()
    for name in folder.files:
        if not is_challenge(name):
            continue
        parsed = parse(folder, name, schema.Challenge, problems)
        if parsed is not None:
            challenge = _read(parsed, folder, categories, problems, used)
            if challenge is not None:
                found.append(challenge)
    order = {slug: place for place, slug in enumerate(categories or ())}
    found.sort(
        key=lambda one: (
            order.get(one.category or "", len(order)),
            one.parsed.model.position,
            one.slug,
        )
    )
    return found, used


def _read(
    parsed: Parsed[schema.Challenge],
    folder: PackFolder,
    categories: Collection[str] | None,
    problems: list[Problem],
    used: set[str],
) -> Challenge | None:
    path = PurePosixPath(parsed.name)
    before = len(problems)
    if path.stem != parsed.model.slug:
        words = f"slug: `{parsed.model.slug}` and the file's name must be the same"
        problems.append(parsed.problem(words, "slug"))
    category = path.parts[1] if len(path.parts) == 3 else None
    strange = categories is not None and category is not None and category not in categories
    if len(path.parts) > 3 or strange:
        known = ", ".join(categories or ()) or "none"
        words = (
            "the file lies in challenges/, or in challenges/CATEGORY/ with a category of "
            f"categories.yaml: {known}"
        )
        problems.append(parsed.problem(words))
    fields = _with_sql(parsed, folder, problems, used)
    if sum(h.cost for h in parsed.model.hints if isinstance(h, schema.Hint)) > parsed.model.points:
        problems.append(parsed.problem("hints: they cost more than the points", "hints"))
    try:
        content = parse_content(SHAPES[parsed.model.kind], fields)
    except Invalid as invalid:
        if len(problems) == before:  # not for what a missing file has left open
            problems += [
                parsed.problem(f"{field}: {as_clause(words)}", *_steps(field))
                for field, said in invalid.errors.items()
                for words in said
            ]
        return None
    return Challenge(parsed, category, content) if len(problems) == before else None


def _with_sql(
    parsed: Parsed[schema.Challenge],
    folder: PackFolder,
    problems: list[Problem],
    used: set[str],
) -> dict[str, Any]:
    """What is judged, with the text of the named files in place of their names."""
    fields = dict(parsed.model.model_extra or {})
    if parsed.model.kind != "sql":
        return fields

    def text(value: Any, *path: str | int) -> Any:
        if isinstance(value, list) and all(isinstance(part, str) for part in value):
            return "\n".join(str(text(part, *path)) for part in value)
        if (
            not isinstance(value, str)
            or not value.strip().endswith(".sql")
            or "\n" in value.strip()
        ):
            return value
        name = f"sql/{value.strip()}"
        if name not in folder.files:
            problems.append(parsed.problem(f"there is no file `{name}`", *path))
            return ""
        used.add(name)
        return folder.text(name)

    if "init" in fields:
        fields["init"] = text(fields["init"], "init")
    cases = fields.get("test_cases")
    if isinstance(cases, list):
        fields["test_cases"] = [
            {**case, "data": text(case["data"], "test_cases", place, "data")}
            if isinstance(case, dict) and "data" in case
            else case
            for place, case in enumerate(cases)
        ]
    return fields


def _steps(field: str) -> tuple[str | int, ...]:
    return tuple(int(step) if step.isdigit() else step for step in field.split("."))
