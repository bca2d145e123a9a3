"""Whatever an instructor or an admin changes, by page or by script, leaves a line in the audit log."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select

from mlarena.accounts import logins
from mlarena.accounts.audit import AuditEntry
from mlarena.cohorts import looked_at
from mlarena.cohorts import service as cohorts
from mlarena.cohorts.models import Cohort
from mlarena.competitions import authoring as organising
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.packs import uploads
from mlarena.quests.desk import writing as quest_writing
from mlarena.rewards.models import Badge
from mlarena.submissions.models import Submission, Task, VerdictRow
from tests.competitions.conftest import ANSWERS
from tests.security.doors import DOORS
from tests.security.doors_of_teaching import COHORT, COHORTS_API, HOOKS_API
from tests.security.page_forms import form_of
from tests.security.rules import API

STAFF_DOORS = sorted(
    door for door, rule in DOORS.items() if door[0] != "GET" and rule.owner == "forbidden"
)


# What needs more than a test of its door can have: it is seen to be noted where the rest of it is.
ELSEWHERE = {
    # of the author's own file, once
    ("POST", "/teach/quests/<id:quest_id>/hidden.csv"): "tests/quests/test_writing.py",
    # read from the network
    ("POST", "/competitions/kaggle"): "tests/kaggle/test_doors.py",
    ("POST", "/competitions/kaggle/<id:competition_id>/sync"): "tests/kaggle/test_doors.py",
    ("POST", f"{API}/competitions/kaggle"): "tests/kaggle/test_doors.py",
    ("POST", f"{API}/competitions/<id:competition_id>/sync"): "tests/kaggle/test_doors.py",
    ("POST", "/forecasts/feeds"): "tests/forecasts/test_feeds.py",
}


def test_every_door_of_staff_is_guarded_by_a_role(app):
    """So what passes it is noted, whatever its verb forgets."""
    adapter = app.url_map.bind("localhost")
    unguarded = []
    for method, rule in STAFF_DOORS:
        [found] = [
            one for one in adapter.map.iter_rules() if one.rule == rule and method in one.methods
        ]
        if not getattr(app.view_functions[found.endpoint], "for_role", None):
            unguarded.append((method, rule))
    assert unguarded == []


@pytest.mark.parametrize(
    ("method", "rule"), [door for door in STAFF_DOORS if door not in ELSEWHERE]
)
def test_what_passes_leaves_a_line(passed, people, method, rule):
    answer = passed(method, rule)
    assert answer.status_code < 400, answer.text
    noted = db.session.scalars(
        select(AuditEntry).where(AuditEntry.actor_id == people["admin"].id)
    ).all()
    assert noted, "no line"
    assert all(one.actor_name == "admin" and "." in one.action for one in noted)
    if "_id>" in rule or rule.endswith(MADE):
        assert all(one.about for one in noted), [one.shown() for one in noted]


def test_what_only_looks_or_is_refused_leaves_none(app, people, things, signed_in, send_form):
    browser = signed_in(people["admin"])
    for page in ("/teach", "/teach/audit", "/teach/cohorts", f"/teach/quests/{things['quest_id']}"):
        assert browser.get(page).status_code == 200
    refused = send_form(browser, "/teach/rejudges", page="/teach", scope="task", target="999")
    assert refused.status_code == 404
    # Refused in words on the page that it leads back to.
    rejudged = {"scope": "task", "target": things["quest_id"], "reason": ""}
    assert send_form(browser, "/teach/rejudges", page="/teach", **rejudged).status_code == 303
    assert send_form(browser, "/teach/cohorts/new", title="").status_code == 422
    assert db.session.scalar(select(func.count()).select_from(AuditEntry)) == 0


@pytest.fixture
def passed(app, people, things, signed_in, monkeypatch):
    """passed("POST", rule) -> the answer that an admin gets who fills in all that is wanted."""

    def here(_queue: str, _seconds: int, job: Callable[..., Any], *about: Any) -> Any:
        return job(*about)  # what a worker would be asked

    for room in (organising, quest_writing):
        monkeypatch.setattr(room, "ask", here)

    def path_of(rule: str) -> str:
        return re.sub(r"<(?:[^:<>]+:)?(\w+)>", lambda found: str(things[found[1]]), rule)

    def send(method: str, rule: str) -> Any:
        if (method, rule) in BEFORE:
            BEFORE[method, rule](things, people)
            db.session.execute(delete(AuditEntry))
            db.session.commit()
        path = path_of(rule)
        fields = SENT.get((method, rule), {})
        fields = dict(fields(things) if callable(fields) else fields)
        if path.startswith(API):
            access = logins.issue_tokens(people["admin"])["access_token"]
            headers = {"Authorization": f"Bearer {access}"}
            files = any(isinstance(value, tuple) for value in fields.values())
            body = {"data" if files else "json": fields}
            return app.test_client().open(path, method=method, headers=headers, **body)
        browser = signed_in(people["admin"])
        shown = browser.get(path_of(PAGES.get(rule, rule)))
        html = shown.text if shown.status_code == 200 else browser.get("/no-such-page").text
        token = re.search(r'name="csrf-token" content="([^"]+)"', html)[1]
        return browser.post(path, data={**form_of(html, path), "csrf_token": token, **fields})

    return send


def file(text: str, name: str) -> tuple[io.BytesIO, str]:
    return io.BytesIO(text.encode()), name


def new_webhook(_things: Any) -> dict[str, Any]:
    return {"name": "A", "url": "https://a.example/", "events": ["job-init"]}


# Rows of a table that can be cut.
TABLE = "area,rent\n" + "".join(f"{n}.5,{9 * n}\n" for n in range(80))
# Doors that make something, and so say what.
MADE = ("/new", "/cohorts", "/competitions", "/challenges", "/webhooks")
ASSIGNMENT = {"title": "Week 2", "counts": "best"}
DATES = {"starts_at": "2097-01-01T00:00", "ends_at": "2097-02-01T00:00"}
RESTORE = "/teach/tasks/<id:task_id>/versions/<id:revision_id>/restore"
LEARNER = "/learners/<id:user_id>"
ASSIGNED = "/assignments/<id:assignment_id>"
DESK = "/competitions/<id:competition_id>/desk"
COMPETITION = f"{API}/competitions/<id:competition_id>"
# On which page a form stands, where that is not the address it is sent to.
PAGES = {
    f"{COHORT}/announcements": COHORT,
    f"{COHORT}/roster": f"{COHORT}/people",
    f"{COHORT}/staff": f"{COHORT}/settings",
    f"{COHORT}/grades/plan": f"{COHORT}/grades",
    f"{COHORT}{ASSIGNED}{LEARNER}/override": f"{COHORT}{ASSIGNED}{LEARNER}",
    f"{COHORT}{ASSIGNED}{LEARNER}/extension": f"{COHORT}{ASSIGNED}{LEARNER}",
    "/teach/quests/<id:quest_id>/data": "/teach/quests/<id:quest_id>",
    RESTORE: "/teach/tasks/<id:task_id>/versions",
    f"{DESK}/answers": DESK,
    f"{DESK}/files": DESK,
    f"{DESK}/baselines": DESK,
    "/forecasts/feeds/paste": "/forecasts/feeds",
    "/forecasts/feeds/files": "/forecasts/feeds",
    "/teach/lists/<shelf_name>/act": "/teach/lists/<shelf_name>",
    "/teach/lists/<shelf_name>/order": "/teach/lists/<shelf_name>",
    "/forecasts/names/<id:alias_id>": "/forecasts/names",
}
# What is filled in besides what stands in the form.
SENT: dict[tuple[str, str], dict[str, Any] | Callable[[Any], dict[str, Any]]] = {
    ("POST", "/teach/webhooks/new"): {"name": "A", "url": "https://a.example/"},
    ("POST", f"{API}/webhooks"): new_webhook,
    ("PATCH", HOOKS_API): {"name": "B"},
    ("POST", "/teach/reports/<id:report_id>"): {"text": "It can."},
    ("PATCH", f"{API}/reports/<id:report_id>"): {"status": "closed"},
    ("POST", f"{API}/reports/<id:report_id>/replies"): {"text": "It can."},
    ("POST", "/teach/lti/new"): {
        "name": "A",
        "issuer": "https://a.example",
        "client_id": "1",
        "auth_url": "https://a.example/a",
        "token_url": "https://a.example/t",
        "keys_url": "https://a.example/k",
    },
    ("POST", "/teach/lti/links/<id:link_id>"): lambda things: {
        "choice": f"task:{things['quest_id']}"
    },
    ("POST", "/teach/rejudges"): lambda things: {
        "scope": "task",
        "target": things["quest_id"],
        "reason": "because",
    },
    ("POST", f"{API}/rejudges"): lambda things: {
        "scope": "task",
        "id": things["quest_id"],
        "reason": "because",
    },
    ("POST", "/teach/lists/<shelf_name>/act"): lambda things: {
        "action": "archive",
        "ids": [things["cohort_id"]],
    },
    ("POST", "/teach/lists/<shelf_name>/order"): lambda things: {"ids": [things["thing_id"]]},
    ("POST", "/teach/lists/<shelf_name>/new"): {"name": "Later", "required_xp": "500"},
    ("POST", "/teach/alike/<id:pair_id>/aside"): {"why": "a short task"},
    ("POST", "/teach/announcements/new"): {"title": "Hear", "do": "publish"},
    ("POST", "/teach/cohorts/new"): {"title": "Another"},
    ("POST", f"{COHORT}/announcements"): {"title": "Hear"},
    ("POST", f"{COHORT}/assignments/new"): lambda things: {
        **ASSIGNMENT,
        "tasks": things["quest_id"],
    },
    ("POST", f"{COHORT}/assignments/order"): lambda things: {"ids": [things["assignment_id"]]},
    ("POST", f"{COHORT}/roster"): lambda things: {
        "roster_file": file("email\na@example.org\n", "a.csv")
    },
    ("POST", f"{COHORT}/staff"): {"instructor": "instructor"},
    ("POST", f"{COHORT}{ASSIGNED}{LEARNER}/override"): {"percent": "50", "reason": "because"},
    ("POST", f"{COHORT}{ASSIGNED}{LEARNER}/extension"): {"due_at": "2097-01-01T00:00"},
    ("POST", f"{API}/cohorts"): {"title": "Another"},
    ("PATCH", COHORTS_API): {"title": "Another"},
    ("POST", f"{COHORTS_API}/staff"): {"instructor": "instructor"},
    ("POST", f"{COHORTS_API}/roster"): {"csv": "email\na@example.org\n", "apply": True},
    ("POST", f"{COHORTS_API}/announcements"): {"title": "Hear"},
    ("POST", f"{COHORTS_API}/assignments"): lambda things: {
        "title": "Week 2",
        "tasks": [{"task_id": things["quest_id"]}],
    },
    ("PATCH", f"{COHORTS_API}{ASSIGNED}"): {"title": "Week 3"},
    ("PUT", f"{COHORTS_API}{ASSIGNED}{LEARNER}/extension"): {"due_at": "2097-01-01T00:00:00Z"},
    ("PUT", f"{COHORTS_API}{ASSIGNED}{LEARNER}/override"): {"percent": 50, "reason": "because"},
    ("POST", "/competitions/organise/new"): {"title": "Another", **DATES},
    ("POST", f"{DESK}/files"): lambda things: {"data_file": file("a,b\n1,2\n", "more.csv")},
    ("POST", f"{DESK}/answers"): lambda things: {"answers_file": file(ANSWERS, "a.csv")},
    ("POST", f"{DESK}/baselines"): lambda things: {
        "name": "Mean",
        "predictions_file": file("id,y\n1,2\n", "p.csv"),
    },
    ("POST", f"{API}/competitions"): {
        "title": "Another",
        "starts_at": "2097-01-01T00:00:00Z",
        "ends_at": "2097-02-01T00:00:00Z",
        "metric": "rmse",
    },
    ("PATCH", COMPETITION): {"summary": "Another"},
    ("POST", f"{COMPETITION}/answers"): lambda things: {"answers_file": file(ANSWERS, "a.csv")},
    ("POST", f"{COMPETITION}/files"): lambda things: {"data_file": file("a,b\n1,2\n", "more.csv")},
    ("POST", f"{COMPETITION}/baselines"): lambda things: {
        "name": "Mean",
        "predictions_file": file("id,y\n1,2\n", "p.csv"),
    },
    ("POST", "/forecasts/feeds/paste"): {"title": "News", "text": "Something has happened."},
    ("POST", "/forecasts/feeds/files"): lambda things: {
        "news_files": file("Something has happened.", "news.txt")
    },
    ("POST", "/forecasts/names/<id:alias_id>"): lambda things: {
        f"name-{things['alias_id']}-team_id": "1"
    },
    ("POST", f"{API}/documents"): {"title": "News", "text": "Something has happened."},
    ("POST", f"{API}/challenges"): {
        "kind": "knowledge",
        "name": "Another",
        "questions": [{"kind": "number", "prompt": "1?", "answer": 1}],
    },
    ("PATCH", f"{API}/challenges/<id:challenge_id>"): {"summary": "Short"},
    ("PUT", f"{API}/challenges/<id:challenge_id>"): {
        "kind": "knowledge",
        "name": "Another",
        "questions": [{"kind": "number", "prompt": "1?", "answer": 1}],
    },
    ("POST", f"{API}/challenges/check"): {
        "kind": "knowledge",
        "name": "Another",
        "questions": [{"kind": "number", "prompt": "1?", "answer": 1}],
    },
    ("POST", "/challenges/new/<any(sql, coding, knowledge):challenge_kind>"): {
        "name": "Another",
        "questions-0-kind": "number",
        "questions-0-prompt": "1?",
        "questions-0-number": "1",
        "do": "save",
    },
    ("POST", "/teach/packs"): lambda _things: {"pack_file": (io.BytesIO(pack()), "a.zip")},
    ("POST", f"{COHORT}/roster/import"): lambda things: {"token": things["roster"]},
    ("POST", "/teach/quests/new"): lambda _things: {
        "title": "Rents",
        "data_file": file(TABLE, "a.csv"),
        "task_type": "regression",
    },
    ("POST", "/teach/quests/<id:quest_id>/data"): lambda _things: {
        "data_file": file(TABLE, "a.csv"),
        "task_type": "regression",
    },
    ("POST", "/teach/quests/<id:quest_id>"): {"do": "save", "title": "Another name"},
}


def another_instructor(things: Any, people: Any) -> None:
    cohort = db.session.get_one(Cohort, things["cohort_id"])
    cohorts.add_staff(people["admin"], cohort, "instructor")
    things["user_id"] = people["instructor"].id


def a_draft(things: Any, people: Any) -> None:
    moment = utcnow() + timedelta(days=1)
    fields = {"title": "A draft", "starts_at": moment, "ends_at": moment + timedelta(days=1)}
    made = organising.create(people["instructor"], fields | {"metric": "rmse"})
    things.update(competition_id=made.id)


def a_feed_to_remove(things: Any, _people: Any) -> None:
    things.update(feed_step="remove")  # reading it asks the network


def a_judged_one(things: Any, _people: Any) -> None:
    submission = db.session.get_one(Submission, things["submission_id"])
    submission.status, submission.score = "scored", 0.5
    db.session.add(VerdictRow(submission_id=submission.id, status="scored", cases=[], report={}))


def an_unused_badge(things: Any, _people: Any) -> None:
    row = Badge(slug="one", name="One", condition_type="challenges_completed", condition_value=1)
    db.session.add(row)
    db.session.flush()
    things.update(shelf_name="badges", thing_id=row.id)


def cohorts_shelf(things: Any, _people: Any) -> None:
    assert things["cohort_id"]
    things.update(shelf_name="cohorts")


def a_looked_at_roster(things: Any, people: Any) -> None:
    text = "email\na@example.org\n"
    kept = looked_at.keep(things["cohort_id"], people["admin"].id, text, "UTF-8")
    things.update(roster=kept)


def a_looked_at_pack(things: Any, people: Any) -> None:
    things.update(upload=uploads.keep(people["admin"], io.BytesIO(pack())))


def a_quest_that_is_a_draft(things: Any, _people: Any) -> None:
    db.session.get_one(Task, things["quest_id"]).status = "draft"


def a_version_before(things: Any, _people: Any) -> None:
    assert things["revision_id"]
    quest = db.session.get_one(Task, things["quest_id"])
    quest.status, quest.title = "draft", "Changed since"


def pack() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as zipped:
        zipped.writestr(
            "pack.yaml",
            "format: 1\nname: one\ntitle: One\nversion: '1'\ndescription: One quiz.\n"
            "licence: CC0 1.0\nauthors: [Grace]\n",
        )
        zipped.writestr(
            "challenges/one-of-a-pack.yaml",
            "slug: one-of-a-pack\nkind: knowledge\nname: One\nsummary: One.\ndescription: One.\n"
            "difficulty: beginner\npoints: 10\nquestions:\n"
            "  - {kind: number, prompt: 1?, answer: 1}\n",
        )
    return made.getvalue()


# What there has to be first, besides what everybody tries in tests/security.
BEFORE: dict[tuple[str, str], Callable[[Any, Any], None]] = {
    ("DELETE", f"{COHORTS_API}/staff/<id:user_id>"): another_instructor,
    ("POST", f"{COHORT}/staff/<id:user_id>/remove"): another_instructor,
    ("DELETE", COMPETITION): a_draft,
    ("POST", f"{COMPETITION}/answers"): a_draft,
    ("POST", f"{DESK}/answers"): a_draft,
    ("POST", "/forecasts/feeds/<id:feed_id>/<any(read, remove):feed_step>"): a_feed_to_remove,
    ("POST", f"{API}/rejudges"): a_judged_one,
    ("POST", "/teach/rejudges"): a_judged_one,
    ("POST", "/teach/lists/<shelf_name>/<id:thing_id>/delete"): an_unused_badge,
    ("POST", "/teach/lists/<shelf_name>/act"): cohorts_shelf,
    ("POST", f"{COHORT}/roster/import"): a_looked_at_roster,
    ("POST", "/teach/packs/uploads/<upload>"): a_looked_at_pack,
    ("POST", RESTORE): a_version_before,
    ("POST", "/teach/quests/<id:quest_id>"): a_quest_that_is_a_draft,
    ("POST", "/teach/quests/<id:quest_id>/data"): a_quest_that_is_a_draft,
}
