"""Whether a quest can be passed, and not by doing nothing: both are shown in the jail before it opens."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlalchemy.orm import Session

from mlarena.core.db import db
from mlarena.core.errors import Invalid
from mlarena.quests.datasets.recipes import BASELINES
from mlarena.quests.models import Quest
from mlarena.scoring.metrics import METRICS
from mlarena.submissions.asking import ask
from mlarena.submissions.models import Submission
from mlarena.submissions.queues import CHECKS

# A reference may train as long as a learner's code; the dummy and two predictions come on top.
CHECK_SECONDS = 150
# What a score rests on. Another of these, and what was shown is shown no more.
JUDGED = ("metric", "threshold", "dataset_id", "reference_code", "limits")


def stamp(values: dict[str, Any]) -> str:
    """Names what a check was made for."""
    state = json.dumps([values[name] for name in JUDGED], sort_keys=True)
    return hashlib.sha256(state.encode()).hexdigest()[:16]


def judged_of(quest: Quest) -> dict[str, Any]:
    return {name: getattr(quest, name) for name in JUDGED}


def check(quest: Quest, values: dict[str, Any]) -> dict[str, Any]:
    """What the reference and the dummy get under `values`, asked of a worker unless it is known.

    {"stamp", "reference", "dummy"}, each {"status", "score", "passed", "error"}. Raises Unavailable. Commits.
    """
    known = quest.checked
    if known and known["stamp"] == stamp(values):
        return known
    number = quest.id
    db.session.commit()
    from mlarena.quests.jobs import rehearse

    found = ask(CHECKS, CHECK_SECONDS, rehearse, number, values)
    return {"stamp": stamp(values), **found}


def run(quest_id: int, values: dict[str, Any]) -> dict[str, Any]:
    """Both, in the worker's jail, by the quest's own grader. The row is left as it is."""
    # In a session of its own: the copy that is changed here belongs to nobody.
    with Session(db.engine, expire_on_commit=False) as session:
        quest = session.get_one(Quest, quest_id)
    if values["dataset_id"] != quest.dataset_id:
        raise ValueError("a quest is checked on the data that it has")
    for name, value in values.items():
        setattr(quest, name, value)
    codes = {
        "reference": values["reference_code"],
        "dummy": next(iter(BASELINES[quest.task_type].values())),
    }
    return {name: _graded(quest, name, code) for name, code in codes.items()}


def _graded(quest: Quest, house: str, code: str) -> dict[str, Any]:
    submission = Submission(house=house, task_id=quest.id, payload={"code": code})
    submission.quiet = True
    verdict = quest.grade(submission)
    db.session.commit()
    output = str(verdict.report.get("training", {}) or "") if verdict.status == "failed" else ""
    return {
        "status": verdict.status,
        "score": verdict.score,
        "passed": bool(verdict.passed),
        "error": verdict.error,
        "output": output[:2000],
    }


def require_shown(quest: Quest, values: dict[str, Any], found: dict[str, Any]) -> None:
    """Raises Invalid, by field, unless the reference passes and the dummy does not."""
    errors = faults(quest, values, found)
    if errors:
        raise Invalid("This quest cannot be published yet.", errors)


def faults(quest: Quest, values: dict[str, Any], found: dict[str, Any]) -> dict[str, list[str]]:
    reference, dummy = found["reference"], found["dummy"]
    rule = METRICS[values["metric"]]
    bound = f"{rule.label} {rule.sign} {values['threshold']:g}"
    if reference["status"] != "scored":
        return {"reference_code": [f"The reference gave no score: {reference['error']}"]}
    if not reference["passed"]:
        got = f"{reference['score']:.4g}"
        return {
            "threshold": [
                f"The reference gets {got}, which does not pass {bound}. Ask for less, or write a better "
                "reference: a quest that nobody has passed may be one that nobody can."
            ]
        }
    if dummy["status"] == "scored" and dummy["passed"]:
        lazy = next(iter(BASELINES[quest.task_type]))
        return {
            "threshold": [
                f"A model that has learned nothing ({lazy}) gets {dummy['score']:.4g} and passes {bound}. "
                "Ask for more, or choose a metric that is not so easily pleased."
            ]
        }
    return {}
