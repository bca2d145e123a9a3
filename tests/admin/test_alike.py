"""Who wrote the same: found by the clock, shown to instructors, with nothing done by itself."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from mlarena.accounts.audit import AuditEntry
from mlarena.admin import jobs
from mlarena.admin.integrity import comparing
from mlarena.admin.integrity.models import AlikePair, Fingerprint
from mlarena.challenges.models import Case, ChallengeVersion, CodingChallenge
from mlarena.cohorts import service as cohorts
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.submissions.models import Submission
from tests.scoring.test_similarity import SOLUTION

REFERENCE = "def running_mean(values, size):\n    return [0.0]\n"
COPY = "# all my own work\n" + SOLUTION.replace("total", "s").replace("means", "out")
OWN = """
def running_mean(values, size):
    from itertools import accumulate
    sums = [0, *accumulate(values)]
    pairs = zip(sums, sums[size:])
    return [(late - early) / size for early, late in pairs]
"""


@pytest.fixture
def teacher(make_user: Callable[..., Any]) -> Any:
    return make_user("grace", role="instructor")


@pytest.fixture
def task(app: Any) -> Any:
    """A published Python challenge, as its author has saved it."""
    made = CodingChallenge(slug="mean", title="Running mean", status="published", xp_reward=10)
    content = {"function": "running_mean", "solution": REFERENCE, "starter_code": REFERENCE}
    version = ChallengeVersion(challenge=made, number=1, content=content, digest="x")
    version.cases.append(Case(position=1, content={"args": [[1], 1], "expected": [1.0]}))
    db.session.add_all([made, version])
    db.session.commit()
    return made


@pytest.fixture
def handed_in(make_user: Callable[..., Any]) -> Callable[..., Any]:
    """handed_in("ada", task, code) -> a judged submission of theirs; passed unless said otherwise."""
    from mlarena.accounts.models import User

    def make(
        name: str, task: Any, code: str | None = None, file: str = "", passed: bool = True
    ) -> Any:
        user = db.session.scalar(select(User).where(User.username == name)) or make_user(name)
        sha = hashlib.sha256((code or file).encode()).hexdigest()
        number = db.session.query(Submission).filter_by(user_id=user.id, task_id=task.id).count()
        payload = {"code": code} if code is not None else {"sha256": sha, "size": 9}
        made = Submission(
            user_id=user.id, task_id=task.id, attempt_no=number + 1, status="scored", score=100.0,
            passed=passed, payload=payload, blob_sha256=sha, finished_at=utcnow(),
        )  # fmt: skip
        db.session.add(made)
        db.session.commit()
        return made

    return make


def found() -> list[AlikePair]:
    db.session.expire_all()
    return list(db.session.scalars(select(AlikePair).order_by(AlikePair.id)))


def test_a_copy_is_found_once_and_kept_until_it_is_set_aside(
    task: Any,
    handed_in: Any,
    teacher: Any,
    signed_in: Any,
    send_form: Any,
    client: Any,
    bearer: Any,
) -> None:
    ada = handed_in("ada", task, SOLUTION)
    handed_in("bob", task, COPY.replace("return out", "return 0"), passed=False)
    bob = handed_in("bob", task, COPY)
    handed_in("cy", task, OWN)
    handed_in("dan", task, REFERENCE)
    handed_in("eve", task, REFERENCE)
    assert jobs.compare() == 1
    (pair,) = found()
    assert (pair.earlier_id, pair.later_id, pair.kind) == (ada.id, bob.id, "alike")
    assert pair.share > 0.95
    assert len(db.session.scalars(select(Fingerprint)).all()) == 5
    assert jobs.compare() == 0  # nothing is new

    desk = signed_in(teacher)
    assert "Running mean" in desk.get("/teach/alike").text
    shown = desk.get(f"/teach/alike/{pair.id}").text
    assert 'id="one-1"' in shown
    assert 'href="#one-1"' in shown
    assert "# all my own work" in shown
    address = f"/teach/alike/{pair.id}"
    refused = send_form(desk, f"{address}/aside", page=address, why="")
    assert (refused.status_code, "Say why" in refused.text) == (422, True)
    assert (
        send_form(desk, f"{address}/aside", page=address, why="They sat together").status_code
        == 303
    )
    assert "Running mean" not in desk.get("/teach/alike").text
    assert "They sat together" in desk.get("/teach/alike?aside=1").text
    handed_in("fay", task, OWN + "# later\n")
    assert jobs.compare() == 1
    assert next(one.aside_why for one in found()) == "They sat together"
    assert send_form(desk, f"{address}/take_up", page=address).status_code == 303
    answer = client.get(f"/api/v1/alike?task={task.id}", headers=bearer(teacher)).json
    assert answer["data"][0]["earlier"]["username"] == "ada"
    actions = db.session.scalars(select(AuditEntry.action)).all()
    assert [one for one in actions if one.startswith("pair.")] == ["pair.aside", "pair.take_up"]


def test_what_everybody_writes_is_nobodys_copy(task: Any, handed_in: Any) -> None:
    for number in range(comparing.COMMON + 2):
        handed_in(f"learner{number}", task, SOLUTION + f"# {number}\n")
    assert jobs.compare() == 1
    assert found() == []


def test_an_edit_of_the_task_compares_anew_and_what_is_gone_leaves_the_list(
    task: Any, handed_in: Any
) -> None:
    handed_in("ada", task, SOLUTION)
    handed_in("bob", task, COPY)
    jobs.compare()
    assert len(found()) == 1
    content = {"function": "running_mean", "solution": SOLUTION, "starter_code": ""}
    db.session.add(ChallengeVersion(challenge_id=task.id, number=2, content=content, digest="y"))
    task.version = 2
    db.session.commit()
    assert jobs.compare() == 1
    assert found() == []  # the reference reads like that: whoever has the same was led to it


def test_the_same_file_of_two_learners_is_found_and_a_teams_is_not(
    quest: Any, make_user: Any, handed_in: Any, teacher: Any, signed_in: Any
) -> None:
    from tests.security.worlds import held

    ada, bob = handed_in("ada", quest, file="a model"), handed_in("bob", quest, file="a model")
    handed_in("cy", quest, file="another")
    handed_in("ada", quest, file="a model")
    quest.starter_code = "def train(X, y): ..."
    handed_in("cy", quest, quest.starter_code)
    handed_in("dan", quest, quest.starter_code)
    from mlarena.accounts.models import User
    from mlarena.competitions.models import Competition, Member

    people = {user.username: user for user in db.session.scalars(select(User))}
    contest = db.session.get(Competition, held(teacher, people["ada"]))
    mine = db.session.scalars(select(Member.entrant_id)).one()
    db.session.add(Member(competition_id=contest.id, user_id=people["bob"].id, entrant_id=mine))
    for name in ("ada", "bob"):
        handed_in(name, contest, file="predictions")
    handed_in("cy", contest, file="predictions")
    jobs.compare()
    pairs = found()
    assert {pair.kind for pair in pairs} == {"identical"}
    quests = [(pair.earlier_id, pair.later_id) for pair in pairs if pair.task_id == quest.id]
    assert quests == [(ada.id, bob.id)]
    (contested,) = (pair for pair in pairs if pair.task_id == contest.id)
    assert contested.later.user.username == "cy"
    page = signed_in(teacher).get(f"/teach/alike/{contested.id}").text
    assert "Byte by byte" in page


def test_a_cohort_shows_its_own_pairs_to_who_leads_it(
    task: Any, handed_in: Any, teacher: Any, make_user: Any, signed_in: Any
) -> None:
    ada, bob = handed_in("ada", task, SOLUTION), handed_in("bob", task, COPY)
    jobs.compare()
    cohort = cohorts.create(teacher, {"title": "A class"})
    cohorts.join(ada.user, cohort.join_code)
    desk, address = signed_in(teacher), f"/teach/alike?cohort={cohort.id}"
    assert "Running mean" not in desk.get(address).text
    cohorts.join(bob.user, cohort.join_code)
    assert "Running mean" in desk.get(address).text
    other = signed_in(make_user("henry", role="instructor"))
    assert other.get(address).status_code == 404
    assert signed_in(ada.user).get("/teach/alike").status_code == 403


def test_the_list_asks_the_same_number_of_questions_however_long_it_is(
    task: Any, handed_in: Any, teacher: Any, signed_in: Any, queries: list[str]
) -> None:
    desk = signed_in(teacher)

    def counted() -> int:
        queries.clear()
        assert desk.get("/teach/alike").status_code == 200
        return len(queries)

    counted()
    handed_in("ada", task, SOLUTION)
    handed_in("bob", task, COPY)
    jobs.compare()
    few = counted()
    for number in range(6):
        handed_in(f"more{number}", task, COPY + f"# {number}")
    jobs.compare()
    assert len(found()) > 6
    assert counted() == few
