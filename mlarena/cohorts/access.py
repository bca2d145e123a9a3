"""Whose a cohort is: who leads it, and who is in it. For everybody else there is no such cohort."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, select, true

from mlarena.accounts.models import User
from mlarena.cohorts.models import Cohort, CohortMember, CohortStaff
from mlarena.core.db import db
from mlarena.core.errors import NotFound

NONE = "There is no such cohort."


def leads(cohort_id: int, user: User | None) -> bool:
    """Whether `user` runs it: who made it, their co-instructors, admins. An instructor who is one no more
    leads nothing."""
    if user is None or not user.is_at_least("instructor"):
        return False
    if user.is_at_least("admin"):
        return True
    return db.session.get(CohortStaff, (cohort_id, user.id)) is not None


def led_by(user: User) -> ColumnElement[bool]:
    """The cohorts that `user` leads, as a condition on Cohort."""
    if user.is_at_least("admin"):
        return true()
    return exists().where(CohortStaff.cohort_id == Cohort.id, CohortStaff.user_id == user.id)


def is_member(cohort_id: int, user: User | None) -> bool:
    if user is None:
        return False
    member = db.session.get(CohortMember, (cohort_id, user.id))
    return member is not None and member.left_at is None


def led(cohort_id: int, user: User) -> Cohort:
    """The cohort, for who leads it; raises NotFound for everybody else."""
    cohort = db.session.get(Cohort, cohort_id)
    if cohort is None or not leads(cohort_id, user):
        raise NotFound(NONE)
    return cohort


def seen(cohort_id: int, user: User) -> Cohort:
    """The cohort, for who is in it or leads it; raises NotFound for everybody else."""
    cohort = db.session.get(Cohort, cohort_id)
    if cohort is None or not (is_member(cohort_id, user) or leads(cohort_id, user)):
        raise NotFound(NONE)
    return cohort


def member_of(cohort_id: int, user_id: int) -> CohortMember:
    """A learner who is in the cohort now; raises NotFound for one who never was, or has left."""
    found = db.session.scalar(
        select(CohortMember).where(
            CohortMember.cohort_id == cohort_id, CohortMember.user_id == user_id
        )
    )
    if found is None:
        raise NotFound("There is no such learner in this cohort.")
    if found.left_at is not None:
        raise NotFound("This learner has left the cohort. Bring them back first.")
    return found
