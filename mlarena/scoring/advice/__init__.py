"""What a teacher would say to a model, and the fact that it rests on.

A new rule is one function in `from_answers.py` or `from_making.py`: it takes the `Facts` and returns what to
say, or None where it has no fact to rest on.
"""

from __future__ import annotations

from mlarena.scoring.advice import from_answers, from_making
from mlarena.scoring.advice.rules import RULES, Advice
from mlarena.scoring.facts import Facts

__all__ = ["RULES", "Advice", "advise", "from_answers", "from_making"]

MOST = 4


def advise(facts: Facts) -> list[dict[str, str]]:
    """The advice that applies, weightiest first, as JSON-able dicts."""
    found: list[dict[str, str]] = []
    for _, name, given in RULES:
        advice = given(facts) if len(found) < MOST else None
        if advice:
            found.append(
                {"rule": name, "title": advice.title, "text": advice.text, "fact": advice.fact}
            )
    return found
