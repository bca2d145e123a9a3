"""Reads and checks a pack folder. What comes out can be imported without another question.

pack.yaml · levels.yaml · badges.yaml · categories.yaml · quests/SLUG.yaml, each with its Markdown brief
beside it · challenges/CATEGORY/SLUG.yaml · sql/NAME.sql, which challenges share ·
competitions/SLUG/competition.yaml with its pages and files · datasets/NAME.yaml with its table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath

from mlarena.packs import schema
from mlarena.packs.checks import check_quest, finish_quest
from mlarena.packs.contests import Contest, read_contests
from mlarena.packs.folder import PackError, PackFolder, Problem
from mlarena.packs.parsing import Model, Parsed, parse
from mlarena.packs.tables import Table, is_table, read_tables
from mlarena.packs.written import Challenge, is_challenge, is_sql, read_challenges

__all__ = ["Pack", "PackError", "Problem", "read_pack"]

_LISTS = {"pack.yaml", "levels.yaml", "badges.yaml", "categories.yaml"}
_UNREAD = {"README.md", "LICENCE", "LICENSE"}
_MOST_SHOWN = 20


@dataclass(frozen=True)
class Pack:
    """A checked pack: levels by order, quests by level and position, challenges by category. `named` has
    the way back to the file of each quest, by its slug."""

    info: schema.PackInfo
    levels: list[schema.Level]
    badges: list[schema.Badge]
    quests: list[schema.Quest]
    categories: list[schema.Category]
    challenges: list[Challenge]
    contests: list[Contest]
    tables: dict[str, Table]
    named: dict[str, Parsed[schema.Quest]]


def read_pack(path: Path | str, condition_types: Collection[str] | None = None) -> Pack:
    """Read the pack in the folder `path`; raises PackError naming every problem found.

    `condition_types` are the badge conditions this installation knows; None does not check them.
    """
    folder = PackFolder(Path(path))
    problems: list[Problem] = []
    info = parse(folder, "pack.yaml", schema.PackInfo, problems)
    levels = parse(folder, "levels.yaml", schema.Levels, problems)
    badges = parse(folder, "badges.yaml", schema.Badges, problems)
    categories = parse(folder, "categories.yaml", schema.Categories, problems)
    names = [name for name in folder.files if _is_quest(name)]
    quests = [
        quest
        for quest in (parse(folder, name, schema.Quest, problems) for name in names)
        if quest is not None
    ]
    if levels:
        problems += _check_levels(levels)
    if badges:
        problems += _check_badges(badges, condition_types)
    tables, of_tables = read_tables(folder, problems)
    if levels or "levels.yaml" not in folder.files:
        known = [level.slug for level in levels.model.levels] if levels else []
        for quest in quests:
            problems += [
                quest.problem(f"{field}: {message}", field)
                for field, message in check_quest(
                    quest.model, known, folder.files, quest.name, tables
                )
            ]
    if categories:
        slugs = [(category.slug, "slug") for category in categories.model.categories]
        problems += _repeats(categories, "categories", slugs)
    known_categories = [slug for slug, _ in slugs] if categories else []
    # With categories that could not be read, it is not known which there are.
    told = categories is not None or "categories.yaml" not in folder.files
    challenges, used = read_challenges(folder, known_categories if told else None, problems)
    contests, theirs = read_contests(folder, problems)
    problems += _strangers(folder, quests, used | theirs | of_tables, problems)
    problems += _twins(quests, challenges)
    problems += _names_taken(quests, challenges, contests)
    if problems or info is None:
        raise PackError(problems[:_MOST_SHOWN])

    order = {level.slug: level.order for level in levels.model.levels} if levels else {}
    finished = [finish_quest(quest.model, quest.name, folder) for quest in quests]
    return Pack(
        info.model,
        sorted(levels.model.levels, key=lambda level: level.order) if levels else [],
        badges.model.badges if badges else [],
        sorted(finished, key=lambda quest: (order[quest.level], quest.position, quest.slug)),
        categories.model.categories if categories else [],
        challenges,
        contests,
        tables,
        {quest.model.slug: quest for quest in quests},
    )


def _is_quest(name: str) -> bool:
    return name.startswith("quests/") and name.endswith((".yaml", ".yml"))


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


def _repeats(
    file: Parsed[Model], key: str, values: Sequence[tuple[str | int, str]]
) -> list[Problem]:
    seen: Counter[str | int] = Counter()
    found = []
    for place, (value, field) in enumerate(values):
        seen[value] += 1
        if seen[value] == 2:
            found.append(file.problem(f"{field}: `{value}` is there twice", key, place, field))
    return found


def _twins(quests: list[Parsed[schema.Quest]], challenges: list[Challenge]) -> list[Problem]:
    """A quest and a challenge, or two challenges, under one slug: all tasks share one list of names."""
    seen: set[str] = {quest.model.slug for quest in quests}
    found = []
    for challenge in challenges:
        if challenge.slug in seen:
            found.append(challenge.problem(f"slug: `{challenge.slug}` is there twice", "slug"))
        seen.add(challenge.slug)
    return found


def _names_taken(
    quests: list[Parsed[schema.Quest]], challenges: list[Challenge], contests: list[Contest]
) -> list[Problem]:
    taken = {quest.model.slug for quest in quests} | {one.slug for one in challenges}
    return [
        one.problem(f"slug: `{one.slug}` is there twice", "slug")
        for one in contests
        if one.slug in taken
    ]


def _strangers(
    folder: PackFolder,
    quests: list[Parsed[schema.Quest]],
    used: set[str],
    problems: list[Problem],
) -> list[Problem]:
    """Files that nothing reads: mostly a brief or a quest under a wrong name."""
    briefs = {str(PurePosixPath(quest.name).parent / quest.model.brief) for quest in quests}
    return [
        Problem(name, "nothing in the pack reads this file; is its name or folder right?")
        for name in folder.files
        if name not in _LISTS | _UNREAD | briefs
        and not (_is_quest(name) or is_challenge(name))
        # With a challenge that could not be read, what it uses is not known.
        and not (is_sql(name) and (name in used or problems))
        and not (name.startswith("datasets/") and (name in used or is_table(name) or problems))
        # So with a competition: its folder is its own.
        and not (name.startswith("competitions/") and (name in used or problems))
        # With a quest that could not be read, its brief is not known either.
        and not (name.endswith(".md") and name[:-3] + ".yaml" in folder.files)
    ]
