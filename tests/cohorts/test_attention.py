"""What the console's home says needs attention: each comes, and goes again once it is seen to."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest

from mlarena.challenges import authoring
from mlarena.challenges import service as challenges
from mlarena.cohorts import service as cohorts
from mlarena.core.db import db
from mlarena.core.redis import redis_client
from mlarena.forecasts import leagues
from mlarena.forecasts.models import Team, TeamAlias
from mlarena.submissions import jobs
from mlarena.submissions.evaluate import evaluate
from mlarena.submissions.models import Submission, VerdictRow
from mlarena.submissions.rejudging.models import Rejudge
from tests.challenges.conftest import ADD
from tests.cohorts.conftest import NOW

ADDING = {name: value for name, value in ADD.items() if name != "kind"}
NOTHING = "Nothing, just now"


@pytest.fixture
def desk(teacher: Any, signed_in: Any) -> Any:
    return signed_in(teacher)


@pytest.fixture
def said(desk: Any) -> Callable[[], list[str]]:
    """said() -> the notices on the home, a line each."""

    def read() -> list[str]:
        page = desk.get("/teach").text
        part = page[page.index('id="attention"') : page.index('id="due"')]
        lines = [
            " ".join(unescape(re.sub(r"<[^>]+>", " ", line)).split())
            for line in re.findall(r"<li>(.*?)</li>", part, re.S)
        ]
        assert (NOTHING in part) == (not lines)
        return lines

    return read


def test_a_failed_evaluation_until_it_is_judged_again(
    learner: Any, quiz: Any, desk: Any, said: Any, send_form: Any
) -> None:
    assert said() == []
    number = challenges.submit(learner("ada"), quiz.id, {"answers": {"1": "2"}}).id
    evaluate(number)
    redis_client().flushdb()
    assert said() == []  # nothing failed
    db.session.expire_all()
    for row in (db.session.get_one(Submission, number), db.session.get_one(VerdictRow, number)):
        row.status = "error"
    db.session.commit()
    assert said() == [
        "Evaluations failed One submission was not evaluated in the last two weeks, by the arena’s own fault."
    ]
    page = f"/teach/submissions/{number}"
    asked = {"scope": "submission", "target": str(number), "reason": "the jail was ill"}
    assert send_form(desk, "/teach/rejudges", page=page, **asked).status_code == 303
    jobs.rejudge()
    judged = db.session.query(Rejudge).one()
    assert any(line.startswith("Judged again") for line in said())
    page = f"/teach/rejudges/{judged.id}"
    assert send_form(desk, f"{page}/apply", page=page).status_code == 303
    jobs.rejudge()
    assert said() == []


def test_weak_cases_until_there_are_better_ones(teacher: Any, jail: Any, said: Any) -> None:
    weak = [{"args": [1, 2], "expected": 3, "is_visible": True}] * 2
    made = authoring.create(teacher, "coding", ADDING | {"test_cases": weak}, True)
    [line] = said()
    assert line.startswith("Weak cases “Add two numbers”: ")
    strong = [*ADDING["test_cases"]]
    authoring.update(teacher, made, {"test_cases": strong})
    assert said() == []


def test_names_of_teams_until_somebody_says_whom_they_mean(
    desk: Any, said: Any, send_form: Any
) -> None:
    leagues.seed_leagues()
    league = leagues.league_by_code("PL")
    home = Team(league_id=league.id, name="Home")
    alias = TeamAlias(league_id=league.id, source="openfootball", name="Homely")
    db.session.add_all([home, alias])
    db.session.commit()
    assert said() == [
        "Unmapped teams 1 team names of outside sources mean no team here yet: Homely."
    ]
    page = "/forecasts/names"
    meant = {f"name-{alias.id}-team_id": str(home.id)}
    sent = send_form(desk, f"{page}/{alias.id}", page=page, **meant)
    assert sent.status_code == 303
    assert said() == []


def test_a_task_that_few_pass_until_more_do(
    learner: Any, assign: Any, quiz: Any, handed_in: Any, said: Any
) -> None:
    assign([quiz])
    tried = [learner(f"learner{n}") for n in range(5)]
    for user in tried[:4]:
        handed_in(user, quiz, 10.0, NOW)
    assert said() == []  # too few have tried to say so
    handed_in(tried[4], quiz, 10.0, NOW)
    assert said() == ["Few pass “One question”: 0 of 5 who tried, in ML, autumn."]
    handed_in(tried[0], quiz, 100.0, NOW)
    assert said() == ["Few pass “One question”: 1 of 5 who tried, in ML, autumn."]
    handed_in(tried[1], quiz, 100.0, NOW)
    assert said() == []


@pytest.mark.parametrize("end", ["passes", "leaves", "is put away"])
def test_a_learner_who_is_stuck_until_they_are_not(
    teacher: Any, cohort: Any, learner: Any, assign: Any, quiz: Any, handed_in: Any, said: Any, end: str
) -> None:  # fmt: skip
    assign([quiz])
    ada = learner("ada")
    for _ in range(4):
        handed_in(ada, quiz, 10.0, NOW)
    assert said() == []
    handed_in(ada, quiz, 10.0, NOW)
    assert said() == ["Stuck ada has tried “One question” 5 times."]
    if end == "passes":
        handed_in(ada, quiz, 100.0, NOW)
    elif end == "leaves":
        cohorts.leave(ada, cohort.id)
    else:
        cohorts.archive(teacher, cohort)
    assert said() == []


def test_what_is_not_assigned_in_ones_own_cohorts_is_not_said(
    learner: Any, quiz: Any, handed_in: Any, said: Any, make_user: Any, signed_in: Any, assign: Any
) -> None:
    ada = learner("ada")
    for _ in range(5):
        handed_in(ada, quiz, 10.0, NOW)
    assert said() == []
    assign([quiz])
    assert said() == ["Stuck ada has tried “One question” 5 times."]
    other = signed_in(make_user("henry", role="instructor"))
    assert NOTHING in other.get("/teach").text
