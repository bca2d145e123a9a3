"""Payload → verdict: the model answers in the jail, the score is computed here, outside it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import structlog

from mlarena.core.storage import storage
from mlarena.quests import training
from mlarena.quests.card import card_of
from mlarena.quests.hidden import Hidden, hidden
from mlarena.quests.known import Known, known
from mlarena.quests.models import Quest
from mlarena.sandbox import Limits, Outcome, Sandbox
from mlarena.scoring import report
from mlarena.scoring.advice import advise
from mlarena.scoring.facts import Facts
from mlarena.scoring.metrics import Metric, MetricError
from mlarena.submissions.jail import sandbox
from mlarena.submissions.models import Submission
from mlarena.submissions.verdict import Verdict

log = structlog.get_logger(__name__)

METHODS = {"labels": "predict", "probabilities": "predict_proba", "clusters": "cluster"}
# What kinds of estimator a task takes; a model that does not say (onnx, a learner's own) may try.
SUITS = {
    "regression": {"regressor"},
    "classification": {"classifier"},
    "clustering": {"clusterer", "density_estimator", "transformer", "outlier_detector"},
}


class JailFault(Exception):
    """The jail, not the model, failed: the submission is tried again."""


def grade(quest: Quest, submission: Submission) -> Verdict:
    """Judge one uploaded model, or one trained here from code, on the hidden rows.

    Raises JailFault when the platform is at fault.
    """
    jail = sandbox()
    if jail.refuses:
        return Verdict("error", error=f"Models cannot be evaluated on this machine: {jail.refuses}")
    payload = submission.payload
    if "code" not in payload:
        return _grade_model(quest, jail, storage().read(payload["sha256"]), payload)
    trained = _ours_not(training.fit(quest, submission, jail))
    if trained.artifact is None:
        return _untrained(quest, trained)
    made = {"format": "pkl", "size": len(trained.artifact)}
    return _grade_model(quest, jail, trained.artifact, made, trained)


def _grade_model(
    quest: Quest,
    jail: Sandbox,
    artifact: bytes,
    payload: dict[str, Any],
    trained: Outcome | None = None,
) -> Verdict:
    rule, rows = quest.rule(), hidden(quest.dataset)
    outcome = jail.predict(
        artifact,
        format=payload["format"],
        features=rows.features,
        sample=known_of(quest).table,
        method=METHODS[rule.needs],
        rows=len(rows.target),
        limits=_limits(quest, jail.limits),
        probabilities=quest.task_type == "classification" and rule.needs == "labels",
    )
    return judge(quest, rule, rows, _ours_not(outcome), payload, trained)


def known_of(quest: Quest) -> Known:
    """What a model may be asked in the open."""
    dataset = quest.dataset
    return known(dataset.train_blob, dataset.sample_blob, dataset.target)


def _ours_not(outcome: Outcome) -> Outcome:
    """`outcome`, if what came of it is the learner's own doing."""
    if outcome.ours:
        raise JailFault("the jail's zygote died")
    return outcome


def _untrained(quest: Quest, trained: Outcome) -> Verdict:
    """The code gave no model: what it printed, and in which line it stopped."""
    message = trained.error.message if trained.error else "Your code gave no model."
    card = card_of(quest, quest.rule(), replace(trained, output=""), {}, trained)
    return Verdict.failed(message, report=card, execution_ms=trained.wall_ms)


def _limits(quest: Quest, usual: Limits) -> Limits:
    """The quest's own budget where it has one, the installation's otherwise."""
    own = {
        name: quest.limits[name] for name in ("wall_seconds", "memory_mb") if name in quest.limits
    }
    return replace(usual, **own)


def judge(
    quest: Quest,
    rule: Metric,
    rows: Hidden,
    outcome: Outcome,
    payload: dict[str, Any],
    trained: Outcome | None = None,
) -> Verdict:
    """Score what came out of the jail."""
    card = card_of(quest, rule, outcome, payload, trained)
    if outcome.status != "ok" or outcome.predictions is None:
        message = outcome.error.message if outcome.error else "Your model gave no answer."
        return Verdict.failed(message, report=card, execution_ms=outcome.wall_ms)
    unsuited = _unsuited(quest, outcome.about)
    if unsuited:
        card["problem"] = {"category": "unsuited", "detail": "", "line": None}
        return Verdict.failed(unsuited, report=card, execution_ms=outcome.wall_ms)
    try:
        score = rule.score(
            rows.target, outcome.predictions, classes=outcome.classes, features=rows.features.frame
        )
    except MetricError as error:
        card["problem"] = {"category": "answers", "detail": "", "line": None}
        return Verdict.failed(str(error), report=card, execution_ms=outcome.wall_ms)
    card["findings"] = report.findings(
        *(quest.task_type, rows.target, outcome.predictions),
        veil=rows.veil,
        classes=outcome.classes,
        probabilities=outcome.probabilities,
        features=rows.slices,
    )
    asked = known_of(quest)
    facts = Facts(
        task_type=quest.task_type,
        metric=rule,
        threshold=quest.threshold,
        score=score,
        findings=card["findings"],
        download=asked.download,
        parts=tuple(outcome.about.get("parts", ())),
        answers=outcome.predictions,
        milliseconds=outcome.wall_ms,
        allowed=_limits(quest, sandbox().limits).wall_seconds * 1e3,
        **asked.facts(rule, outcome),
    )
    card["seen_score"], card["advice"] = facts.seen_score, advise(facts)
    return Verdict(
        "scored",
        score=score,
        passed=facts.passed,
        perfect=rule.is_perfect(score),
        execution_ms=outcome.wall_ms,
        report=card,
    )


def _unsuited(quest: Quest, about: dict[str, Any]) -> str | None:
    kind = about.get("estimator_type")
    if not kind or kind in SUITS[quest.task_type]:
        return None
    known = {name for kinds in SUITS.values() for name in kinds}
    if kind not in known:
        return None
    wanted = {"regression": "a regressor", "classification": "a classifier"}.get(
        quest.task_type, "a clusterer"
    )
    return (
        f"This quest needs {wanted}, and your model is a {kind.replace('_', ' ')} "
        f"({about.get('class', 'unknown class')})."
    )
