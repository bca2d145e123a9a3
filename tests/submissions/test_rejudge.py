"""Judging again after a wrong key was mended: as if the right verdict had been the first."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from mlarena.admin import rejudges
from mlarena.boards import service as boards
from mlarena.challenges import authoring
from mlarena.challenges import service as challenges
from mlarena.cohorts import assignments
from mlarena.cohorts import service as cohorts
from mlarena.core.clock import rfc3339
from mlarena.core.db import db
from mlarena.core.errors import Conflict, Invalid
from mlarena.core.redis import redis_client
from mlarena.rewards.models import Badge, KindTotals, LearnerTotals, XpEntry
from mlarena.submissions import jobs
from mlarena.submissions.evaluate import evaluate
from mlarena.submissions.models import JobEvent, Progress, Submission, VerdictRow
from mlarena.submissions.rejudging import applying, asking
from mlarena.submissions.rejudging.models import Rejudge, RejudgeItem

XP = 20


@pytest.fixture
def teacher(make_user: Callable[..., Any]) -> Any:
    return make_user("grace", role="instructor")


@pytest.fixture
def quiz(teacher: Any) -> Any:
    """Its key is wrong: it says 3."""
    return authoring.create(teacher, "knowledge", quiz_with(3), publish=True)


def quiz_with(answer: int) -> dict[str, Any]:
    question = {"kind": "number", "prompt": "1 + 1?", "answer": answer}
    return {"name": "One question", "points": XP, "questions": [question]}


def mend(teacher: Any, quiz: Any, answer: int = 2) -> None:
    fresh = challenges.find_challenge(quiz.id, teacher)
    authoring.update(teacher, fresh, quiz_with(answer), publish=True)


def answer(user: Any, quiz: Any, value: str) -> Any:
    submission = challenges.submit(user, quiz.id, {"answers": {"1": value}})
    number = submission.id
    evaluate(number)
    redis_client().flushdb()  # a worker has taken it off the queue: no live work waits
    db.session.expire_all()
    return db.session.get_one(Submission, number)


def rejudged(teacher: Any, quiz: Any, apply: bool = True) -> Rejudge:
    made = rejudges.ask(teacher, "task", quiz.id, "the key was wrong")
    jobs.rejudge()
    found = asking.find(made.id)
    if apply and found.status == "judged":
        asking.decide(teacher, found, apply=True)
        jobs.rejudge()
    db.session.expire_all()
    return asking.find(made.id)


def stands(user: Any, quiz: Any) -> dict[str, Any]:
    """All that a verdict leaves of a learner, without the times and numbers of rows."""
    db.session.expire_all()
    totals = db.session.get(LearnerTotals, user.id)
    progress = db.session.get_one(Progress, (user.id, quiz.id))
    ledger = db.session.scalar(
        select(func.coalesce(func.sum(XpEntry.amount), 0)).where(XpEntry.user_id == user.id)
    )
    xp = totals.xp if totals else 0
    assert ledger == xp  # the totals are the ledger's sum
    kinds = select(KindTotals.kind, KindTotals.passed).where(
        KindTotals.user_id == user.id, KindTotals.passed > 0
    )
    return {
        "xp": xp,
        "passed": totals.passed if totals else 0,
        "perfect": totals.perfect if totals else 0,
        "kinds": sorted(tuple(row) for row in db.session.execute(kinds)),
        "progress": (progress.status, progress.attempts, progress.best_score, progress.passed_on),
        "boards": [
            getattr(boards.standing(name, user.id), "score", None)
            for name in ("global", "weekly", f"challenge:{quiz.id}")
        ],
        "paid": db.session.scalars(
            select(Submission.xp_awarded)
            .where(Submission.user_id == user.id)
            .order_by(Submission.id)
        ).all(),
    }


@pytest.fixture
def as_if(teacher: Any, make_user: Any) -> Callable[..., Any]:
    """as_if(["3", "2"]) -> what is left of somebody who handed that in to the right quiz from the start."""

    def live(*values: str) -> dict[str, Any]:
        right = authoring.create(
            teacher, "knowledge", quiz_with(2) | {"name": f"Right {len(values)}"}, publish=True
        )
        somebody = make_user(f"other{right.id}")
        for value in values:
            answer(somebody, right, value)
        return stands(somebody, right)

    return live


def test_it_ends_as_if_the_new_verdict_had_been_the_first(
    teacher: Any, quiz: Any, make_user: Any, as_if: Any
) -> None:
    ada, bob, cyd = (make_user(name) for name in ("ada", "bob", "cyd"))
    given = {ada: ("2",), bob: ("3",), cyd: ("3", "2")}
    for user, values in given.items():
        for value in values:
            answer(user, quiz, value)
    assert [stands(user, quiz)["xp"] for user in given] == [0, XP, XP]
    before = {user: stands(user, quiz) for user in given}
    mend(teacher, quiz)
    waiting = rejudged(teacher, quiz, apply=False)
    assert (waiting.status, asking.counts([waiting.id])[waiting.id]["changed"]) == ("judged", 4)
    assert {user: stands(user, quiz) for user in given} == before  # nothing until it is applied
    asking.decide(teacher, waiting, apply=True)
    jobs.rejudge()
    jobs.rejudge()  # a second worker, a clock that fires twice
    assert asking.find(waiting.id).status == "applied"
    for user, values in given.items():
        assert stands(user, quiz) == as_if(*values), user.username
    lines = db.session.execute(
        select(XpEntry.key, XpEntry.amount).where(XpEntry.user_id == bob.id).order_by(XpEntry.id)
    ).all()
    key = f"task:{quiz.id}"
    assert (key, XP) in lines  # never edited
    assert (f"{key}:undone", -XP) in lines
    kept = db.session.scalar(select(RejudgeItem).where(RejudgeItem.submission_id == 1))
    assert (kept.before["passed"], kept.after["passed"]) == (False, True)
    rounds = select(JobEvent.submission_id, JobEvent.round).where(JobEvent.type == "job-completed")
    events = db.session.execute(rounds.order_by(JobEvent.id)).all()
    changed = [number for number, nth in events if nth == waiting.id]
    assert [number for number, nth in events if nth == 0] == sorted({one for one, _ in events})
    assert len(changed) == len(set(changed)) == 4
    verdicts = db.session.scalar(select(func.count()).select_from(VerdictRow))
    assert verdicts == db.session.scalar(select(func.count()).select_from(Submission))


def test_who_lost_a_pass_is_paid_for_the_next_one_and_back_again(
    teacher: Any, quiz: Any, make_user: Any, as_if: Any
) -> None:
    bob = make_user("bob")
    answer(bob, quiz, "3")
    mend(teacher, quiz)
    rejudged(teacher, quiz)
    assert stands(bob, quiz)["xp"] == 0
    fresh = answer(bob, quiz, "2")
    assert fresh.xp_awarded == XP
    assert stands(bob, quiz) == as_if("3", "2")
    mend(teacher, quiz, answer=3)  # it was right all along
    rejudged(teacher, quiz)
    assert stands(bob, quiz)["paid"] == [XP, 0]
    mend(teacher, quiz, answer=7)
    rejudged(teacher, quiz)
    assert (stands(bob, quiz)["xp"], stands(bob, quiz)["boards"]) == (0, [None, None, 0.0])
    assert answer(bob, quiz, "7").xp_awarded == XP
    assert stands(bob, quiz)["passed"] == 1


def test_nothing_changes_and_nothing_is_asked(teacher: Any, quiz: Any, make_user: Any) -> None:
    with pytest.raises(Invalid, match="nothing to judge"):
        rejudges.ask(teacher, "task", quiz.id, "to be sure")
    answer(make_user("ada"), quiz, "3")
    same = rejudged(teacher, quiz)
    assert (same.status, asking.counts([same.id])[same.id]["same"]) == ("unchanged", 1)
    with pytest.raises(Conflict):
        asking.decide(teacher, same, apply=True)


def test_what_is_dropped_changes_nothing_and_two_at_once_are_refused(
    teacher: Any, quiz: Any, make_user: Any
) -> None:
    ada = make_user("ada")
    answer(ada, quiz, "2")
    mend(teacher, quiz)
    made = rejudges.ask(teacher, "task", quiz.id, "the key was wrong")
    with pytest.raises(Conflict, match="under way"):
        rejudges.ask(teacher, "task", quiz.id, "once more")
    asking.decide(teacher, made, apply=False)
    jobs.rejudge()
    assert stands(ada, quiz)["xp"] == 0
    assert asking.find(made.id).status == "discarded"


def test_a_cohort_or_one_submission_is_judged_again_by_page(
    teacher: Any, quiz: Any, make_user: Any, signed_in: Any, send_form: Any
) -> None:
    """Nobody else's work is touched; how far it is and what would change stand on its page."""
    ada, bob = make_user("ada"), make_user("bob")
    cohort = cohorts.create(teacher, {"title": "A class"})
    cohorts.join(ada, cohort.join_code)
    assignments.create(teacher, cohort, {"title": "Week 1"}, {quiz.id: 1.0})
    answer(ada, quiz, "3")
    first = answer(bob, quiz, "3").id
    answer(bob, quiz, "2")
    mend(teacher, quiz)
    desk = signed_in(teacher)

    def asked(page: str, **fields: Any) -> str:
        made = send_form(desk, "/teach/rejudges", page=page, reason="the key was wrong", **fields)
        assert made.status_code == 303
        assert re.search(
            r"0</span> of <span[^>]*>1</span> are judged", desk.get(made.location).text
        )
        jobs.rejudge()
        return str(made.location)

    def changes(address: str) -> list[list[str]]:
        rows = re.findall(r'<tr>\s*<th scope="row".*?</tr>', desk.get(address).text, re.S)
        cells = [re.findall(r"<td>(.*?)</td>", row, re.S) for row in rows]
        return [[re.sub("<[^>]+>", "", cell).strip() for cell in row] for row in cells]

    was, is_ = "100.0000 passed", "0.0000 not passed"
    again = asked(f"/teach/cohorts/{cohort.id}/progress", scope="cohort", target=cohort.id)
    assert changes(again) == [["ada", quiz.title, was, is_]]
    assert stands(ada, quiz)["xp"] == XP
    assert send_form(desk, f"{again}/apply", page=again).status_code == 303
    jobs.rejudge()
    assert (stands(ada, quiz)["xp"], stands(bob, quiz)["xp"]) == (0, XP)

    log = f"/teach/submissions/{first}"
    again = asked(log, scope="submission", target=first)
    assert changes(again) == [["bob", quiz.title, was, is_]]
    send_form(desk, f"{again}/discard", page=again)
    assert stands(bob, quiz)["xp"] == XP
    assert "What changes" in desk.get(again).text  # it stays to be read
    other = signed_in(make_user("mary", role="instructor"))
    refused = send_form(
        other, "/teach/rejudges", page=log, scope="cohort", target=cohort.id, reason="mine"
    )
    assert refused.status_code == 404
    left_out = send_form(desk, "/teach/rejudges", page=log, scope="submission", target=first)
    assert "Say why" in desk.get(left_out.location).text


def test_a_killed_apply_goes_on_and_pays_once(
    teacher: Any, quiz: Any, make_user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [make_user(f"learner{n}") for n in range(3)]
    for user in people:
        answer(user, quiz, "2")
    mend(teacher, quiz)
    waiting = rejudged(teacher, quiz, apply=False)
    asking.decide(teacher, waiting, apply=True)
    whole = applying._Again.write
    calls = []

    def killed(self: Any) -> None:
        whole(self)
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt  # in the middle of the second learner's transaction

    monkeypatch.setattr(applying._Again, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        jobs.rejudge()
    db.session.rollback()
    assert sorted(stands(user, quiz)["xp"] for user in people) == [0, 0, XP]
    jobs.rejudge()
    assert [stands(user, quiz)["xp"] for user in people] == [XP] * 3
    assert asking.find(waiting.id).status == "applied"


def test_the_feed_tells_of_passes_that_stand(
    teacher: Any, quiz: Any, make_user: Any, client: Any
) -> None:
    """A pass, a best or a badge that a rejudge takes away is no longer told; one that it grants is."""
    db.session.add(
        Badge(slug="one", name="One", condition_type="challenges_completed", condition_value=1)
    )
    db.session.commit()
    ada, bob = make_user("ada"), make_user("bob")
    answer(bob, quiz, "3")
    answer(ada, quiz, "2")

    def told() -> list[tuple[str, str]]:
        rows = client.get("/api/v1/activity").json["data"]
        return sorted((row["username"], row["kind"]) for row in rows)

    assert told() == [("bob", "badge"), ("bob", "solve")]
    mend(teacher, quiz)
    rejudged(teacher, quiz)
    assert told() == [("ada", "badge"), ("ada", "solve")]
    solved = next(
        row for row in client.get("/api/v1/activity").json["data"] if row["kind"] == "solve"
    )
    finished = db.session.scalar(select(Submission.finished_at).where(Submission.user_id == ada.id))
    assert solved["at"] == rfc3339(finished)  # where it would have stood
    mend(teacher, quiz, answer=3)
    rejudged(teacher, quiz)
    assert told() == [("bob", "badge"), ("bob", "solve")]
