"""The instructor's JSON door of cohorts: for who leads the cohort; for everybody else there is none."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_login import current_user
from sqlalchemy import select

from mlarena.accounts.permissions import role_required
from mlarena.cohorts import (
    access,
    announcements,
    assignments,
    exports,
    gradebook,
    matrix,
    people,
    roster,
    service,
)
from mlarena.cohorts.models import Cohort
from mlarena.cohorts.schemas import (
    AnnouncementIn,
    AssignmentIn,
    AssignmentPatch,
    CohortIn,
    CohortPatch,
    ExtensionIn,
    LearnersQuery,
    OverrideIn,
    RosterIn,
    StaffIn,
    given,
    shown_assignment,
    shown_cohort,
)
from mlarena.core.api import PageQuery, api_blueprint, ok, page_meta, paged

blueprint = api_blueprint("cohort_desk", "Cohorts, for instructors")
Answer = tuple[Response, int]


@blueprint.get("/cohorts/led")
@role_required("instructor")
@blueprint.input(PageQuery, location="query")
def led(query_data: PageQuery) -> Answer:
    """The cohorts you lead; all of them for admins."""
    query = select(Cohort).where(access.led_by(current_user)).order_by(Cohort.id)
    return paged(query, query_data, lambda cohort: shown_cohort(cohort, True))


@blueprint.post("/cohorts")
@role_required("instructor")
@blueprint.input(CohortIn, location="json")
@blueprint.doc(responses={201: "The cohort"})
def create(json_data: CohortIn) -> Answer:
    """A new cohort, with a join code; you lead it."""
    return ok(shown_cohort(service.create(current_user, json_data.model_dump()), True), 201)


@blueprint.patch("/cohorts/<id:cohort_id>")
@role_required("instructor")
@blueprint.input(CohortPatch, location="json")
def change(cohort_id: int, json_data: CohortPatch) -> Answer:
    """Change some fields; `archived` puts it away or brings it back."""
    cohort = access.led(cohort_id, current_user)
    service.update(current_user, cohort, given(json_data, "archived"))
    if json_data.archived is not None:
        service.archive(current_user, cohort, json_data.archived)
    return ok(shown_cohort(cohort, True))


@blueprint.post("/cohorts/<id:cohort_id>/code")
@role_required("instructor")
def renew_code(cohort_id: int) -> Answer:
    """A new join code; the old one ends at once."""
    cohort = access.led(cohort_id, current_user)
    service.set_code(current_user, cohort, open_=True)
    return ok(shown_cohort(cohort, True))


@blueprint.delete("/cohorts/<id:cohort_id>/code")
@role_required("instructor")
def close_code(cohort_id: int) -> Answer:
    """Nobody joins by code any more."""
    cohort = access.led(cohort_id, current_user)
    service.set_code(current_user, cohort, open_=False)
    return ok(shown_cohort(cohort, True))


@blueprint.post("/cohorts/<id:cohort_id>/staff")
@role_required("instructor")
@blueprint.input(StaffIn, location="json")
def add_staff(cohort_id: int, json_data: StaffIn) -> Answer:
    """Let another instructor lead it too."""
    cohort = access.led(cohort_id, current_user)
    service.add_staff(current_user, cohort, json_data.instructor)
    return ok([{"id": one.id, "username": one.username} for one in people.staff(cohort_id)])


@blueprint.delete("/cohorts/<id:cohort_id>/staff/<id:user_id>")
@role_required("instructor")
def remove_staff(cohort_id: int, user_id: int) -> Answer:
    """One instructor less; the last one stays."""
    service.remove_staff(current_user, access.led(cohort_id, current_user), user_id)
    return ok(None)


@blueprint.get("/cohorts/<id:cohort_id>/members")
@role_required("instructor")
@blueprint.input(LearnersQuery, location="query")
def members(cohort_id: int, query_data: LearnersQuery) -> Answer:
    """Who is in it."""
    access.led(cohort_id, current_user)
    found, meta = _learners(cohort_id, query_data)
    return ok([one.shown() for one in found], **meta)


@blueprint.delete("/cohorts/<id:cohort_id>/members/<id:user_id>")
@role_required("instructor")
def remove_member(cohort_id: int, user_id: int) -> Answer:
    """Take a learner out; what they did is kept for when they come back."""
    service.remove(current_user, access.led(cohort_id, current_user), user_id)
    return ok(None)


@blueprint.post("/cohorts/<id:cohort_id>/roster")
@role_required("instructor")
@blueprint.input(RosterIn, location="json")
def take_roster(cohort_id: int, json_data: RosterIn) -> Answer:
    """What a class list would do, row by row; with `apply` it is done, all of it or nothing."""
    cohort = access.led(cohort_id, current_user)
    if json_data.apply:
        return ok(roster.import_(current_user, cohort, json_data.csv).shown())
    return ok(roster.read(cohort, json_data.csv).shown())


@blueprint.post("/cohorts/<id:cohort_id>/announcements")
@role_required("instructor")
@blueprint.input(AnnouncementIn, location="json")
@blueprint.doc(responses={201: "The announcement"})
def announce(cohort_id: int, json_data: AnnouncementIn) -> Answer:
    """Say something to the cohort."""
    cohort = access.led(cohort_id, current_user)
    said = announcements.announce(current_user, cohort, json_data.title, json_data.body)
    return ok(announcements.shown(said), 201)


@blueprint.post("/cohorts/<id:cohort_id>/assignments")
@role_required("instructor")
@blueprint.input(AssignmentIn, location="json")
@blueprint.doc(responses={201: "The assignment"})
def assign(cohort_id: int, json_data: AssignmentIn) -> Answer:
    """A set of tasks, due at a time."""
    cohort = access.led(cohort_id, current_user)
    fields = json_data.model_dump(exclude={"tasks"})
    tasks = {one.task_id: one.points for one in json_data.tasks}
    made = assignments.create(current_user, cohort, fields, tasks)
    return ok(shown_assignment(assignments.find(cohort, made.id)), 201)


@blueprint.patch("/cohorts/<id:cohort_id>/assignments/<id:assignment_id>")
@role_required("instructor")
@blueprint.input(AssignmentPatch, location="json")
def change_assignment(cohort_id: int, assignment_id: int, json_data: AssignmentPatch) -> Answer:
    """Change some fields, or its tasks; grades follow by themselves."""
    cohort = access.led(cohort_id, current_user)
    known = assignments.find(cohort, assignment_id)
    tasks = (
        {one.task_id: one.points for one in json_data.tasks}
        if json_data.tasks is not None
        else None
    )
    assignments.update(current_user, cohort, known, given(json_data, "tasks"), tasks)
    return ok(shown_assignment(known))


@blueprint.delete("/cohorts/<id:cohort_id>/assignments/<id:assignment_id>")
@role_required("instructor")
def remove_assignment(cohort_id: int, assignment_id: int) -> Answer:
    """It goes, with its extensions and overrides."""
    cohort = access.led(cohort_id, current_user)
    assignments.remove(current_user, cohort, assignments.find(cohort, assignment_id))
    return ok(None)


LEARNER = "/cohorts/<id:cohort_id>/assignments/<id:assignment_id>/learners/<id:user_id>"


@blueprint.put(f"{LEARNER}/extension")
@role_required("instructor")
@blueprint.input(ExtensionIn, location="json")
def extend(cohort_id: int, assignment_id: int, user_id: int, json_data: ExtensionIn) -> Answer:
    """Another deadline for one learner."""
    cohort = access.led(cohort_id, current_user)
    known = assignments.find(cohort, assignment_id)
    assignments.extend(current_user, cohort, known, user_id, json_data.due_at, json_data.reason)
    return ok(None)


@blueprint.delete(f"{LEARNER}/extension")
@role_required("instructor")
def end_extension(cohort_id: int, assignment_id: int, user_id: int) -> Answer:
    """The deadline of all holds again."""
    cohort = access.led(cohort_id, current_user)
    known = assignments.find(cohort, assignment_id)
    assignments.end_extension(current_user, cohort, known, user_id)
    return ok(None)


@blueprint.put(f"{LEARNER}/override")
@role_required("instructor")
@blueprint.input(OverrideIn, location="json")
def override(cohort_id: int, assignment_id: int, user_id: int, json_data: OverrideIn) -> Answer:
    """Say what a grade is, and why; null lifts it."""
    cohort = access.led(cohort_id, current_user)
    known = assignments.find(cohort, assignment_id)
    gradebook.override(current_user, cohort, known, user_id, json_data.percent, json_data.reason)
    return ok(None)


@blueprint.get("/cohorts/<id:cohort_id>/progress")
@role_required("instructor")
@blueprint.input(LearnersQuery, location="query")
def progress(cohort_id: int, query_data: LearnersQuery) -> Answer:
    """Learners by tasks: a mark, the attempts and the best score of each that was begun."""
    access.led(cohort_id, current_user)
    found, meta = _learners(cohort_id, query_data)
    columns = matrix.columns(cohort_id)
    rows = [
        line.learner.shown()
        | {
            "tasks": {
                str(column.task_id): {"status": state, "attempts": attempts, "best_score": best}
                for column, (state, attempts, best) in zip(columns, line.marks, strict=True)
                if state
            }
        }
        for line in matrix.lines(found, columns)
    ]
    return ok(rows, **meta)


@blueprint.get("/cohorts/<id:cohort_id>/gradebook")
@role_required("instructor")
@blueprint.input(LearnersQuery, location="query")
def read_gradebook(cohort_id: int, query_data: LearnersQuery) -> Answer:
    """Everybody's grades, a page at a time, with how they were computed."""
    cohort = access.led(cohort_id, current_user)
    found, meta = _learners(cohort_id, query_data)
    return ok([row.shown() for row in gradebook.book(cohort, found).rows], **meta)


@blueprint.get("/cohorts/<id:cohort_id>/gradebook.csv")
@role_required("instructor")
@blueprint.doc(responses={200: "The gradebook as CSV"})
def export(cohort_id: int) -> Response:
    """The whole gradebook as CSV."""
    return exports.as_csv(access.led(cohort_id, current_user))


def _learners(cohort_id: int, wanted: LearnersQuery) -> tuple[list[people.Learner], dict[str, Any]]:
    found, total = people.page(cohort_id, wanted.offset, wanted.per_page, wanted.q)
    return found, page_meta(wanted.page, wanted.per_page, total)
