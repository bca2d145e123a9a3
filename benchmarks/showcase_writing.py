"""The showcase's teacher: a draft of each kind, and the pages that instructors write on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.showcase import Showcase


def pages(case: Showcase, teacher: str) -> dict[str, tuple[str, str | None]]:
    """Every page to write on: name → (path, who looks at it)."""
    shown: dict[str, tuple[str, str | None]] = {
        "writing-list": ("/challenges/written", teacher),
        "quests-written": ("/teach/quests", teacher),
        "quest-new": ("/teach/quests/new", teacher),
        "quest-edit": (f"/teach/quests/{case.quests['customer-segments']}", teacher),
        "packs": ("/teach/packs", teacher),
        "writing-preview": (f"/challenges/{case.drafts['coding']}/preview", teacher),
    }
    shown["teach-versions"] = (f"/teach/tasks/{case.drafts['coding']}/versions", teacher)
    for kind, number in case.drafts.items():
        shown[f"writing-new-{kind}"] = (f"/challenges/new/{kind}", teacher)
        shown[f"writing-edit-{kind}"] = (f"/challenges/{number}/edit", teacher)
    return shown


def write(case: Showcase, teacher: str) -> None:
    """One draft of each kind, one of them written twice; adds to `case.drafts`."""
    drafts: dict[str, dict[str, Any]] = {
        "sql": {
            "init": "CREATE TABLE team (id INTEGER PRIMARY KEY, name TEXT NOT NULL);",
            "solution": "SELECT name FROM team ORDER BY name",
            "test_cases": [
                {"data": "INSERT INTO team VALUES (1, 'Reds'), (2, 'Blues');", "is_visible": True},
                {"data": "", "name": "no team"},
            ],
        },
        "coding": {
            "function": "mean",
            "solution": "def mean(values):\n    return sum(values) / len(values)\n",
            "test_cases": [
                {"args": [[1, 2, 6]], "expected": 3, "is_visible": True},
                {"args": [[0]]},
            ],
        },
        "knowledge": {
            "questions": [
                {
                    "kind": "single",
                    "prompt": "Which falls with more false alarms?",
                    "choices": ["precision", "recall"],
                    "answer": "precision",
                },
                {"kind": "text", "prompt": "TP / (TP + FN)?", "answer": ["recall", "sensitivity"]},
                {"kind": "number", "prompt": "F1 of 1 and 1?", "answer": 1, "tolerance": 0.01},
            ]
        },
    }
    hints = [{"text": "A nudge.", "cost": 0}, {"text": "Nearly the answer.", "cost": 3}]
    for kind, fields in drafts.items():
        words = {"kind": kind, "name": f"A draft: {kind}", "hints": hints}
        status, answer = case.here.call(
            "POST", "/challenges", case.tokens[teacher], body=words | fields
        )
        if status != 201:
            raise RuntimeError(f"challenge: {status} {answer}")
        case.drafts[kind] = answer["data"]["id"]
    again = {"summary": "The mean of a list.", "points": 15}
    path = f"/challenges/{case.drafts['coding']}"
    status, answer = case.here.call("PATCH", path, case.tokens[teacher], body=again)
    if status != 200:
        raise RuntimeError(f"challenge: {status} {answer}")
