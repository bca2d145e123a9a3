"""Code handed in instead of a file: fitted in the jail, on the rows that everybody may download."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from functools import lru_cache

from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.core.storage import storage
from mlarena.quests.card import card_of
from mlarena.quests.models import Quest
from mlarena.quests.service import upload_bytes
from mlarena.sandbox import Follower, Outcome, OutcomeError, Sandbox, Stop, Table
from mlarena.submissions import claim, output
from mlarena.submissions.models import Submission
from mlarena.submissions.verdict import Verdict

CANCELLED = "You cancelled this training."


def fit(quest: Quest, submission: Submission, jail: Sandbox) -> Outcome:
    """Run the submission's code on the quest's training data; the model is in `artifact`, for the jail only.

    What it prints is shown while it runs. It is ended as `cancelled` once its claim is gone.
    """
    dataset, code = quest.dataset, submission.payload["code"]
    limits = replace(jail.training_limits, result_bytes=upload_bytes(quest))
    rows = training_rows(dataset.train_blob)
    db.session.commit()  # a minute of training is no time for an open transaction
    with ExitStack() as running:
        stop = running.enter_context(Stop())
        told = None
        if submission.user_id is not None and not submission.quiet:
            told = running.enter_context(output.shown(submission)).say
        if not submission.quiet:  # one that is judged again has no claim to lose
            watched = claim.watched(submission.id, submission.claim_token, stop.throw)
            running.enter_context(watched)  # the last: it throws `stop`, which closes after it
        return jail.fit(code, rows, dataset.target, limits, Follower(told, stop))


def cancelled(quest: Quest, submission: Submission) -> Verdict:
    """The verdict on a training that its learner has ended, with what it had printed."""
    started = submission.started_at
    outcome = Outcome(
        "cancelled",
        error=OutcomeError("cancelled", CANCELLED),
        wall_ms=(utcnow() - started).total_seconds() * 1e3 if started else 0.0,
    )
    ended = replace(outcome, output=output.read(submission)[1])
    card = card_of(quest, quest.rule(), outcome, {}, ended)
    return Verdict.failed(CANCELLED, report=card, execution_ms=outcome.wall_ms)


@lru_cache(maxsize=16)
def training_rows(sha256: str) -> Table:
    """The rows of a training blob."""
    return Table(storage().read(sha256))
