"""The showcase's challenges: some solve, some nearly do, and the hero has a history."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from benchmarks.showcase import Showcase

STARTER = Path(__file__).resolve().parents[1] / "content" / "starter" / "challenges"
SQL, FASTEST, CODING, QUIZ = (
    "podium",
    "first-taps-fast",
    "accuracy-and-recall",
    "train-and-test",
)
WRONG_CODE = """
def scores(truth, answers, positive):
    print("looking for", positive)
    right = sum(t == a for t, a in zip(truth, answers))
    return [right / len(truth), 1]
"""


def written(slug: str) -> dict[str, Any]:
    """A challenge of the starter content, as its author wrote it."""
    (path,) = STARTER.glob(f"*/{slug}.yaml")
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def play(case: Showcase, hero: str, others: Sequence[str]) -> None:
    """Hand in what the pages are to show; adds to `case.challenges` and `case.submissions`."""
    _, answer = case.here.call("GET", "/challenges?per_page=100", case.tokens[hero])
    case.challenges = {row["slug"]: row["id"] for row in answer["data"]}
    shown, quick, solution = (
        case.submissions,
        written(FASTEST)["solution"],
        written(SQL)["solution"],
    )
    code, half = written(CODING)["solution"], _answers(QUIZ, right=False)
    shown["sql-failed"] = attempt(case, hero, SQL, query="SELECT nothing\nFROM nowhere")
    nearly = solution.replace("place <= 3", "place <= 3 AND d.name <> 'reviews'")
    shown["sql-wrong"] = attempt(case, hero, SQL, query=nearly)
    shown["sql-solved"] = attempt(case, hero, SQL, query=solution)
    shown["sql-ranked"] = attempt(case, hero, FASTEST, query=quick)
    shown["coding-wrong"] = attempt(case, hero, CODING, code=WRONG_CODE)
    shown["coding-solved"] = attempt(case, hero, CODING, code=code)
    shown["quiz-missed"] = attempt(case, hero, QUIZ, answers=half)
    shown["quiz-solved"] = attempt(case, hero, QUIZ, answers=_answers(QUIZ))
    for place, name in enumerate(others):
        slower = (
            quick + f" AND (SELECT COUNT(DISTINCT rider_id) FROM taps WHERE id % {place + 2}) > 0"
        )
        attempt(case, name, FASTEST, query=slower)
        attempt(case, name, CODING, code=code if place % 2 else WRONG_CODE)


def pages(case: Showcase, hero: str) -> dict[str, tuple[str, str | None]]:
    """Every page of the wing: name → (path, who looks at it)."""
    number = case.challenges
    return {
        "challenges": ("/challenges", hero),
        "challenges-signed-out": ("/challenges", None),
        "challenges-narrowed": ("/challenges?kind=sql&q=taps", hero),
        "challenge-sql": (f"/challenges/{number[SQL]}", hero),
        "challenge-sql-ranked": (f"/challenges/{number[FASTEST]}", hero),
        "challenge-sql-signed-out": (f"/challenges/{number[SQL]}", None),
        "challenge-coding": (f"/challenges/{number[CODING]}", "newcomer"),
        "challenge-quiz": (f"/challenges/{number[QUIZ]}", "newcomer"),
        "challenge-attempts-sql": (f"/challenges/{number[SQL]}/attempts", hero),
        "challenge-attempts-coding": (f"/challenges/{number[CODING]}/attempts", hero),
        "challenge-attempts-none": (f"/challenges/{number[CODING]}/attempts", "newcomer"),
        "challenge-board": (f"/boards/challenge/{number[FASTEST]}", hero),
    }


def attempt(case: Showcase, name: str, slug: str, **what: Any) -> int:
    """Hand it in and wait for the verdict; its id."""
    body = {"challenge_id": case.challenges[slug], **what}
    status, answer = case.here.call("POST", "/attempts", case.tokens[name], body)
    if status != 202:
        raise RuntimeError(f"attempt at {slug}: {status} {answer}")
    number: int = answer["data"]["id"]
    until = time.monotonic() + 60
    while answer["data"]["status"] in ("queued", "running"):
        if time.monotonic() > until:
            raise RuntimeError(f"attempt {number} got no verdict")
        time.sleep(0.03)
        _, answer = case.here.call("GET", f"/submissions/{number}", case.tokens[name])
    return number


def _answers(slug: str, right: bool = True) -> list[Any]:
    """In the order of the questions: all right, or every other one."""
    found: list[Any] = []
    for place, question in enumerate(written(slug)["questions"]):
        answer, choices = question["answer"], question.get("choices")
        if question["kind"] == "single":
            found.append(choices[answer] if isinstance(answer, int) else answer)
        elif question["kind"] == "multiple":
            found.append([choices[one] if isinstance(one, int) else one for one in answer])
        else:
            found.append(answer[0] if isinstance(answer, list) else answer)
        if not right and place % 2:
            found[-1] = None
    return found
