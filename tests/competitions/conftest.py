"""Competitions to play with: small answers, files of predictions, a worker that scores them at once."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mlarena.core import clock
from mlarena.core.db import db

# A competition of ten days, and a moment in the middle of it.
START = datetime(2026, 11, 10, 12, tzinfo=UTC)
END = START + timedelta(days=10)
NOW = START + timedelta(days=3)

ROWS = 40
# Every fourth row is public.
ANSWERS = "id,y,Usage\n" + "".join(
    f"{i},{i % 7},{'Public' if i % 4 == 0 else 'Private'}\n" for i in range(ROWS)
)


def predictions(public_error: float = 0.0, private_error: float = 0.0) -> str:
    """A file that is off by so much on the public rows and on the private ones: its two RMSEs."""
    lines = (
        f"{i},{i % 7 + (public_error if i % 4 == 0 else private_error)}\n" for i in range(ROWS)
    )
    return "id,y\n" + "".join(lines)


@pytest.fixture(autouse=True)
def in_the_middle(app: Any) -> Any:
    with clock.freeze(NOW):
        yield


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks of answers are made here, by the same job that a worker would run."""
    from mlarena.competitions import authoring

    def here(_queue: str, _seconds: int, job: Callable[..., Any], *about: Any) -> Any:
        return job(*about)

    monkeypatch.setattr(authoring, "ask", here)


@pytest.fixture
def make_competition(app: Any, checked: None) -> Callable[..., Any]:
    """make_competition(title="…", metric="rmse", …) -> a published competition that goes on now."""
    from mlarena.competitions import authoring

    def make(
        title: str = "House prices", answers: str = ANSWERS, publish: bool = True, **more: Any
    ) -> Any:
        fields = {
            "title": title,
            "description": "Predict y.",
            "metric": "rmse",
            "starts_at": START,
            "ends_at": END,
            "xp_reward": 100,
            **more,
        }
        competition = authoring.create(None, fields)
        if answers:
            authoring.set_answers(competition, io.BytesIO(answers.encode()))
        if publish:
            authoring.open_(competition)
        return competition

    return make


@pytest.fixture
def competition(make_competition: Callable[..., Any]) -> Any:
    """RMSE, 10 public rows of 40, five submissions a day, everybody alone."""
    return make_competition()


@pytest.fixture
def evaluate(app: Any) -> Callable[[], None]:
    """evaluate() -> every submission that waits gets its verdict, as a worker gives it."""
    from sqlalchemy import select

    from mlarena.submissions.evaluate import evaluate as one
    from mlarena.submissions.models import Submission

    def run() -> None:
        waiting = db.session.scalars(
            select(Submission.id).where(Submission.status == "queued").order_by(Submission.id)
        ).all()
        db.session.commit()
        for submission_id in waiting:
            one(submission_id)
        db.session.expire_all()

    return run


@pytest.fixture
def hand_in(app: Any, evaluate: Callable[[], None]) -> Callable[..., Any]:
    """hand_in(user, competition, predictions(…)) -> the submission with its verdict. Registers the user."""
    from mlarena.competitions import service
    from mlarena.competitions.models import Competition
    from mlarena.submissions.models import Submission

    def send(user: Any, competition: Any, content: str, judged: bool = True) -> Any:
        fresh = db.session.get_one(Competition, competition.id)
        if not fresh.revealed:
            service.register(user, fresh)
        submission = service.submit(user, fresh, "predictions.csv", io.BytesIO(content.encode()))
        if judged:
            evaluate()
        return db.session.get_one(Submission, submission.id)

    return send


@pytest.fixture
def board(app: Any) -> Callable[..., list[tuple[Any, str, float]]]:
    """board(competition) -> [(rank, name, score), …] as anybody sees it."""
    from mlarena.boards import service as boards

    def read(competition: Any, viewer: Any = None) -> list[tuple[Any, str, float]]:
        db.session.expire_all()
        page = boards.page(f"competition:{competition.id}", 1, 50, viewer)
        return [(row.rank, row.username, round(row.score, 6)) for row in page.rows]

    return read


@pytest.fixture
def at_the_end(app: Any) -> Callable[..., dict[str, int]]:
    """at_the_end() -> the clock's job, a minute after the end."""
    from mlarena.competitions import jobs

    def run(minutes: int = 1) -> dict[str, int]:
        with clock.freeze(END + timedelta(minutes=minutes)):
            done = jobs.finish()
        db.session.expire_all()
        return done

    return run
