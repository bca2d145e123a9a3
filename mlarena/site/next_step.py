"""What a learner should do next, and why: one quest out of those they see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mlarena.quests.models import Quest
from mlarena.quests.service import QuestView, next_of


@dataclass(frozen=True)
class NextStep:
    quest: Quest
    reason: str


def next_step(views: Sequence[QuestView]) -> NextStep | None:
    """The quest that `next_of` names, with its reason; None when all are passed."""
    view = next_of(views)
    if view is None:
        return None
    return NextStep(view.quest, _reason(view, passed=any(v.state == "completed" for v in views)))


def _reason(view: QuestView, passed: bool) -> str:
    quest, rule = view.quest, view.quest.rule()
    aim = f"{rule.label} {'above' if rule.direction == 'higher' else 'below'} {quest.threshold:g}"
    if view.best_score is not None:
        return f"Your best so far is {view.best_score:.4g}; it takes {aim}."
    if view.state != "new":
        return f"You have begun it; it takes {aim}."
    if not passed:
        return f"It is where the path begins: {aim} for {quest.xp_reward} XP."
    return f"It is open and new to you: {aim} for {quest.xp_reward} XP."
