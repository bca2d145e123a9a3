"""What two versions of a quest's form differ in, for whoever saved second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mlarena.quests.desk.forms import QuestForm
from mlarena.quests.models import Quest
from mlarena.scoring.texts import TextChange, text_change


@dataclass(frozen=True)
class Difference:
    """One field: what is saved (theirs) and what was typed (yours); `lines` where it has several."""

    id: str
    label: str
    theirs: str
    yours: str
    lines: TextChange | None


def differences(quest: Quest, typed: QuestForm, zone: str) -> list[Difference]:
    """Field by field, from what is saved now to what was typed."""
    saved = QuestForm(formdata=None).prepared_for(quest).show_of(quest, zone)
    found = []
    for field in saved:
        if field.name in ("read", "csrf_token"):
            continue
        theirs, yours = _text(field), _text(typed[field.name])
        if theirs != yours:
            lines = text_change(theirs, yours) if "\n" in theirs + yours else None
            found.append(Difference(field.id, field.label.text, theirs, yours, lines))
    return found


def _text(field: Any) -> str:
    value = field.data
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:g}"
    choices = dict(getattr(field, "choices", None) or [])
    return str(choices.get(value, value)).strip()
