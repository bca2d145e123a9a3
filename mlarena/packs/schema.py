"""What a pack's YAML may say. Unknown keys are refused, so that a typing error is not a silence.

docs/content.md shows how a quest is written.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Prose = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
# What a draft may leave empty.
Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300)]
Text = Annotated[str, StringConstraints(max_length=20_000)]
Status = Literal["draft", "published", "archived"]
FileName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Source = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([-_][a-z0-9]+)*$", max_length=64)]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
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
    summary: Short
    brief: FileName
    task_type: Literal["regression", "classification", "clustering"]
    dataset: Source
    metric: Key
    threshold: float
    xp_reward: Annotated[int, Field(ge=1, le=10_000)]
    starter_code: Prose | None = None
    reference_code: Text = ""
    hints: list[Annotated[str, StringConstraints(min_length=1, max_length=20_000)]] = []
    limits: Limits = Limits()
    status: Status = "published"


class Kept(Entry):
    """Data that was cut by a form here: it stays in this installation's store, and a pack names it. `seal`
    shows that this installation wrote the names, so that nobody makes a download of what is hidden."""

    columns: list[dict[str, str]]
    rows: int
    hidden_rows: int
    train: Digest
    sample: Digest
    hidden_features: Digest
    hidden_target: Digest
    cut: dict[str, Any]
    seal: Digest


class DataSet(Entry):
    """One file datasets/NAME.yaml. Either `data`, a whole table beside it that the import cuts, or `kept`."""

    name: Source
    title: Name
    description: Text = ""
    licence: Annotated[str, StringConstraints(max_length=200)] = ""
    source: Annotated[str, StringConstraints(max_length=200)] = ""
    task_type: Literal["regression", "classification", "clustering"]
    target: Annotated[str, StringConstraints(max_length=64)] | None = None
    data: FileName | None = None
    hidden_percent: Annotated[int, Field(ge=10, le=60)] = 30
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 1
    stratify: bool = True
    kept: Kept | None = None


class Category(Entry):
    """One entry of categories.yaml. Without `position` they are listed in the order of the file."""

    slug: Slug
    name: Name
    description: Annotated[str, StringConstraints(max_length=2000)] = ""
    position: Annotated[int, Field(ge=0, le=1_000_000)] | None = None


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
    summary: Short
    description: Text
    difficulty: Literal["beginner", "intermediate", "advanced"]
    points: Annotated[int, Field(ge=0, le=10_000)]
    position: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    hints: list[Annotated[str, StringConstraints(min_length=1, max_length=2000)] | Hint] = []
    editorial: Annotated[str, StringConstraints(max_length=20_000)] = ""
    pass_mark: Annotated[float, Field(gt=0, le=100)] = 100.0
    attempts_allowed: Annotated[int, Field(ge=1, le=1000)] | None = None
    status: Status = "published"


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
    summary: Short
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
    teams_until: AwareDatetime | None = None
    upload_mb: Annotated[int, Field(ge=1, le=2_048)] | None = None
    ladder_step: Annotated[float, Field(gt=0, le=1e9)] | None = None
    generated: Slug | None = None
    files: list[DataFile] = []
    answers: FileName | None = None
    sample: FileName | None = None
    baselines: list[Baseline] = []
    status: Status = "published"


class Categories(Entry):
    categories: list[Category]


class Levels(Entry):
    levels: list[Level]


class Badges(Entry):
    badges: list[Badge]
