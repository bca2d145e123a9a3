"""Who comes to the doors, and what they come for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from mlarena.accounts import service as accounts
from mlarena.accounts import tokens
from mlarena.accounts.models import User
from mlarena.challenges import authoring
from mlarena.core.db import db
from mlarena.quests import tries
from mlarena.submissions.models import Submission, Task
from tests.security.worlds import (
    alike_pair,
    class_of,
    feed,
    held,
    lms_of,
    match_to_come,
    rejudged,
    report_of,
    revision_of,
    told,
    waiting_name,
    webhook_of,
)

QUIZ = {
    "name": "One question",
    "questions": [{"kind": "number", "prompt": "1 + 1?", "answer": 2}],
}


def everybody(make_user: Callable[..., User]) -> dict[str, User]:
    """One of each role, and the learner whose things they try. One hash serves all: it is slow to make."""
    owner = make_user("owner")
    found = {"owner": owner}
    for name, role in (("other", "learner"), ("instructor", "instructor"), ("admin", "admin")):
        found[name] = User(
            username=name,
            username_key=name,
            email=f"{name}@example.org",
            email_key=f"{name}@example.org",
            password_hash=owner.password_hash,
            role=role,
        )
        db.session.add(found[name])
    db.session.commit()
    return found


COHORTS = ("cohort_id", "assignment_id", "announcement_id", "code")


class Things(dict[str, Any]):
    """By the name that a path has for it, the id of a thing; one that takes long is made when it is asked
    for, by what `later` has for its name: a function that gives some of the names."""

    def __init__(self, now: dict[str, Any], later: dict[str, Callable[[], dict[str, Any]]]) -> None:
        super().__init__(now)
        self.later = later

    def __missing__(self, name: str) -> Any:
        self.update(self.later[name]())
        return self[name]


def made_now(people: dict[str, User], quest: Any) -> dict[str, Any]:
    submission = Submission(
        user_id=people["owner"].id, task_id=quest.id, attempt_no=1, payload={"code": "x = 1"}
    )
    db.session.add(submission)
    db.session.commit()
    token, _text = tokens.issue(people["owner"], "script")
    accounts.update_profile(people["owner"], kaggle_username="owner")
    tries.start(people["owner"], quest.id, "def train(X, y): ...")
    quiz = authoring.create(people["instructor"], "knowledge", QUIZ, publish=True)
    attempt = Submission(user_id=people["owner"].id, task_id=quiz.id, attempt_no=1)
    db.session.add(attempt)
    db.session.commit()
    return {
        "user_id": people["owner"].id,
        "quest_id": quest.id,
        "task_id": quest.id,
        "shelf_name": "levels",
        "thing_id": quest.level_id,
        "challenge_id": quiz.id,
        "challenge_kind": "knowledge",
        "attempt_id": attempt.id,
        "submission_id": submission.id,
        "token_id": token.id,
        **{"way": "up", "member_way": "remove", "cohort_step": "close_code", "ending": "csv"},
        "decision": "discard",
        "feed_step": "read",
        "webhook_step": "ping",
        "lms_step": "off",
        "word": "made-up",
        "report_step": "close",
        "kind": "quest",
        "target_id": quest.id,
        "part": "train",
        "tab": "evaluation",
        "step": "withdraw",
        "quest_step": "duplicate",
        "upload": "nobodys",
        "program": "py",
        "model_format": "joblib",
        "token": "made-up",
        "place": "made-up",
        "filename": "css/tokens.css",
        "version": "1",
    }


def made_later(made: Things, people: dict[str, User]) -> dict[str, Callable[[], dict[str, Any]]]:
    """By name: what makes it. Most doors ask for none of these."""
    owner = people["owner"]
    quest = db.session.get_one(Task, made["quest_id"])
    submission = db.session.get_one(Submission, made["submission_id"])

    def webhook() -> dict[str, Any]:
        assert made["cohort_id"]  # whose lead it belongs to
        return webhook_of("lead")

    def lms() -> dict[str, Any]:
        assert made["cohort_id"]  # whose lead it belongs to
        return lms_of("lead")

    def competition() -> dict[str, Any]:
        return {"competition_id": held(people["instructor"], owner), "file_id": 1}

    def match() -> dict[str, Any]:
        return {"match_id": match_to_come(), "league_id": 1, "team_id": 1}

    return {
        **dict.fromkeys(("competition_id", "file_id"), competition),
        **dict.fromkeys(("match_id", "league_id", "team_id"), match),
        "rejudge_id": lambda: {"rejudge_id": rejudged()},
        "revision_id": lambda: {"revision_id": revision_of(quest)},
        "alias_id": lambda: {"alias_id": made["match_id"] and waiting_name()},
        "feed_id": lambda: {"feed_id": feed()},
        "pair_id": lambda: {"pair_id": alike_pair(submission, people["instructor"])},
        "report_id": lambda: {"report_id": report_of(owner, quest)},
        "notification_id": lambda: {"notification_id": told(owner)},
        **dict.fromkeys(("webhook_id", "delivery_id"), webhook),
        **dict.fromkeys(("lms_id", "link_id"), lms),
        **dict.fromkeys(COHORTS, partial(class_of, owner, quest)),
    }
