"""Every door of the house, tried as everybody. A door that is not in the table fails the suite."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from mlarena.accounts import logins
from mlarena.accounts.models import User
from mlarena.core.db import db
from mlarena.submissions.models import Task
from tests.security.doors import DOORS
from tests.security.rules import API
from tests.security.standing import Standing
from tests.security.things import Things, everybody, made_later, made_now
from tests.security.worlds import secrets_kept

# Doors whose own work ends at the login page, so that going there is no refusal.
ENDS_AT_LOGIN = {"/logout", "/password/forgot", "/password/reset/<token>"}
WRITES = {"POST", "PUT", "PATCH", "DELETE"}
CALLERS = ("anonymous", "other", "instructor", "admin", "owner")


def named(doors: Iterable[tuple[str, str]]) -> list[Any]:
    return [pytest.param(method, rule, id=f"{method} {rule}") for method, rule in doors]


def all_doors(app: Any) -> set[tuple[str, str]]:
    return {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }


@pytest.fixture(scope="module")
def standing(migrated_app: Any) -> Iterator[Standing]:
    found = Standing(migrated_app.extensions["redis"])
    with migrated_app.app_context():
        engine = db.engine
    sa.event.listen(engine, "before_cursor_execute", found.note)
    yield found
    sa.event.remove(engine, "before_cursor_execute", found.note)


@pytest.fixture
def as_left(request: pytest.FixtureRequest, standing: Standing) -> bool:
    """Of one test the next case, in what the one before it left whole."""
    if "knock" not in request.fixturenames:
        standing.begin(())
        return False
    about = (request.function.__name__, request.node.callspec.params.get("status"))
    if standing.stands and standing.about == about:
        return True
    standing.begin(about)
    return False


@pytest.fixture
def people(make_user, standing):
    if standing.people:
        return {name: db.session.get_one(User, number) for name, number in standing.people.items()}
    found = everybody(make_user)
    standing.people = {name: user.id for name, user in found.items()}
    return found


@pytest.fixture
def things(request, people, standing):
    """What the owner has: a submission, a token; and the ids that a path may ask for."""
    if not standing.things:
        standing.things = made_now(people, request.getfixturevalue("quest"))
    standing.things = Things(standing.things, {})
    standing.things.later = made_later(standing.things, people)
    return standing.things


@pytest.fixture
def knock(app, people, things, signed_in, standing):
    """knock("other", "GET", rule) -> the answer, as a page or an API call as the path has it."""

    def session_of(caller: str) -> tuple[str, str]:
        """The cookie of somebody's browser, and the token that its forms carry."""
        browser = app.test_client() if caller == "anonymous" else signed_in(people[caller])
        # Every page carries it; this one takes the least to make.
        shown = browser.get("/no-such-page").text
        token = re.search(r'name="csrf-token" content="([^"]+)"', shown)[1]
        return browser.get_cookie("session").value, token

    def access_of(caller: str) -> dict[str, str]:
        if caller == "anonymous":
            return {}
        return {"Authorization": f"Bearer {logins.issue_tokens(people[caller])['access_token']}"}

    def kept(caller: str, make: Callable[[str], Any]) -> Any:
        name = (caller, make.__name__)
        if name not in standing.keys:
            standing.keys[name] = make(caller)
        return standing.keys[name]

    def page(caller: str, method: str, path: str) -> Any:
        browser = app.test_client()
        cookie, token = kept(caller, session_of)
        browser.set_cookie("session", cookie)
        data = None if method == "GET" else {"csrf_token": token}
        with standing.watched(method):
            return browser.open(path, method=method, data=data)

    def call(caller: str, method: str, path: str) -> Any:
        headers = kept(caller, access_of)
        body: dict[str, Any] = {}
        if path.endswith("/submit"):
            body["data"] = {"model_file": (io.BytesIO(b"no model"), "model.joblib")}
        elif path.endswith("/selection"):
            body["json"] = {"submission_ids": []}
        elif path.endswith("/team") and method == "POST":
            body["json"] = {"name": "The Medians"}
        elif path.endswith("/team/join"):
            body["json"] = {"code": "abcdefghjk"}
        elif path.endswith(("/train", "/try")):
            body["json"] = {"code": "def train(X, y):\n    return None\n"}
        elif path.endswith("/plan"):
            body["json"] = {"query": "SELECT 1"}
        elif path.endswith("/forecast"):
            body["json"] = {"home": 0.5, "draw": 0.25, "away": 0.25}
        elif path.endswith("/extension") and method == "PUT":
            body["json"] = {"due_at": "2099-01-01T00:00:00Z"}
        elif path.endswith("/override"):
            body["json"] = {"percent": 50, "reason": "because"}
        elif path.endswith("/roster"):
            body["json"] = {"csv": "email\na@example.org\n"}
        elif path.endswith("/staff"):
            body["json"] = {"instructor": "lead"}
        elif path.endswith("/announcements"):
            body["json"] = {"title": "Hear"}
        elif path.endswith("/assignments"):
            body["json"] = {"title": "Week 2", "tasks": [{"task_id": things["quest_id"]}]}
        elif path.endswith("/webhooks"):
            body["json"] = {"name": "A", "url": "https://a.example/", "events": ["job-init"]}
        elif path.endswith("/rejudges"):
            body["json"] = {"scope": "task", "id": things["quest_id"], "reason": "because"}
        elif path.endswith("/hints"):
            body["json"] = {"number": 1}
        elif method in WRITES:
            body["json"] = {}
        with standing.watched(method):
            return app.test_client().open(path, method=method, headers=headers, **body)

    def send(caller: str, method: str, rule: str) -> Any:
        path = re.sub(r"<(?:[^:<>]+:)?(\w+)>", lambda found: str(things[found[1]]), rule)
        return (call if path.startswith(API) else page)(caller, method, path)

    return send


def outcome(answer: Any, rule: str) -> str:
    assert answer.status_code < 500 or (rule == "/healthz" and answer.status_code == 503), (
        answer.text
    )
    to_login = answer.status_code in (302, 303) and answer.location.startswith("/login")
    if answer.status_code == 401 and rule in ("/login", f"{API}/auth/login"):
        return "in"  # the door itself asks who is there
    if answer.status_code == 401 or (to_login and rule not in ENDS_AT_LOGIN):
        return "login"
    return {403: "forbidden", 404: "hidden"}.get(answer.status_code, "in")


def test_the_table_holds_every_door_and_no_other(app):
    doors = all_doors(app)
    assert sorted(doors - set(DOORS)) == [], "add these doors to the table"
    assert sorted(set(DOORS) - doors) == [], "these doors are gone"


@pytest.mark.parametrize(("method", "rule"), named(DOORS))
def test_who_may_pass(knock, method, rule):
    wanted = DOORS[method, rule]
    seen, told = {}, {}
    for caller in CALLERS:
        answer = knock(caller, method, rule)
        seen[caller] = outcome(answer, rule)
        # Read before the next one knocks: it may come in pieces.
        told[caller] = answer.get_data() + str(answer.headers).encode()
    assert seen == {caller: getattr(wanted, caller) for caller in CALLERS}
    kept = secrets_kept()
    for caller, text in told.items():
        assert [name for name, secret in kept if secret in text] == [], caller


@pytest.mark.pure  # who may pass is seen on both; this is a rule of the same doors
@pytest.mark.parametrize(("method", "rule"), named(door for door in DOORS if "quest_id" in door[1]))
@pytest.mark.parametrize("status", ["draft", "archived"])
def test_an_unpublished_quest_is_nobodys_to_see(knock, things, method, rule, status):
    db.session.get(Task, things["quest_id"]).status = status
    db.session.commit()
    for caller in ("anonymous", "other", "owner"):
        refused = ("hidden", "login", "forbidden") if "/teach/" in rule else ("hidden", "login")
        assert outcome(knock(caller, method, rule), rule) in refused, caller


@pytest.mark.pure  # who may pass is seen on both; this is a rule of the same doors
@pytest.mark.parametrize(
    ("method", "rule"), named(door for door in DOORS if "challenge_id" in door[1])
)
@pytest.mark.parametrize("status", ["draft", "archived"])
def test_an_unpublished_challenge_is_nobodys_to_see(knock, things, method, rule, status):
    db.session.get(Task, things["challenge_id"]).status = status
    db.session.commit()
    for caller in ("anonymous", "other", "owner"):
        assert outcome(knock(caller, method, rule), rule) in ("hidden", "login", "forbidden"), (
            caller
        )


@pytest.mark.pure  # who may pass is seen on both; this is a rule of the same doors
@pytest.mark.parametrize(
    ("method", "rule"), named(door for door in DOORS if "competition_id" in door[1])
)
@pytest.mark.parametrize("status", ["draft", "archived"])
def test_an_unpublished_competition_is_nobodys_to_see(knock, things, method, rule, status):
    db.session.get(Task, things["competition_id"]).status = status
    db.session.commit()
    for caller in ("anonymous", "other", "owner"):
        assert outcome(knock(caller, method, rule), rule) in ("hidden", "login", "forbidden"), (
            caller
        )


def test_no_list_shows_what_is_anothers(app, people, things):
    access = logins.issue_tokens(people["other"])["access_token"]
    headers = {"Authorization": f"Bearer {access}"}
    client = app.test_client()
    owner, quest = people["owner"].id, things["quest_id"]
    for path in (
        "submissions",
        f"submissions?user={owner}",
        f"submissions?task={quest}",
        f"submissions?task={things['challenge_id']}",
        "progress",
        f"quests/{quest}/submissions",
        "auth/tokens",
        "notifications",
    ):
        assert client.get(f"{API}/{path}", headers=headers).json["data"] == [], path
    staff = logins.issue_tokens(people["instructor"])["access_token"]
    seen = client.get(
        f"{API}/submissions?user={owner}", headers={"Authorization": f"Bearer {staff}"}
    )
    assert [row["id"] for row in seen.json["data"]] == [
        things["attempt_id"],
        things["submission_id"],
    ]


def test_a_role_taken_away_counts_at_once(app, people, things):
    headers = {
        "Authorization": f"Bearer {logins.issue_tokens(people['instructor'])['access_token']}"
    }
    path = f"{API}/submissions/{things['submission_id']}"
    assert app.test_client().get(path, headers=headers).status_code == 200
    people["instructor"].role = "learner"
    db.session.commit()
    assert app.test_client().get(path, headers=headers).status_code == 404
