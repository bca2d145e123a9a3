"""A try's run, in a worker: the jail fits and answers fold by fold, the score is computed out here."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog
from redis.exceptions import RedisError

from mlarena.core.db import db
from mlarena.core.meanwhile import meanwhile
from mlarena.live.console import Console
from mlarena.live.publish import user_room
from mlarena.quests import tries
from mlarena.quests.grader import METHODS
from mlarena.quests.models import Quest
from mlarena.quests.service import upload_bytes
from mlarena.quests.training import training_rows
from mlarena.quests.tries import Try
from mlarena.sandbox import Fold, Follower, Limits, Outcome, Stop, Table
from mlarena.scoring.folds import deal
from mlarena.scoring.metrics import Metric, MetricError
from mlarena.submissions import output
from mlarena.submissions.claim import LOOK_SECONDS
from mlarena.submissions.jail import sandbox

if TYPE_CHECKING:
    import numpy as np

log = structlog.get_logger(__name__)

OURS = "The arena stopped in the middle of it. This is not your code's fault: try it again."
TIME_IS_UP = "Time was up after {done} of {of} folds: all of them together have {wall:g} seconds."
OUT_OF_TIME = ("timeout", "cpu_limit")


def run(user_id: int, number: str) -> str:
    """Run the try if it still waits. What came of it, in a word, for the log."""
    tried = tries.begin(user_id, number)
    quest = db.session.get(Quest, tried.quest_id) if tried else None
    if tried is None or quest is None:
        return "not there"
    try:
        _run(tried, quest)
    except Exception:
        with suppress(RedisError):
            tries.change(tried, quest, status="failed", error=OURS)
        raise
    log.info("tried", quest=quest.id, status=tried.status, folds=len(tried.folds))
    return tried.status


def _run(tried: Try, quest: Quest) -> None:
    jail = sandbox()
    if jail.refuses:
        error = f"Code cannot be tried on this machine: {jail.refuses}"
        tries.change(tried, quest, status="failed", error=error)
        return
    judge = _Judge.of(quest)
    limits = replace(jail.training_limits, result_bytes=upload_bytes(quest))
    method, target = METHODS[judge.rule.needs], quest.dataset.target
    db.session.commit()  # a minute of training is no time for an open transaction
    if not tries.change(tried, quest, status="running", of=int(judge.folds.max()) + 1):
        return

    def alive() -> bool:
        try:
            wanted = tries.keep(tried)
        except RedisError:
            return True  # nobody can say; the deadline is there in any case
        if not wanted:
            stop.throw()
        return wanted

    def told(fold: Fold) -> None:
        done = {"score": judge.score(fold), "wall_ms": round(fold.wall_ms, 1)}
        tries.change(tried, quest, folds=[*tried.folds, done])

    about, room = {"quest_id": quest.id, "run": tried.id}, user_room(tried.user_id)
    try:
        with (
            Stop() as stop,
            Console(tried.output, output.EVENT, about, room) as console,
            meanwhile(LOOK_SECONDS, alive, f"try-{tried.id}"),
        ):
            follower = Follower(told=console.say, stop=stop)
            outcome = jail.cross_validate(
                tried.code, judge.rows, target, judge.dealt, told, method, limits, follower
            )
    except MetricError as error:
        tries.change(tried, quest, status="failed", error=str(error))
    else:
        _conclude(tried, quest, outcome, limits)


def _conclude(tried: Try, quest: Quest, outcome: Outcome, limits: Limits) -> None:
    """What the run ended with; nothing where it was cancelled, which its learner has been told."""
    if outcome.status == "ok":
        tries.change(tried, quest, status="done")
    elif outcome.status in OUT_OF_TIME and tried.folds:
        note = TIME_IS_UP.format(done=len(tried.folds), of=tried.of, wall=limits.wall_seconds)
        tries.change(tried, quest, status="done", note=note)
    elif outcome.ours or outcome.error is None:
        tries.change(tried, quest, status="failed", error=OURS)
    else:
        error = outcome.error
        tries.change(
            tried,
            quest,
            status="failed",
            error=error.message,
            detail=error.detail,
            line=error.line,
        )


@dataclass(frozen=True)
class _Judge:
    """The training rows dealt to folds, and the measure of each fold's answers."""

    rule: Metric
    rows: Table
    folds: np.ndarray
    target: str | None

    @classmethod
    def of(cls, quest: Quest) -> _Judge:
        rows, target = training_rows(quest.dataset.train_blob), quest.dataset.target
        labels = None
        if target is not None and quest.task_type == "classification":
            labels = rows.frame[target].to_numpy()
        folds = deal(rows.rows, min(tries.FOLDS, rows.rows), labels)
        return cls(tries.measure(quest)[0], rows, folds, target)

    @property
    def dealt(self) -> list[int]:
        number_of_each_row: list[int] = self.folds.tolist()
        return number_of_each_row

    def score(self, fold: Fold) -> float:
        """Raises MetricError, in words for the learner."""
        held = self.rows.frame[self.folds == fold.number]
        truth = None if self.target is None else held[self.target].to_numpy()
        features = held if self.target is None else held.drop(columns=[self.target])
        return self.rule.score(truth, fold.predictions, classes=fold.classes, features=features)
