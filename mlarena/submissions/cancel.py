"""The learner's own end of an evaluation: one verdict like any other, under a claim like any other."""

from __future__ import annotations

from mlarena.accounts.models import User
from mlarena.core.errors import Conflict, NotFound
from mlarena.submissions import claim
from mlarena.submissions.listing import visible
from mlarena.submissions.models import Submission
from mlarena.submissions.settle import settle

TOO_LATE = "That came too late: attempt {number} already has its verdict, and that one counts."


def cancel(submission_id: int, user: User) -> Submission:
    """End the submission of `user` as `failed`, whether it waits or runs.

    The claim is taken from whoever evaluates it: their verdict is stale from here on, and they see it
    and stop. Raises NotFound for what is not `user`'s own, Conflict when the verdict was there first.
    """
    submission = visible(submission_id, user)
    if submission.user_id != user.id:
        raise NotFound("There is no such submission of yours.")
    verdict = submission.task.cancelled(submission)
    token = claim.take_over(submission_id)
    if token is None or not settle(submission_id, token, verdict):
        raise Conflict(TOO_LATE.format(number=submission.attempt_no))
    return visible(submission_id, user)
