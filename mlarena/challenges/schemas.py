"""What the challenges' JSON door takes. What is judged is checked by its kind's shape in `contents`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, field_validator

from mlarena.core.api import LARGEST_ID, Body, PageQuery, Strict

Kind = Literal["sql", "coding", "knowledge"]
Difficulty = Literal["beginner", "intermediate", "advanced"]
State = Literal["new", "started", "submitted", "completed"]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
Json = dict[str, Any]

LONGEST_PAYLOAD = 64 * 1024  # bytes of UTF-8


class ChallengesQuery(PageQuery):
    per_page: int = Field(50, ge=1, le=100)
    kind: Kind | None = None
    category: Slug | None = None
    difficulty: Difficulty | None = None
    status: State | None = None
    engine: Literal["sqlite", "duckdb", "postgres"] | None = None
    q: str = Field("", max_length=100)
    # Instructors: those that are not published, too.
    state: Literal["draft", "published", "archived"] | None = None


class Hint(Strict):
    text: str = Field(min_length=1, max_length=2000)
    cost: int = Field(0, ge=0, le=10_000)


class About(Body):
    """The words around what is judged, and the rules of the game."""

    slug: Slug | None = None
    summary: str = Field("", max_length=300)
    description: str = Field("", max_length=20_000)
    category: Slug | None = None
    difficulty: Difficulty = "beginner"
    points: int = Field(10, ge=0, le=10_000)
    hints: list[Hint] = Field([], max_length=20)
    editorial: str = Field("", max_length=20_000)
    pass_mark: float = Field(100, gt=0, le=100)
    attempts_allowed: int | None = Field(None, ge=1, le=1000)
    position: int = Field(0, ge=0, le=1_000_000)

    @field_validator("hints", mode="before")
    @classmethod
    def _hints_may_be_plain(cls, hints: Any) -> Any:
        if not isinstance(hints, list):
            return hints
        return [{"text": hint} if isinstance(hint, str) else hint for hint in hints]


class Judged(About):
    """What is judged: which of these fields a challenge has, its kind says."""

    publish: bool | None = None
    # With `publish` it is published at `opens_at`; from `closes_at` on it takes nothing in.
    opens_at: AwareDatetime | None = None
    closes_at: AwareDatetime | None = None

    # sql
    type: str | None = None
    engine: str | None = None
    init: str | None = None
    require_names: bool | None = None
    no_difference: list[str] | None = None
    time_limit_ms: int | None = None
    # coding
    function: str | None = None
    signature: str | None = None
    starter_code: str | None = None
    comparison: str | None = None
    tolerance: float | None = None
    limits: Json | None = None
    # both
    solution: str | None = None
    test_cases: list[Json] | None = None
    # knowledge
    questions: list[Json] | None = None


class ChallengeIn(Judged):
    """A whole challenge."""

    kind: Kind
    name: str = Field(min_length=1, max_length=128)

    @field_validator("name")
    @classmethod
    def _says_something(cls, name: str) -> str:
        if not name.strip():
            raise ValueError("Give it a name.")
        return name.strip()


class ChallengePatch(Judged):
    """Some fields of one; the others stay."""

    kind: Kind | None = None
    name: str = Field("", min_length=1, max_length=128)


class Attempt(Body):
    """What a learner hands in: the one field that the kind takes."""

    query: str | None = None
    code: str | None = None
    answers: Json | list[Any] | None = None


class AttemptIn(Attempt):
    challenge_id: int = Field(ge=1, le=LARGEST_ID)


class RunIn(Body):
    query: str | None = None
    code: str | None = None


class PlanIn(Body):
    query: str


class HintIn(Body):
    number: int = Field(ge=1, le=100)


class ProgressIn(Body):
    """`status` may be left out; nobody can complete anything by saying so."""

    challenge_id: int = Field(ge=1, le=LARGEST_ID)
    status: Literal["started"] = "started"


class ProgressQuery(PageQuery):
    per_page: int = Field(100, ge=1, le=100)
    challenge_id: int | None = Field(None, ge=1, le=LARGEST_ID)
    status: Literal["started", "submitted", "completed"] | None = None
