"""What the spine and cohorts tell: somebody's grade may have moved."""

from __future__ import annotations

from typing import Any

from mlarena.cohorts import signals as cohorts
from mlarena.cohorts.models import Cohort
from mlarena.lti import dispatch, scores
from mlarena.submissions import signals
from mlarena.submissions.models import JobEvent


def connect() -> None:
    signals.events_published.connect(_judged, JobEvent)
    cohorts.grades_changing.connect(_changing, Cohort)


def _judged(_sender: Any) -> None:
    if dispatch.any_wanted():
        dispatch.enqueue_keeping()


def _changing(_sender: Any, cohort_id: int, user_id: int | None) -> None:
    scores.ask_of_cohort(cohort_id, user_id)
