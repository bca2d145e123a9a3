"""What a pack's YAML may say. Unknown keys are refused, so that a typing error is not a silence.

docs/content.md shows how a quest is written.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Prose = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
FileName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]


class Entry(BaseModel):
    # Strict: YAML knows numbers from text, and "100" for 100 is more likely a slip than a wish.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class PackInfo(Entry):
    """pack.yaml"""

    format: Literal[1]
    name: Slug
    title: Name
    version: Name
    description: Prose
    licence: Line
    authors: list[Name] = []


class Level(Entry):
    """One entry of levels.yaml. `order` counts from 1; the first level has required_xp 0."""

    slug: Slug
    order: Annotated[int, Field(ge=1, le=1_000)]
    name: Name
    description: Prose
    required_xp: Annotated[int, Field(ge=0, le=1_000_000)]


class Badge(Entry):
    """One entry of badges.yaml. What a condition means is said in rewards/badges.py."""

    slug: Slug
    name: Name
    description: Line
    icon: Annotated[str, StringConstraints(min_length=1, max_length=16)]
    condition_type: Key
    condition_value: Annotated[int, Field(ge=1, le=1_000_000_000)]


class Limits(Entry):
    """What a quest allows; what is left out is the installation's own limit."""

    submissions_per_day: Annotated[int, Field(ge=1, le=10_000)] | None = None
    upload_mb: Annotated[int, Field(ge=1, le=1_000)] | None = None
    wall_seconds: Annotated[float, Field(gt=0, le=600)] | None = None
    memory_mb: Annotated[int, Field(ge=64, le=65_536)] | None = None


class Quest(Entry):
    """One file quests/SLUG.yaml.

    `brief` names the Markdown file beside it; once read, it is that file's text. `starter_code` is
    written for the data set where the file leaves it out. `position` orders a level's quests.
    """

    slug: Slug
    level: Slug
    position: Annotated[int, Field(ge=0, le=1_000)] = 0
    title: Name
    summary: Line
    brief: FileName
    task_type: Literal["regression", "classification", "clustering"]
    dataset: Key
    metric: Key
    threshold: float
    xp_reward: Annotated[int, Field(ge=1, le=10_000)]
    starter_code: Prose | None = None
    hints: list[Line] = []
    limits: Limits = Limits()
    status: Literal["draft", "published"] = "published"


class Category(Entry):
    """One entry of categories.yaml, in the order in which they are listed."""

    slug: Slug
    name: Name
    description: Annotated[str, StringConstraints(max_length=2000)] = ""


class Hint(Entry):
    """A hint, and what it costs of the points."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    cost: Annotated[int, Field(ge=0, le=10_000)] = 0


class Challenge(Entry):
    """One file challenges/CATEGORY/SLUG.yaml: the words around it. What is judged stands in the same file
    and is the kind's own, see `challenges/contents`."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True, allow_inf_nan=False)

    slug: Slug
    kind: Literal["sql", "coding", "knowledge"]
    name: Name
    summary: Line
    description: Prose
    difficulty: Literal["beginner", "intermediate", "advanced"]
    points: Annotated[int, Field(ge=0, le=10_000)]
    position: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    hints: list[Annotated[str, StringConstraints(min_length=1, max_length=2000)] | Hint] = []
    editorial: Annotated[str, StringConstraints(max_length=20_000)] = ""
    pass_mark: Annotated[float, Field(gt=0, le=100)] = 100.0
    attempts_allowed: Annotated[int, Field(ge=1, le=1000)] | None = None
    status: Literal["draft", "published"] = "published"


class DataFile(Entry):
    """A public file of a competition, beside its YAML."""

    name: FileName
    note: Annotated[str, StringConstraints(max_length=300)] = ""


class Baseline(Entry):
    """Predictions in the name of the house."""

    name: Annotated[str, StringConstraints(min_length=2, max_length=40)]
    file: FileName


class Competition(Entry):
    """One file competitions/SLUG/competition.yaml. Its pages are Markdown beside it.

    `days`: it goes on for so many from its first import; else `starts_at` and `ends_at`. `generated` names
    a maker of competitions/datasets, which brings data, answers and baselines.
    """

    slug: Slug
    title: Name
    summary: Line
    metric: Key
    days: Annotated[int, Field(ge=1, le=3_650)] | None = None
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    xp_reward: Annotated[int, Field(ge=0, le=10_000)] = 100
    rated: bool = True
    public_share: Annotated[float, Field(gt=0, lt=1)] = 0.3
    daily_limit: Annotated[int, Field(ge=1, le=1_000)] = 5
    failed_limit: Annotated[int, Field(ge=1, le=1_000)] = 20
    team_size: Annotated[int, Field(ge=1, le=50)] = 1
    ladder_step: Annotated[float, Field(gt=0, le=1e9)] | None = None
    generated: Slug | None = None
    files: list[DataFile] = []
    answers: FileName | None = None
    sample: FileName | None = None
    baselines: list[Baseline] = []
    status: Literal["draft", "published"] = "published"


class Categories(Entry):
    categories: list[Category]


class Levels(Entry):
    levels: list[Level]


class Badges(Entry):
    badges: list[Badge]
