"""What a learner's grade of a link is: the gradebook's own number, or of a task by itself the best attempt.

Whatever moves a grade asks for it to be computed: events of the spine, in their order (`follow`), what
cohorts tell of deadlines, weights and overrides in the transaction that changes them, and the clock, for
deadlines that have passed by themselves.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import and_, case, func, or_, select, update

from mlarena.cohorts import gradebook
from mlarena.cohorts import people as members
from mlarena.cohorts.models import Assignment, AssignmentTask
from mlarena.core.clock import utcnow
from mlarena.core.db import db, insert
from mlarena.core.installation import Note
from mlarena.lti.models import Link, Score
from mlarena.submissions import outbox
from mlarena.submissions.models import JobEvent, Submission, Task

POSITION = "lti-position"
BATCH = 500
# Of one link at a time, so that a page of learners is one reading of the gradebook.
PAGE = 200


def follow() -> int:
    """What was judged since the last time moves the grades of who handed it in; how many events. Commits."""
    position, read = _position(), 0
    while True:
        rows = db.session.execute(
            select(JobEvent.position, Submission.user_id, Submission.task_id)
            .join(Submission, Submission.id == JobEvent.submission_id)
            .where(JobEvent.position > position, JobEvent.type == outbox.COMPLETED)
            .order_by(JobEvent.position)
            .limit(BATCH)
        ).all()
        db.session.commit()
        if not rows:
            return read
        tasks = {row.task_id for row in rows}
        cohorts = (
            select(Assignment.cohort_id)
            .join(AssignmentTask, AssignmentTask.assignment_id == Assignment.id)
            .where(AssignmentTask.task_id.in_(tasks))
        )
        links = select(Link.id).where(or_(Link.task_id.in_(tasks), Link.cohort_id.in_(cohorts)))
        users = {row.user_id for row in rows if row.user_id is not None}
        _ask(Score.link_id.in_(links), Score.user_id.in_(users))
        position, read = rows[-1].position, read + len(rows)
        db.session.execute(update(Note).where(Note.name == POSITION).values(value=str(position)))
        db.session.commit()


def _position() -> int:
    known = db.session.scalar(select(Note.value).where(Note.name == POSITION))
    if known is None:
        known = str(outbox.ends()[1])  # what was before, each launch asks for by itself
        db.session.commit()
        db.session.execute(insert(Note).values(name=POSITION, value=known).on_conflict_do_nothing())
    db.session.commit()
    return int(known)


def ask_of_cohort(cohort_id: int, user_id: int | None) -> None:
    """Something has changed that grades are computed from: in the caller's transaction."""
    whose = [Score.user_id == user_id] if user_id is not None else []
    _ask(Score.link_id.in_(select(Link.id).where(Link.cohort_id == cohort_id)), *whose)


def ask_all() -> int:
    """Deadlines pass by themselves: everything that a cohort's terms count for, by the clock. Commits."""
    count = _ask(Score.link_id.in_(select(Link.id).where(Link.cohort_id.is_not(None))))
    db.session.commit()
    return count


def _ask(*where: Any) -> int:
    asked = db.session.execute(
        update(Score)
        .where(*where)
        .values(asked=Score.asked + 1)
        .execution_options(synchronize_session=False)
    )
    return int(asked.rowcount)  # type: ignore[attr-defined]


def compute() -> int:
    """The grades that were asked for; how many are now owed to an LMS. Commits."""
    owed = 0
    while True:
        link_id = db.session.scalar(
            select(Score.link_id).where(Score.asked > Score.seen).order_by(Score.id).limit(1)
        )
        db.session.commit()
        if link_id is None:
            return owed
        link = db.session.get_one(Link, link_id, populate_existing=True)
        rows = db.session.execute(
            select(Score.id, Score.user_id, Score.asked)
            .where(Score.link_id == link_id, Score.asked > Score.seen)
            .order_by(Score.id)
            .limit(PAGE)
        ).all()
        found = of_link(link, [row.user_id for row in rows])
        db.session.commit()
        for row in rows:
            owed += _note(row.id, row.asked, found.get(row.user_id))
        db.session.commit()


def _note(score_id: int, asked: int, percent: float | None) -> bool:
    """Whether it is owed now. A number that the LMS has already is not sent again."""
    same = Score.sent_percent.is_not_distinct_from(percent)
    unchanged = and_(
        Score.status.in_(("dead", "waiting")), Score.percent.is_not_distinct_from(percent)
    )
    never = Score.sent_at.is_(None)
    at_rest = case((never, "none"), else_="sent")
    noted = db.session.execute(
        update(Score)
        .where(Score.id == score_id)
        .values(
            seen=asked,
            percent=percent,
            # What was given up stays so until its number changes, or somebody has it tried again.
            status=case((unchanged, Score.status), (same, at_rest), else_="waiting"),
            attempts=case((unchanged, Score.attempts), else_=0),
            due_at=case((unchanged, Score.due_at), else_=utcnow()),
        )
        .returning(Score.status)
        .execution_options(synchronize_session=False)
    ).one()
    return bool(noted.status == "waiting")


def of_link(link: Link, user_ids: list[int]) -> dict[int, float | None]:
    """user id → percent, None for what does not count yet. Who is not in the cohort has none."""
    if link.target == "task" and link.task is not None:
        parts = _parts(link) if link.cohort_id else []
        if not parts:
            return _best(link.task, user_ids)
        return _of_cells(link, user_ids, {one.id for one in parts})
    if link.target == "assignment" and link.assignment_id:
        return _of_cells(link, user_ids, {link.assignment_id})
    if link.target == "cohort" and link.cohort is not None:
        learners = members.some(link.cohort.id, user_ids)
        book = gradebook.book(link.cohort, learners)
        return {row.learner.user_id: gradebook.rounded(row.total.percent) for row in book.rows}
    return {}


def _parts(link: Link) -> list[Assignment]:
    """The assignments of the link's cohort that its task is of."""
    return list(
        db.session.scalars(
            select(Assignment)
            .join(AssignmentTask, AssignmentTask.assignment_id == Assignment.id)
            .where(Assignment.cohort_id == link.cohort_id, AssignmentTask.task_id == link.task_id)
        )
    )


def _of_cells(link: Link, user_ids: list[int], wanted: set[int]) -> dict[int, float | None]:
    """The best of these assignments' grades; of a task among several, the task's own, late days taken off."""
    if link.cohort is None:
        return {}
    book = gradebook.book(link.cohort, members.some(link.cohort.id, user_ids))
    found: dict[int, float | None] = {}
    for row in book.rows:
        cells = [cell for cell in row.cells if cell.assignment.id in wanted]
        percents = [one for cell in cells if (one := _percent(link, cell)) is not None]
        found[row.learner.user_id] = gradebook.rounded(max(percents)) if percents else None
    return found


def _percent(link: Link, cell: gradebook.Cell) -> float | None:
    if link.target == "assignment" or len(cell.tasks) == 1 or cell.percent is None:
        return cell.percent
    grade = next(grade for part, grade in cell.tasks if part.task_id == link.task_id)
    return 100 * grade.credit


def _best(task: Task, user_ids: list[int]) -> dict[int, float | None]:
    rows = db.session.execute(
        select(Submission.user_id, Submission.passed, func.max(Submission.score))
        .where(Submission.task_id == task.id, Submission.user_id.in_(user_ids))
        .where(Submission.status == "scored", Submission.score.is_not(None))
        .group_by(Submission.user_id, Submission.passed)
    )
    found: dict[int, float | None] = defaultdict(lambda: None)
    for user_id, passed, score in rows:
        if user_id is None or score is None:
            continue
        percent = gradebook.rounded(100 * task.credit(score, bool(passed))) or 0.0
        found[user_id] = max(found[user_id] or 0.0, percent)
    return dict(found)
