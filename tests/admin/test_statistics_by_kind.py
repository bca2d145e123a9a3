"""The same small class at a task of every kind, its figures counted by hand: as they are drawn, and as the
table behind each drawing says them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from mlarena.challenges import authoring
from mlarena.challenges.models import Case
from mlarena.cohorts import assignments
from mlarena.cohorts import service as cohorts
from mlarena.competitions import authoring as competitions
from mlarena.competitions import service as contest
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.submissions import footsteps
from mlarena.submissions.models import FirstView, Progress, Submission, Task, VerdictRow
from tests.challenges.conftest import ADD

# In Kathmandu, three quarters past five hours before Greenwich: 23:45 of one day, 06:15 of the next.
EVENING = datetime(2026, 7, 1, 18, 0, tzinfo=UTC)
MORNING = datetime(2026, 7, 2, 0, 30, tzinfo=UTC)
ZONE = "Asia/Kathmandu"
QUESTIONS = [{"kind": "number", "prompt": f"{n} + {n}?", "answer": 2 * n} for n in (1, 2)]
ADDING = {name: value for name, value in ADD.items() if name != "kind"}
SQL = {
    "type": "FE",
    "engine": "sqlite",
    "init": "CREATE TABLE goals (n INTEGER);",
    "solution": "SELECT sum(n) FROM goals",
    "test_cases": [
        {"data": "INSERT INTO goals VALUES (2);", "is_visible": True, "name": "two"},
        {"data": "INSERT INTO goals VALUES (3);", "name": "three"},
    ],
}
CASES = [
    {"name": "plus", "args": [1, 2], "expected": 3, "is_visible": True},
    {"name": "minus", "args": [1, -2], "expected": -1},
]


@dataclass
class World:
    """Who wrote it, its makers, and what a learner does to begin with it."""

    grace: Any
    make_quest: Callable[..., Any]

    def of(self, kind: str) -> Task:
        if kind == "quest":
            made: Task = self.make_quest()
        elif kind == "competition":
            now = utcnow()
            about = {"title": "Prices", "metric": "rmse", "starts_at": now - timedelta(days=1)}
            made = competitions.create(self.grace, about | {"ends_at": now + timedelta(days=9)})
            made.status = "published"
        else:
            said = {
                "sql": SQL,
                "coding": ADDING | {"test_cases": CASES},
                "knowledge": {"questions": QUESTIONS},
            }[kind]
            made = authoring.create(self.grace, kind, {"name": "Sums", **said}, False)
            made.status = "published"
        db.session.commit()
        return made

    def begin(self, learner: Any, task: Task) -> None:
        if task.kind == "competition":
            contest.register(learner, task)
        else:
            footsteps.start(learner.id, task.id)


@pytest.fixture
def world(make_user: Any, make_quest: Any) -> World:
    return World(make_user("grace", role="instructor"), make_quest)


def hand_in(user: Any, task: Task, score: float, missed: list[int], at: datetime) -> None:
    """A judged submission, as settling leaves it. `missed`: the places of what it got wrong."""
    passed = task.has_a_bar and not missed
    own = db.session.get(Progress, (user.id, task.id))
    if own is None:
        own = Progress(user_id=user.id, task_id=task.id, status="submitted", attempts=0)
        db.session.add(own)
    own.attempts += 1
    better = min if task.board_direction() == "lower" else max
    own.best_score = score if own.best_score is None else better(score, own.best_score)
    if passed:
        own.status, own.passed_on = "completed", own.passed_on or own.attempts
    made = Submission(
        user_id=user.id, task_id=task.id, attempt_no=own.attempts, status="scored", score=score,
        passed=passed, queued_at=at, finished_at=at, task_version=task.version,
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    report: dict[str, Any] = {}
    told: list[dict[str, Any]] = []
    if task.kind == "quest":
        parts = [("petal width", "1.8 or more"), ("petal length", "1.6 or less")]
        named = [{"feature": parts[n][0], "values": parts[n][1], "rows": 10} for n in missed]
        report = {"findings": {"slices": named}}
    else:
        cases = db.session.scalars(select(Case.id).order_by(Case.position)).all()
        told = [{"test_case_id": one, "passed": n not in missed} for n, one in enumerate(cases)]
    db.session.add(VerdictRow(submission_id=made.id, status="scored", cases=told, report=report))
    db.session.commit()


def tables(page: str) -> dict[str, list[list[str]]]:
    """By its caption or label, what every drawing's table says, row by row."""
    found = {}
    drawn = re.findall(r'(?:aria-label="([^"]*)">\s*)?(<table.*?</table>)', page, re.S)
    for label, table in drawn:
        caption = re.search(r"<caption>(.*?)</caption>", table, re.S)
        rows = [
            [plain(cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.S)]
            for row in re.findall(r"<tr.*?</tr>", table[table.index("<tbody") :], re.S)
        ]
        name = plain(caption[1]) if caption else unescape(label)
        found[name] = [[cell for cell in row if cell] for row in rows]
    return found


def plain(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html.replace("<wbr>", ""))).split())


HARD = {
    "sql": [["Case 2: three 3 of 5", "60 % missed"], ["Case 1: two 1 of 5", "20 % missed"]],
    "coding": [["Case 2: minus 3 of 5", "60 % missed"], ["Case 1: plus 1 of 5", "20 % missed"]],
    "knowledge": [
        ["Question 2: 2 + 2? 3 of 5", "60 % missed"],
        ["Question 1: 1 + 1? 1 of 5", "20 % missed"],
    ],
    "quest": [
        ["petal length: 1.6 or less 3 of 5", "60 % missed"],
        ["petal width: 1.8 or more 1 of 5", "20 % missed"],
    ],
}


@pytest.mark.parametrize("kind", ["quest", "sql", "coding", "knowledge", "competition"])
def test_a_class_counted_by_hand(world: World, make_user: Any, signed_in: Any, kind: str) -> None:
    task = world.of(kind)
    cohort = cohorts.create(world.grace, {"title": "A class", "timezone": ZONE})
    ada, bob, cy, dan, eve, fay = (
        make_user(name) for name in ("ada", "bob", "cy", "dan", "eve", "fay")
    )
    for learner in (ada, bob, cy, dan, eve):
        cohorts.join(learner, cohort.join_code)
    assignments.create(world.grace, cohort, {"title": "Week 1"}, {task.id: 1.0})
    # dan only looks; eve begins; cy tries once; ada passes at the second go, bob at the first, and fay, who
    # is in no class, too.
    db.session.add(FirstView(user_id=dan.id, task_id=task.id, at=EVENING))
    db.session.commit()
    world.begin(eve, task)
    hand_in(cy, task, 20.0, [0, 1], EVENING)
    hand_in(ada, task, 60.0, [1], EVENING)
    hand_in(ada, task, 50.0, [1], MORNING)
    hand_in(ada, task, 100.0, [], MORNING)
    hand_in(bob, task, 80.0, [], MORNING)
    hand_in(fay, task, 40.0, [], MORNING)

    desk = signed_in(world.grace)
    address = f"/teach/tasks/{task.id}/statistics"
    of_class = tables(desk.get(f"{address}?cohort={cohort.id}").text)
    everybody = tables(desk.get(address).text)

    came = "How far learners came"
    passes = kind != "competition"
    assert of_class[came] == [
        ["Opened it", "5 learners"],
        ["Began", "4 learners"],
        ["Handed in", "3 learners"],
        *([["Passed", "2 learners"]] if passes else []),
    ]
    assert everybody[came] == [
        ["Opened it", "6 learners"],
        ["Began", "5 learners"],
        ["Handed in", "4 learners"],
        *([["Passed", "3 learners"]] if passes else []),
    ]

    until = "Attempts until the first pass"
    if passes:
        assert of_class[until] == [["1", "1 learners"], ["2", "0 learners"], ["3", "1 learners"]]
        assert everybody[until] == [["1", "2 learners"], ["2", "0 learners"], ["3", "1 learners"]]
    else:
        assert until not in of_class

    # The best of three in twenty equal bins: from 20 to 100, or, where less is better, from 20 to 80.
    scores = [int(row[-1]) for row in of_class["Learners’ best scores"]]
    lower = task.board_direction() == "lower"
    assert lower == (kind == "competition")
    ends = {0: 1, 10: 1, 19: 1} if lower else {0: 1, 15: 1, 19: 1}  # ada's best is 50, or 100
    assert {place: count for place, count in enumerate(scores) if count} == ends

    hours = [int(row[-1]) for row in of_class["Handed in by hour of the day"]]
    assert {hour: count for hour, count in enumerate(hours) if count} == {23: 2, 6: 3}

    hardest = [rows for name, rows in of_class.items() if "of the latest" in name]
    assert hardest == ([HARD[kind]] if kind in HARD else [])

    side_by_side = tables(desk.get(f"/teach/cohorts/{cohort.id}/statistics").text)
    [line] = side_by_side["Task by task"]
    assert line[1:5] == ["5", "4", "3", "2" if passes else "–"]
    assert line[5] == "1.7"  # one, one and three attempts
    if passes:
        share = side_by_side["Learners by how many of the tasks they passed"]
        assert [one[1].split()[0] for one in share] == ["3", "0", "0", "0", "0", "2"]


def test_a_prize_is_no_pass(world: World, make_user: Any, signed_in: Any) -> None:
    """A competition that somebody has won is completed, and yet none of the tasks that can be passed."""
    quiz, contest_ = world.of("knowledge"), world.of("competition")
    cohort = cohorts.create(world.grace, {"title": "A class", "timezone": ZONE})
    ada, bob = make_user("ada"), make_user("bob")
    for learner in (ada, bob):
        cohorts.join(learner, cohort.join_code)
        hand_in(learner, contest_, 1.0, [], MORNING)
    weights = {quiz.id: 1.0, contest_.id: 1.0}
    assignments.create(world.grace, cohort, {"title": "Week 1"}, weights)
    hand_in(ada, quiz, 100.0, [], MORNING)
    for learner in (ada, bob):
        db.session.get_one(Progress, (learner.id, contest_.id)).status = "completed"
    db.session.commit()
    shown = signed_in(world.grace).get(f"/teach/cohorts/{cohort.id}/statistics")
    assert shown.status_code == 200
    shares = dict(tables(shown.text)["Learners by how many of the tasks they passed"])
    assert {word: count for word, count in shares.items() if not count.startswith("0 ")} == {
        "none": "1 learners",
        "up to all": "1 learners",
    }
