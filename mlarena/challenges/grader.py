"""Payload → verdict, by the version that the attempt was accepted for."""

from __future__ import annotations

from mlarena.challenges.judging import Judging
from mlarena.challenges.kinds import kind_of
from mlarena.challenges.models import Challenge
from mlarena.core.db import db
from mlarena.submissions.models import Submission
from mlarena.submissions.verdict import Verdict


def grade(challenge: Challenge, submission: Submission) -> Verdict:
    """Judge one attempt, telling its learner each case as it is done."""
    version = challenge.version_row(submission.task_version)
    judging = Judging(submission, {row.id: row.position for row in version.cases})
    db.session.commit()  # what is needed is read: nothing is held while the jail works
    return kind_of(challenge.kind).grade(challenge, version, submission, judging.tell)
