"""Payload → verdict: the predictions are read and scored in the worker. They are data, not code: no jail."""

from __future__ import annotations

import time
from typing import Any

from mlarena.competitions import answers
from mlarena.competitions.models import HostedCompetition
from mlarena.live import publish
from mlarena.scoring.metrics import MetricError
from mlarena.scoring.predictions.faults import FileFault
from mlarena.scoring.predictions.reading import Progress, read_predictions
from mlarena.scoring.predictions.score import Scores, score
from mlarena.submissions.models import Submission
from mlarena.submissions.verdict import Verdict

# Small files are over before anybody could read how far they are.
TELL_SECONDS = 0.3


def grade(competition: HostedCompetition, submission: Submission) -> Verdict:
    """Score one file of predictions on the public and on the private rows.

    The private score leaves in `kept` alone, which is shown to nobody.
    """
    began = time.perf_counter()
    card = _card(competition, submission)
    try:
        scores = scored(competition, submission, _teller(competition, submission))
    except FileFault as fault:
        problems = [one.shown() for one in fault.faults]
        return Verdict.failed(
            fault.message, report=card | {"problems": problems}, execution_ms=_since(began)
        )
    except MetricError as error:
        return Verdict.failed(error.message, report=card, execution_ms=_since(began))
    return Verdict(
        "scored",
        score=scores.public,
        execution_ms=_since(began),
        report=card,
        kept={"private": scores.private, "version": competition.version},
    )


def scored(
    competition: HostedCompetition, submission: Submission, progress: Progress = lambda _: None
) -> Scores:
    """Both scores of a submission's file on the answers of now. Raises FileFault and MetricError."""
    solution, layout = answers.load(competition)
    with answers.opened(submission.payload["sha256"]) as file:
        predictions = read_predictions(file, solution, layout, progress)
    return score(competition.rule(), solution, layout, predictions)


def _card(competition: HostedCompetition, submission: Submission) -> dict[str, Any]:
    facts, payload = competition.facts, submission.payload
    return {
        "metric": competition.metric,
        "direction": competition.board_direction(),
        "rows": facts["rows"],
        "public_rows": facts["public"],
        "file": {key: payload.get(key) for key in ("filename", "size")},
    }


def _teller(competition: HostedCompetition, submission: Submission) -> Progress:
    """Tells the submitter's pages how many rows are read, now and then."""
    last = time.monotonic()

    def tell(rows: int) -> None:
        nonlocal last
        now = time.monotonic()
        if submission.user_id is None or now - last < TELL_SECONDS:
            return
        last = now
        told = {"submission_id": submission.id, "done": rows, "of": competition.facts["rows"]}
        publish.publish("progress", told, publish.user_room(submission.user_id))

    return tell


def _since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 1)
