"""The verbs of reports. Learners see their own; every instructor sees all, as with submissions."""

from __future__ import annotations

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload, selectinload

from mlarena.accounts import audit
from mlarena.accounts.models import User
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.core.errors import Conflict, Invalid, NotFound
from mlarena.notifications.service import About, notify, seen
from mlarena.reports.models import Report, ReportReply
from mlarena.submissions.models import Task

LONGEST = 2000
# Of one person that wait: who has more to say says it to somebody.
MOST_OPEN = 10
LIMIT = "6 per hour"
KIND = "report_reply"


def find_task(task_id: int, user: User) -> Task:
    """What one can report on: what one can see. Raises NotFound."""
    task = db.session.get(Task, task_id)
    if task is None or not (task.status == "published" or user.is_at_least("instructor")):
        raise NotFound("There is no such task.")
    return task


def report(user: User, task: Task, text: str) -> Report:
    """Say what is wrong. The same said again while it waits is the same report. Commits."""
    words = _checked(text)
    waiting = select(Report).where(Report.user_id == user.id, Report.status == "open")
    known = db.session.scalar(waiting.where(Report.task_id == task.id, Report.text == words))
    if known is not None:
        return known
    many = db.session.scalar(select(func.count()).select_from(waiting.subquery())) or 0
    if many >= MOST_OPEN:
        raise Conflict(
            f"{MOST_OPEN} reports of yours wait for a reply already. Wait for one, please."
        )
    made = Report(user_id=user.id, task_id=task.id, text=words)
    db.session.add(made)
    db.session.commit()
    return made


def find(report_id: int, viewer: User) -> Report:
    """One's own, or any for an instructor. Raises NotFound."""
    found = db.session.get(Report, report_id, populate_existing=True)
    if found is None or not (found.user_id == viewer.id or viewer.is_at_least("instructor")):
        raise NotFound("There is no such report.")
    return found


def own(user: User) -> Select[Report]:
    return _whole().where(Report.user_id == user.id).order_by(Report.id.desc())


def all_of(status: str) -> Select[Report]:
    """Of everybody: the open ones oldest first, for they wait; the closed ones newest first."""
    order = Report.id if status == "open" else Report.id.desc()
    return _whole().where(Report.status == status).order_by(order)


def _whole() -> Select[Report]:
    return select(Report).options(
        joinedload(Report.task), joinedload(Report.user), selectinload(Report.replies)
    )


def count_open(most: int) -> int:
    """How many wait, up to `most`."""
    some = select(Report.id).where(Report.status == "open").limit(most)
    return db.session.scalar(select(func.count()).select_from(some.subquery())) or 0


def reply(actor: User, report: Report, text: str, close: bool) -> ReportReply:
    """Answer it, and close it with that or not. Its reporter is told. Commits."""
    said = ReportReply(
        report_id=report.id, by_id=actor.id, by_name=actor.username, text=_checked(text)
    )
    db.session.add(said)
    if close:
        report.status, report.closed_at = "closed", utcnow()
    db.session.flush()
    title = f"A reply to your report on “{report.task.title}”"
    _tell(report, f"reply:{said.id}", title, said.text)
    audit.note(actor, "report.reply", f"report:{report.id}", closed=close)
    db.session.commit()
    return said


def close(actor: User, report: Report) -> None:
    """It is done, without a word more. Its reporter is told, once. Commits."""
    if report.status == "closed":
        return
    report.status, report.closed_at = "closed", utcnow()
    title = f"Your report on “{report.task.title}” was closed"
    _tell(report, f"closed:{report.id}", title, "If it is still so, report it again.")
    audit.note(actor, "report.close", f"report:{report.id}")
    db.session.commit()


def open_again(actor: User, report: Report) -> None:
    """It is not done after all. Commits."""
    report.status, report.closed_at = "open", None
    audit.note(actor, "report.open", f"report:{report.id}")
    db.session.commit()


def _tell(report: Report, about: str, title: str, text: str) -> None:
    words = " ".join(text.split())
    beginning = words if len(words) <= 200 else f"{words[:199]}…"
    notify(
        report.user_id, KIND, About(f"report:{about}", title, beginning, f"/reports/{report.id}")
    )


def looked_at(report: Report, viewer: User) -> None:
    """Its reporter reads it: what told of the replies is read, too. Commits if there was something."""
    if report.user_id != viewer.id:
        return
    for about in (f"closed:{report.id}", *(f"reply:{one.id}" for one in report.replies)):
        seen(viewer.id, KIND, f"report:{about}")


def _checked(text: str) -> str:
    words = text.strip()
    if not words or len(words) > LONGEST or "\x00" in words:
        raise Invalid.field("text", f"Say it in 1 to {LONGEST:,} characters, please.")
    return words
