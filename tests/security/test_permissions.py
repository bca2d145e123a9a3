"""Every door of the house, tried as everybody. A door that is not in the table fails the suite."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from mlarena.accounts import logins, tokens
from mlarena.accounts.models import User
from mlarena.core.db import db
from mlarena.submissions.models import Submission, Task

API = "/api/v1"


@dataclass(frozen=True)
class Rule:
    """How a door receives: `in`, `login` (401, or off to the login page), `forbidden` or `hidden` (404).

    What it guards belongs to `owner`, a learner; `other` is another one.
    """

    anonymous: str
    other: str
    instructor: str
    admin: str
    owner: str = "in"


EVERYBODY = Rule("in", "in", "in", "in")
MEMBERS = Rule("login", "in", "in", "in")
OWNER = Rule("login", "hidden", "hidden", "hidden")
OWNER_AND_STAFF = Rule("login", "hidden", "in", "in")
# A refresh token is what opens it, and none of these callers shows one.
REFRESH = Rule("login", "login", "login", "login", "login")

DOORS: dict[tuple[str, str], Rule] = {
    # the site
    ("GET", "/"): EVERYBODY,
    ("GET", "/static/<path:filename>"): EVERYBODY,
    ("GET", "/robots.txt"): EVERYBODY,
    ("GET", "/healthz"): EVERYBODY,
    ("GET", "/metrics"): EVERYBODY,
    ("GET", "/api/docs"): EVERYBODY,
    ("GET", f"{API}/openapi.json"): EVERYBODY,
    # accounts, pages
    ("GET", "/register"): EVERYBODY,
    ("POST", "/register"): EVERYBODY,
    ("GET", "/login"): EVERYBODY,
    ("POST", "/login"): EVERYBODY,
    ("POST", "/logout"): EVERYBODY,
    ("GET", "/password/forgot"): EVERYBODY,
    ("POST", "/password/forgot"): EVERYBODY,
    ("GET", "/password/reset/<token>"): EVERYBODY,
    ("POST", "/password/reset/<token>"): EVERYBODY,
    ("GET", "/settings"): MEMBERS,
    ("POST", "/settings/profile"): MEMBERS,
    ("POST", "/settings/password"): MEMBERS,
    ("POST", "/settings/tokens"): MEMBERS,
    ("POST", "/settings/tokens/<id:token_id>/revoke"): OWNER,
    ("POST", "/settings/delete"): MEMBERS,
    # accounts, API
    ("POST", f"{API}/auth/register"): EVERYBODY,
    ("POST", f"{API}/auth/login"): EVERYBODY,
    ("POST", f"{API}/auth/refresh"): REFRESH,
    ("POST", f"{API}/auth/logout"): MEMBERS,
    ("GET", f"{API}/auth/tokens"): MEMBERS,
    ("POST", f"{API}/auth/tokens"): MEMBERS,
    ("DELETE", f"{API}/auth/tokens/<id:token_id>"): OWNER,
    ("POST", f"{API}/auth/password/forgot"): EVERYBODY,
    ("POST", f"{API}/auth/password/reset"): EVERYBODY,
    ("GET", f"{API}/users"): EVERYBODY,
    ("GET", f"{API}/users/<id:user_id>"): EVERYBODY,
    ("GET", f"{API}/users/me"): MEMBERS,
    ("PATCH", f"{API}/users/me"): MEMBERS,
    ("DELETE", f"{API}/users/me"): MEMBERS,
    ("PUT", f"{API}/users/me/password"): MEMBERS,
    # profiles
    ("GET", "/users/<id:user_id>"): EVERYBODY,
    ("GET", f"{API}/users/me/progress"): MEMBERS,
    ("GET", f"{API}/users/<id:user_id>/submissions"): OWNER_AND_STAFF,
    ("GET", f"{API}/levels"): EVERYBODY,
    ("GET", f"{API}/badges"): EVERYBODY,
    # boards
    ("GET", "/boards"): EVERYBODY,
    ("GET", "/boards/weekly"): EVERYBODY,
    ("GET", "/boards/<kind>/<id:target_id>"): EVERYBODY,
    ("GET", f"{API}/leaderboard"): EVERYBODY,
    # quests
    ("GET", "/quests"): EVERYBODY,
    ("GET", "/quests/<id:quest_id>"): EVERYBODY,
    ("POST", "/quests/<id:quest_id>"): MEMBERS,
    ("GET", "/quests/<id:quest_id>/data/<any(train, sample):part>.csv"): MEMBERS,
    ("GET", f"{API}/quests"): EVERYBODY,
    ("GET", f"{API}/quests/<id:quest_id>"): EVERYBODY,
    ("GET", f"{API}/quests/<id:quest_id>/dataset"): MEMBERS,
    ("POST", f"{API}/quests/<id:quest_id>/submit"): MEMBERS,
    ("POST", f"{API}/quests/<id:quest_id>/train"): MEMBERS,
    ("GET", f"{API}/quests/<id:quest_id>/submissions"): MEMBERS,
    # submissions
    ("GET", "/submissions"): MEMBERS,
    ("GET", "/submissions/<id:submission_id>"): OWNER_AND_STAFF,
    ("GET", f"{API}/submissions"): MEMBERS,
    ("GET", f"{API}/submissions/<id:submission_id>"): OWNER_AND_STAFF,
}
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


@pytest.fixture
def people(make_user):
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


@pytest.fixture
def things(people, quest):
    """What the owner has: a submission, a token; and the ids that a path may ask for."""
    submission = Submission(user_id=people["owner"].id, task_id=quest.id, attempt_no=1)
    db.session.add(submission)
    db.session.commit()
    token, _text = tokens.issue(people["owner"], "script")
    return {
        "user_id": people["owner"].id,
        "quest_id": quest.id,
        "submission_id": submission.id,
        "token_id": token.id,
        "kind": "quest",
        "target_id": quest.id,
        "part": "train",
        "token": "made-up",
        "filename": "css/arena.css",
    }


@pytest.fixture
def knock(app, people, things, signed_in):
    """knock("other", "GET", rule) -> the answer, as a page or an API call as the path has it."""

    def page(caller: str, method: str, path: str) -> Any:
        browser = app.test_client() if caller == "anonymous" else signed_in(people[caller])
        if method == "GET":
            return browser.get(path)
        token = re.search(r'name="csrf-token" content="([^"]+)"', browser.get("/boards").text)[1]
        return browser.open(path, method=method, data={"csrf_token": token})

    def call(caller: str, method: str, path: str) -> Any:
        headers = {}
        if caller != "anonymous":
            access = logins.issue_tokens(people[caller])["access_token"]
            headers["Authorization"] = f"Bearer {access}"
        body: dict[str, Any] = {}
        if path.endswith("/submit"):
            body["data"] = {"model_file": (io.BytesIO(b"no model"), "model.joblib")}
        elif path.endswith("/train"):
            body["json"] = {"code": "def train(X, y):\n    return None\n"}
        elif method in WRITES:
            body["json"] = {}
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
    seen = {caller: outcome(knock(caller, method, rule), rule) for caller in CALLERS}
    assert seen == {caller: getattr(wanted, caller) for caller in CALLERS}


@pytest.mark.parametrize(("method", "rule"), named(door for door in DOORS if "quest_id" in door[1]))
@pytest.mark.parametrize("status", ["draft", "archived"])
def test_an_unpublished_quest_is_nobodys_to_see(knock, things, method, rule, status):
    db.session.get(Task, things["quest_id"]).status = status
    db.session.commit()
    for caller in ("anonymous", "other", "owner"):
        assert outcome(knock(caller, method, rule), rule) in ("hidden", "login"), caller


def test_no_list_shows_what_is_anothers(app, people, things):
    access = logins.issue_tokens(people["other"])["access_token"]
    headers = {"Authorization": f"Bearer {access}"}
    client = app.test_client()
    owner, quest = people["owner"].id, things["quest_id"]
    for path in (
        "submissions",
        f"submissions?user={owner}",
        f"submissions?task={quest}",
        f"quests/{quest}/submissions",
        "auth/tokens",
    ):
        assert client.get(f"{API}/{path}", headers=headers).json["data"] == [], path
    staff = logins.issue_tokens(people["instructor"])["access_token"]
    seen = client.get(
        f"{API}/submissions?user={owner}", headers={"Authorization": f"Bearer {staff}"}
    )
    assert [row["id"] for row in seen.json["data"]] == [things["submission_id"]]


def test_a_role_taken_away_counts_at_once(app, people, things):
    headers = {
        "Authorization": f"Bearer {logins.issue_tokens(people['instructor'])['access_token']}"
    }
    path = f"{API}/submissions/{things['submission_id']}"
    assert app.test_client().get(path, headers=headers).status_code == 200
    people["instructor"].role = "learner"
    db.session.commit()
    assert app.test_client().get(path, headers=headers).status_code == 404
