"""Reads and checks a pack folder. What comes out can be imported without another question.

pack.yaml · levels.yaml · badges.yaml · quests/SLUG.yaml, each with its Markdown brief beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Generic, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mlarena.packs import schema
from mlarena.packs.checks import check_quest, finish_quest
from mlarena.packs.folder import PackError, PackFolder, Problem
from mlarena.packs.yamlfile import YamlError, YamlFile

__all__ = ["Pack", "PackError", "Problem", "read_pack"]

_Model = TypeVar("_Model", bound=schema.Entry)
_LISTS = {"pack.yaml", "levels.yaml", "badges.yaml"}
_UNREAD = {"README.md", "LICENCE", "LICENSE"}
_MOST_SHOWN = 20


@dataclass(frozen=True)
class Pack:
    """A checked pack: levels by order, quests by level and position."""

    info: schema.PackInfo
    levels: list[schema.Level]
    badges: list[schema.Badge]
    quests: list[schema.Quest]


@dataclass(frozen=True)
class Parsed(Generic[_Model]):
    """A checked file and the way back from its fields to their lines."""

    name: str
    model: _Model
    yaml: YamlFile

    def problem(self, message: str, *path: str | int) -> Problem:
        return Problem(self.name, message, self.yaml.line_of(path))


def read_pack(path: Path | str, condition_types: Collection[str] | None = None) -> Pack:
    """Read the pack in the folder `path`; raises PackError naming every problem found.

    `condition_types` are the badge conditions this installation knows; None does not check them.
    """
    folder = PackFolder(Path(path))
    problems: list[Problem] = []
    info = _parse(folder, "pack.yaml", schema.PackInfo, problems)
    levels = _parse(folder, "levels.yaml", schema.Levels, problems)
    badges = _parse(folder, "badges.yaml", schema.Badges, problems)
    names = [name for name in folder.files if _is_quest(name)]
    quests = [
        quest
        for quest in (_parse(folder, name, schema.Quest, problems) for name in names)
        if quest is not None
    ]
    if levels:
        problems += _check_levels(levels)
    if badges:
        problems += _check_badges(badges, condition_types)
    if levels or "levels.yaml" not in folder.files:
        known = [level.slug for level in levels.model.levels] if levels else []
        for quest in quests:
            problems += [
                quest.problem(f"{field}: {message}", field)
                for field, message in check_quest(quest.model, known, folder.files, quest.name)
            ]
    problems += _strangers(folder, quests)
    if problems or info is None:
        raise PackError(problems[:_MOST_SHOWN])

    order = {level.slug: level.order for level in levels.model.levels} if levels else {}
    finished = [finish_quest(quest.model, quest.name, folder) for quest in quests]
    return Pack(
        info.model,
        sorted(levels.model.levels, key=lambda level: level.order) if levels else [],
        badges.model.badges if badges else [],
        sorted(finished, key=lambda quest: (order[quest.level], quest.position, quest.slug)),
    )


def _is_quest(name: str) -> bool:
    return name.startswith("quests/") and name.endswith((".yaml", ".yml"))


def _parse(
    folder: PackFolder, name: str, model: type[_Model], problems: list[Problem]
) -> Parsed[_Model] | None:
    """The checked file, or None with the reasons added to `problems`. Only pack.yaml must exist."""
    if name not in folder.files:
        if name == "pack.yaml":
            problems.append(Problem(name, "this file is missing; it says which pack this is"))
        return None
    try:
        file = YamlFile(folder.text(name))
        return Parsed(name, model.model_validate(file.data), file)
    except PackError as error:
        problems += error.problems
    except YamlError as error:
        problems.append(Problem(name, error.message, error.line))
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            problems.append(Problem(name, _words(detail, model), file.line_of(detail["loc"])))
    return None


def _words(detail: ErrorDetails, model: type[schema.Entry]) -> str:
    """One of pydantic's findings as an author would say it."""
    field = ".".join(str(step) for step in detail["loc"])
    match detail["type"]:
        case "missing":
            return f"{field}: this is missing"
        case "extra_forbidden":
            known = ", ".join(model.model_fields) if len(detail["loc"]) == 1 else ""
            return f"{field}: this key is not known" + (f"; there are {known}" if known else "")
        case "model_type" if not field:
            return "the file must hold keys and values, such as `title: …`"
        case "string_pattern_mismatch":
            return f"{field}: small letters, digits and single dashes or underscores only"
    return f"{field}: {detail['msg'][0].lower()}{detail['msg'][1:]}"


def _check_levels(file: Parsed[schema.Levels]) -> list[Problem]:
    found = _repeats(file, "levels", [(level.slug, "slug") for level in file.model.levels])
    found += _repeats(file, "levels", [(level.order, "order") for level in file.model.levels])
    ladder = sorted(file.model.levels, key=lambda level: level.order)
    place = {level.slug: position for position, level in enumerate(file.model.levels)}
    if ladder and ladder[0].required_xp:
        first = ladder[0].slug
        found.append(
            file.problem(
                f"required_xp: the first level, `{first}`, must be open from the start: 0",
                "levels", place[first], "required_xp",
            )
        )  # fmt: skip
    for lower, upper in pairwise(ladder):
        if upper.required_xp < lower.required_xp:
            found.append(
                file.problem(
                    f"required_xp: `{upper.slug}` comes after `{lower.slug}` but asks for less",
                    "levels", place[upper.slug], "required_xp",
                )
            )  # fmt: skip
    return found


def _check_badges(
    file: Parsed[schema.Badges], condition_types: Collection[str] | None
) -> list[Problem]:
    found = _repeats(file, "badges", [(badge.slug, "slug") for badge in file.model.badges])
    for place, badge in enumerate(file.model.badges):
        if condition_types is not None and badge.condition_type not in condition_types:
            found.append(
                file.problem(
                    f"condition_type: `{badge.condition_type}` is not known; "
                    f"there are {', '.join(sorted(condition_types))}",
                    "badges", place, "condition_type",
                )
            )  # fmt: skip
    return found


def _repeats(file: Parsed[_Model], key: str, values: list[tuple[str | int, str]]) -> list[Problem]:
    seen: Counter[str | int] = Counter()
    found = []
    for place, (value, field) in enumerate(values):
        seen[value] += 1
        if seen[value] == 2:
            found.append(file.problem(f"{field}: `{value}` is there twice", key, place, field))
    return found


def _strangers(folder: PackFolder, quests: list[Parsed[schema.Quest]]) -> list[Problem]:
    """Files that nothing reads: mostly a brief or a quest under a wrong name."""
    briefs = {str(PurePosixPath(quest.name).parent / quest.model.brief) for quest in quests}
    return [
        Problem(name, "nothing in the pack reads this file; is its name or folder right?")
        for name in folder.files
        if name not in _LISTS | _UNREAD | briefs
        and not _is_quest(name)
        # With a quest that could not be read, its brief is not known either.
        and not (name.endswith(".md") and name[:-3] + ".yaml" in folder.files)
    ]
