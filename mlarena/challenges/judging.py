"""How far the judging of an attempt has come: told to its learner's pages, and kept for a page that comes
later, such as one that has just opened its connection."""

from __future__ import annotations

import json
import time
from typing import Any

from mlarena.core.redis import RedisError, redis_client
from mlarena.live import publish
from mlarena.submissions.models import Submission

KEPT_SECONDS = 600
# Not with every case: of ten that take two milliseconds each, the first and the last state are worth a round
# trip, and nobody sees those between.
PAUSE_SECONDS = 0.1


class Judging:
    """The judging of one attempt on `numbers` (case id → its place, from 1)."""

    def __init__(self, submission: Submission, numbers: dict[int, int]) -> None:
        assert submission.user_id is not None  # noqa: S101 – the house hands in no challenges
        self._id, self._numbers = submission.id, numbers
        self._room = publish.user_room(submission.user_id)
        self._key = _key(submission)
        self._passed: dict[int, bool] = {}
        self._untold: list[dict[str, Any]] = []
        self._told_at = 0.0
        self._quiet = submission.quiet

    def tell(self, case: dict[str, Any]) -> None:
        """A case has been judged. Pages hear of it at once, or of several together: `cases` are those that
        no event has told yet, the other fields are the last one's."""
        if self._quiet:
            return
        number, passed = self._numbers[case["test_case_id"]], case["passed"]
        self._passed[number] = passed
        self._untold.append({"number": number, "passed": passed, "category": case.get("category")})
        over = len(self._passed) == len(self._numbers)
        now = time.monotonic()
        if not over and now - self._told_at < PAUSE_SECONDS:
            return
        told = {
            "submission_id": self._id,
            "test_case_id": case["test_case_id"],
            **self._untold[-1],
            "cases": self._untold,
            "done": len(self._passed),
            "total": len(self._numbers),
        }
        publish.publish("case", told, self._room)
        if over or self._told_at:
            self._keep()
        self._untold, self._told_at = [], now

    def _keep(self) -> None:
        try:
            redis_client().set(self._key, json.dumps(self._passed), ex=KEPT_SECONDS)
        except RedisError:
            return  # a hint: the verdict is the truth


def so_far(submission: Submission) -> dict[int, bool]:
    """Which of its cases have been judged, by their places, and whether they passed."""
    try:
        kept = redis_client().get(_key(submission))
    except RedisError:
        return {}
    return {int(number): passed for number, passed in json.loads(kept or "{}").items()}


def _key(submission: Submission) -> str:
    """Each claim judges by itself: what one that was lost had found counts no more."""
    return f"mlarena:judging:{submission.id}:{submission.claims}"
