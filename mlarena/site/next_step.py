"""What a learner should do next, and why: one quest out of those they see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mlarena.quests.models import Quest
from mlarena.quests.service import QuestView


@dataclass(frozen=True)
class NextStep:
    quest: Quest
    reason: str


def next_step(views: Sequence[QuestView]) -> NextStep | None:
    """The open quest to do next, of `views` in the order of the path; None when all are passed.

    One that was begun comes first: finishing it is closer than starting another.
    """
    open_ones = [view for view in views if not view.locked and view.state != "completed"]
    begun = [view for view in open_ones if view.state != "new"]
    if not open_ones:
        return None
    view = (begun or open_ones)[0]
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
