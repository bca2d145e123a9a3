"""Live verdicts while much is judged again: `python -m benchmarks.rejudge [--submissions 1000] [--runs 100]`.

A whole arena with one worker. A learner uploads a model again and again; the baseline is the p50 of POST to
verdict with nothing else to do, in the same run. Then 1,000 submissions of others are judged again, and it is
measured anew for as long as that goes on. The aim: at most 20 % more.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

from benchmarks.arena import Arena, arena, fitted
from benchmarks.report import Figure, headline, show
from benchmarks.verdict import percentile, walk

MORE = 1.2


def multiply(here: Arena, submission_id: int, copies: int, instructor_id: int) -> None:
    """That many judged submissions like this one, of its own learner; and somebody who may ask."""
    import sqlalchemy as sa

    from mlarena.accounts.models import User
    from mlarena.app import create_app
    from mlarena.core.config import Settings
    from mlarena.core.db import db
    from mlarena.submissions.models import Submission, VerdictRow

    app = create_app(Settings(_env_file=None, mlarena_data=here.data, log_level="ERROR"))  # type: ignore[call-arg]
    with app.app_context():
        kept = db.session.get_one(Submission, submission_id)
        columns = {column.key: getattr(kept, column.key) for column in Submission.__table__.c}
        verdict = kept.verdict
        assert verdict is not None
        told = {column.key: getattr(verdict, column.key) for column in VerdictRow.__table__.c}
        first = (db.session.scalar(sa.select(sa.func.max(Submission.id))) or 0) + 1
        db.session.commit()
        numbers = range(first, first + copies)
        rows = [columns | {"id": n, "attempt_no": 1_000 + n, "xp_awarded": 0} for n in numbers]
        db.session.execute(sa.insert(Submission), rows)
        db.session.execute(sa.insert(VerdictRow), [told | {"submission_id": n} for n in numbers])
        db.session.get_one(User, instructor_id).role = "instructor"
        db.session.commit()
        db.session.remove()
        db.engine.dispose()


def waiting(here: Arena, token: str, number: int) -> int:
    """How many of the rejudge's submissions are still to be judged."""
    _, answer = here.call("GET", f"/rejudges/{number}", token)
    count: int = answer["data"]["counts"]["waiting"]
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=100)
    wanted = parser.parse_args()
    headline("rejudge", submissions=wanted.submissions, runs=wanted.runs)
    from sklearn.linear_model import LinearRegression

    with arena(WORKERS="1") as here:
        here.quiet()
        _, token = here.learner()
        _, other = here.learner()
        asker_id, asker = here.learner()
        quest = here.quest("linear-regression-challenge")
        download = here.download(token, quest["id"])
        content = fitted(download, quest["dataset"]["target"], LinearRegression())
        _, answer = here.submit(other, quest["id"], content)
        here.quiet()
        multiply(here, answer["data"]["id"], wanted.submissions, asker_id)
        walk(here, token, quest, [content] * 5)
        alone, _ = walk(here, token, quest, [content] * wanted.runs)
        body: dict[str, Any] = {"scope": "task", "id": quest["id"], "reason": "to measure"}
        status, answer = here.call("POST", "/rejudges", asker, body)
        if status != 202:
            raise RuntimeError(f"rejudge: {status} {answer}")
        number, total = answer["data"]["id"], answer["data"]["total"]
        began, beside = time.perf_counter(), []
        while len(beside) < wanted.runs and waiting(here, asker, number):
            took, _ = walk(here, token, quest, [content] * 5)
            beside += took
        judged = total - waiting(here, asker, number)
        base, p50 = statistics.median(alone), statistics.median(beside)
        show(
            Figure("POST → verdict event, p50, nothing else", base, "ms", "baseline"),
            Figure(
                "POST → verdict event, p50, beside a rejudge",
                p50,
                "ms",
                f"of {len(beside)} uploads",
            ),
            Figure("p50 ÷ baseline", p50 / base, "×", f"aim ≤ {MORE:g}", p50 <= MORE * base),
            Figure("p99 ÷ baseline's", percentile(beside, 0.99) / percentile(alone, 0.99), "×"),
            Figure(
                "judged again meanwhile",
                judged,
                "",
                f"of {total:,}, in {time.perf_counter() - began:.0f} s",
            ),
        )


if __name__ == "__main__":
    main()
