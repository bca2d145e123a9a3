"""The bodies of the cohorts' JSON doors, and a cohort as they show it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, Field

from mlarena.cohorts.models import Assignment, Cohort
from mlarena.core.api import LARGEST_ID, Body, PageQuery, Strict
from mlarena.core.clock import rfc3339


class CohortIn(Body):
    title: str = Field(min_length=1, max_length=128)
    description: str = Field("", max_length=20_000)
    timezone: str = Field("UTC", max_length=64)
    names: Literal["usernames", "nicknames"] = "usernames"
    drop_lowest: int = Field(0, ge=0, le=20)


class CohortPatch(Body):
    title: str | None = Field(None, min_length=1, max_length=128)
    description: str | None = Field(None, max_length=20_000)
    timezone: str | None = Field(None, max_length=64)
    names: Literal["usernames", "nicknames"] | None = None
    drop_lowest: int | None = Field(None, ge=0, le=20)
    archived: bool | None = None


class JoinIn(Body):
    code: str = Field(min_length=1, max_length=16)
    nickname: str = Field("", max_length=128)


class RosterIn(Body):
    csv: str = Field(min_length=1, max_length=2_000_000, description="The list, with a header row")
    apply: bool = Field(False, description="Import it; else only say what it would do")


class StaffIn(Body):
    instructor: str = Field(min_length=1, max_length=254, description="User name or e-mail")


class AnnouncementIn(Body):
    title: str = Field(min_length=1, max_length=128)
    body: str = Field("", max_length=10_000)


class TaskIn(Strict):
    task_id: int = Field(ge=1, le=LARGEST_ID)
    points: float = Field(1.0, ge=0, le=1000)


class AssignmentIn(Body):
    title: str = Field(min_length=1, max_length=128)
    note: str = Field("", max_length=10_000)
    opens_at: AwareDatetime | None = None
    due_at: AwareDatetime | None = None
    late_percent: float = Field(0.0, ge=0, le=100)
    late_days: int = Field(0, ge=0, le=365)
    counts: Literal["best", "last"] = "best"
    partial: bool = True
    weight: float = Field(1.0, ge=0, le=1000)
    tasks: list[TaskIn] = Field(min_length=1, max_length=100)


class AssignmentPatch(Body):
    title: str | None = Field(None, min_length=1, max_length=128)
    note: str | None = Field(None, max_length=10_000)
    opens_at: AwareDatetime | None = None
    due_at: AwareDatetime | None = None
    late_percent: float | None = Field(None, ge=0, le=100)
    late_days: int | None = Field(None, ge=0, le=365)
    counts: Literal["best", "last"] | None = None
    partial: bool | None = None
    weight: float | None = Field(None, ge=0, le=1000)
    tasks: list[TaskIn] | None = Field(None, min_length=1, max_length=100)


class ExtensionIn(Body):
    due_at: AwareDatetime
    reason: str = Field("", max_length=300)


class OverrideIn(Body):
    percent: float | None = Field(ge=0, le=100, description="null: compute it again")
    reason: str = Field(min_length=3, max_length=300)


class LearnersQuery(PageQuery):
    q: str = Field("", max_length=100, description="In a user name, a full name or an e-mail")


def given(body: Strict, *besides: str) -> dict[str, Any]:
    """What a PATCH names, without what it sets to null where null says nothing."""
    clearable = {"opens_at", "due_at"}
    return {
        name: value
        for name, value in body.model_dump(exclude_unset=True, exclude=set(besides)).items()
        if value is not None or name in clearable
    }


def shown_cohort(cohort: Cohort, leads: bool) -> dict[str, Any]:
    shown = {
        "id": cohort.id,
        "title": cohort.title,
        "description": cohort.description,
        "timezone": cohort.timezone,
        "names": cohort.names,
        "drop_lowest": cohort.drop_lowest,
        "archived": cohort.archived_at is not None,
        "created_at": rfc3339(cohort.created_at),
    }
    return shown | ({"join_code": cohort.join_code} if leads else {})


def shown_assignment(one: Assignment, tasks: bool = True) -> dict[str, Any]:
    return {
        "id": one.id,
        "title": one.title,
        "note": one.note if tasks else "",
        "opens_at": rfc3339(one.opens_at),
        "due_at": rfc3339(one.due_at),
        "late_percent": one.late_percent,
        "late_days": one.late_days,
        "counts": one.counts,
        "partial": one.partial,
        "weight": one.weight,
        "tasks": [
            {
                "task_id": part.task_id,
                "kind": part.task.kind,
                "title": part.task.title,
                "points": part.points,
            }
            for part in (one.parts if tasks else [])
        ],
    }
