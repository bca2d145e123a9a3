"""Writing challenges by the API: checked before they are published, versions for what is on its way."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from mlarena.challenges.models import Case, Category, Challenge, ChallengeVersion
from mlarena.core.db import db
from mlarena.core.storage import Blob
from tests.challenges.conftest import ADD, QUIZ, RIGHT
from tests.challenges.test_sql import GOALS, INIT, OTHER, SMALL

PATH = "/api/v1/challenges"


@pytest.fixture
def write(client: Any, author: Any, bearer: Any, jail: Any) -> Any:
    """write("post", PATH, {...}) -> the answer, as an instructor."""
    headers = bearer(author)

    def send(method: str, path: Any, body: Any = None) -> Any:
        address = path if isinstance(path, str) else f"{PATH}/{path.id}"
        return client.open(address, method=method.upper(), json=body, headers=headers)

    return send


def test_a_challenge_is_written_checked_and_published_at_once(
    client: Any, author: Any, write: Any
) -> None:
    db.session.add(Category(slug="basics", name="Basics"))
    db.session.commit()
    answer = write("post", PATH, ADD | {"category": "basics", "publish": True})
    assert answer.status_code == 201, answer.text
    made = answer.json["data"]
    assert (made["published"], made["slug"], made["category"]) == (
        True,
        "add-two-numbers",
        "basics",
    )
    assert made["solution"] == ADD["solution"]
    assert [case["expected"] for case in made["test_cases"]] == [3, -2, 20]
    assert made["created_by"] == author.id
    seen = client.get(f"{PATH}/{made['id']}").json["data"]
    assert "solution" not in seen
    assert [case["expected"] for case in seen["test_cases"]] == [3]
    assert seen["cases_hidden"] == 2
    [listed] = client.get(PATH).json["data"]
    assert listed["name"] == "Add two numbers"
    [own] = client.get(f"/api/v1/users/{author.id}/challenges").json["data"]
    assert own["id"] == made["id"]


def test_without_publish_it_is_a_draft_that_learners_do_not_see(
    client: Any, user: Any, author: Any, bearer: Any, write: Any
) -> None:
    draft = write("post", PATH, ADD | {"solution": "def add(a, b): return None"}).json["data"]
    assert draft["published"] is False
    assert client.get(f"{PATH}/{draft['id']}").status_code == 404
    assert client.get(PATH).json["data"] == []
    assert client.get(f"/api/v1/users/{author.id}/challenges").json["data"] == []
    headers = bearer(user)
    for method, path, body in (
        ("GET", f"{PATH}/{draft['id']}", None),
        ("POST", f"{PATH}/{draft['id']}/run", {"code": "x"}),
        ("POST", f"{PATH}/{draft['id']}/hints", {"number": 1}),
        ("POST", "/api/v1/attempts", {"challenge_id": draft["id"], "code": "x"}),
        ("POST", "/api/v1/progress", {"challenge_id": draft["id"]}),
    ):
        answer = client.open(path, method=method, json=body, headers=headers)
        assert answer.status_code == 404, path
    [mine] = write("get", f"{PATH}?state=draft").json["data"]
    assert mine["id"] == draft["id"]
    assert client.get(f"{PATH}?state=draft").json["data"] == []


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"solution": "def add(a, b): return a - b"}, "test_cases.0.expected", "another answer"),
        ({"solution": "def add(a, b): return 1 / 0"}, "test_cases.0", "ZeroDivisionError"),
        ({"solution": "def add(a, b):\n    while a: pass"}, "test_cases.0", "longer than"),
        ({"solution": "import nothing\ndef add(a, b): return 1"}, "solution", "nothing"),
    ],
)
def test_a_solution_that_does_not_solve_it_is_not_published(
    write: Any, change: dict[str, Any], field: str, words: str
) -> None:
    limits = {"limits": {"wall_seconds": 0.3}}
    refused = write("post", PATH, ADD | limits | change | {"publish": True})
    assert refused.status_code == 422, refused.text
    assert words in refused.json["errors"][field][0]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Challenge)) == 0


def test_a_query_that_never_ends_is_waited_for_once(write: Any) -> None:
    """However many cases there are: its author waits. Visible cases are run first."""
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
    body = GOALS | {
        "solution": f"{numbers} SELECT max(i) FROM n",
        "time_limit_ms": 100,
        "test_cases": [{"data": OTHER}, *({"data": SMALL, "is_visible": True} for _ in range(8))],
    }
    refused = write("post", PATH, body | {"publish": True})
    assert refused.status_code == 422, refused.text
    assert refused.json["errors"] == {"solution": ["Case 2: it takes longer than 0.5 seconds."]}
    tried = write("post", f"{PATH}/check", body).json["data"]
    assert [case["passed"] for case in tried["cases"]] == [False] * 9
    told = [case["error"] for case in tried["cases"]]
    assert told[1] == "it takes longer than 0.5 seconds."
    assert set(told[:1] + told[2:]) == {"Not run: the solution took too long on a case before."}


def test_expected_answers_that_are_left_out_are_the_solutions(write: Any) -> None:
    cases = [{"args": [2, 2], "is_visible": True}, {"args": [3, 4]}]
    body = ADD | {"test_cases": cases, "publish": True}
    made = write("post", PATH, body).json["data"]
    assert [case["expected"] for case in made["test_cases"]] == [4, 7]
    again = write("put", f"{PATH}/{made['id']}", body).json["data"]
    assert again["version"] == 1  # given as before, nothing is checked or numbered anew


@pytest.mark.parametrize(
    ("cases", "words"),
    [
        ([{"args": [1, 2]}, {"args": [2, 2]}], "No case is visible"),
        ([{"args": [1, 2], "is_visible": True}] * 2, "Every case is visible"),
        ([{"args": [1, 2]}, {"args": [2, 1]}], "expects the same answer"),
    ],
)
def test_cases_that_are_too_weak_are_warned_of(write: Any, cases: Any, words: str) -> None:
    made = write("post", PATH, ADD | {"test_cases": cases, "publish": True}).json["data"]
    assert any(words in warning for warning in made["warnings"])


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "kind"),
        (ADD | {"kind": "essay"}, 422, "kind"),
        (ADD | {"name": "  "}, 422, "name"),
        (ADD | {"questions": []}, 422, "questions"),
        (ADD | {"colour": "red"}, 422, "colour"),
        (ADD | {"category": "nowhere"}, 422, "category"),
        (ADD | {"difficulty": "hard"}, 422, "difficulty"),
        (ADD | {"points": -1}, 422, "points"),
        (ADD | {"points": 5, "hints": [{"text": "?", "cost": 6}]}, 422, "hints"),
        (ADD | {"hints": [{"text": ""}]}, 422, "hints.0.text"),
        (ADD | {"slug": "Not A Slug"}, 422, "slug"),
        (ADD | {"test_cases": [{"args": [1, 2], "hidden": True}]}, 422, "test_cases.0.hidden"),
        (ADD | {"test_cases": ["1 + 2"]}, 422, "test_cases.0"),
        (ADD | {"solution": None}, 422, "solution"),
        (ADD | {"name": "a\0b"}, 422, "name"),
        (GOALS | {"init": INIT + "-" * (1 << 20)}, 422, "init"),
        (GOALS | {"test_cases": [{"data": "-" * (1 << 20 | 1)}]}, 422, "test_cases.0.data"),
    ],
)
def test_what_is_not_a_challenge_is_refused_by_field(
    write: Any, body: Any, status: int, field: str
) -> None:
    refused = write("post", PATH, body)
    assert refused.status_code == status, refused.text
    assert field in refused.json["errors"], refused.json


def test_what_is_larger_than_any_challenge_is_not_even_read(write: Any) -> None:
    assert write("post", PATH, GOALS | {"init": "-" * (2 << 20)}).status_code == 413
    assert write("get", f"{PATH}?state=draft").json["data"] == []


def test_learners_write_nothing(client: Any, user: Any, make_challenge: Any, bearer: Any) -> None:
    challenge = make_challenge(ADD)
    for method, path in (
        ("POST", PATH),
        ("PUT", f"{PATH}/{challenge.id}"),
        ("PATCH", f"{PATH}/{challenge.id}"),
        ("DELETE", f"{PATH}/{challenge.id}"),
        ("POST", f"{PATH}/{challenge.id}/duplicate"),
    ):
        answer = client.open(path, method=method, json=ADD, headers=bearer(user))
        assert answer.status_code == 403, path
    assert client.post(PATH, json=ADD).status_code == 401


def test_words_are_changed_without_a_new_version(write: Any, make_challenge: Any) -> None:
    challenge = make_challenge(ADD)
    answer = write("patch", challenge, {"name": "Sum", "points": 7, "description": "Add."})
    assert answer.status_code == 200, answer.text
    shown = answer.json["data"]
    assert (shown["name"], shown["points"], shown["version"]) == ("Sum", 7, 1)
    assert write("patch", challenge, {"function": "add"}).json["data"]["version"] == 1
    assert write("put", challenge, ADD).json["data"]["version"] == 1


def test_an_edit_of_a_published_one_holds_at_once_or_not_at_all(
    write: Any, make_challenge: Any
) -> None:
    challenge = make_challenge(ADD)
    wrong = [{"args": [1, 1], "expected": 3}]
    refused = write("patch", challenge, {"name": "Broken", "test_cases": wrong})
    assert refused.status_code == 422
    shown = write("get", challenge).json["data"]
    assert (shown["name"], shown["version"], len(shown["test_cases"])) == (ADD["name"], 1, 3)
    better = write("patch", challenge, {"test_cases": [{"args": [1, 1], "expected": 2}]})
    assert better.json["data"]["version"] == 2
    assert better.json["data"]["published"] is True


def test_a_draft_may_be_wrong_until_it_is_published(write: Any) -> None:
    draft = write("post", PATH, ADD | {"solution": "def add(a, b): return 0"}).json["data"]
    path = f"{PATH}/{draft['id']}"
    assert write("patch", path, {"publish": True}).status_code == 422
    done = write("patch", path, {"solution": ADD["solution"], "publish": True})
    assert done.json["data"]["published"] is True
    # Nobody was ever judged by the draft's versions.
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ChallengeVersion)) == 1
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Case)) == 3
    back = write("patch", path, {"publish": False})
    assert back.json["data"]["state"] == "draft"


def test_an_attempt_is_judged_by_the_version_it_was_handed_in_for(
    client: Any, user: Any, make_challenge: Any, attempt: Any, write: Any, work: Any, bearer: Any
) -> None:
    challenge = make_challenge(ADD)
    taken = attempt(user, challenge, code="def add(a, b): return a + b").json["data"]
    product = {
        "solution": "def add(a, b): return a * b",
        "test_cases": [{"args": [3, 3], "expected": 9}],
    }
    assert write("patch", challenge, product).json["data"]["version"] == 2
    work()
    shown = client.get(f"/api/v1/submissions/{taken['id']}", headers=bearer(user)).json["data"]
    assert (shown["passed"], len(shown["cases"])) == (True, 3)


def test_with_attempts_it_is_archived_and_what_is_on_its_way_is_judged(
    client: Any, user: Any, make_challenge: Any, attempt: Any, write: Any, work: Any, bearer: Any
) -> None:
    challenge = make_challenge(ADD)
    taken = attempt(user, challenge, code="def add(a, b): return a + b").json["data"]
    gone = write("delete", challenge)
    assert (gone.status_code, gone.json["data"]["result"]) == (200, "archived")
    work()
    headers = bearer(user)
    shown = client.get(f"/api/v1/submissions/{taken['id']}", headers=headers).json["data"]
    assert shown["passed"] is True
    assert client.get(f"{PATH}/{challenge.id}", headers=headers).status_code == 404
    assert attempt(user, challenge, code="def add(a, b): return 0").status_code == 404
    assert client.get(PATH).json["data"] == []


def test_a_challenge_is_tried_and_nothing_of_it_is_kept(write: Any) -> None:
    wrong = [*ADD["test_cases"][:2], {"args": [1, 1], "expected": 3}]
    tried = write("post", f"{PATH}/check", ADD | {"test_cases": wrong})
    assert tried.status_code == 200, tried.text
    found = tried.json["data"]
    assert list(found["errors"]) == ["test_cases.2.expected"]
    assert [case["passed"] for case in found["cases"]] == [True, True, False]
    assert found["cases"][2]["actual_result"] == 2
    assert write("post", f"{PATH}/check", ADD).json["data"]["errors"] == {}
    for model in (Challenge, Blob):
        assert db.session.scalar(sa.select(sa.func.count()).select_from(model)) == 0


def test_it_is_archived_and_published_again(client: Any, write: Any, make_challenge: Any) -> None:
    path = f"{PATH}/{make_challenge(ADD).id}"
    assert write("post", f"{path}/archive").json["data"]["state"] == "archived"
    assert client.get(path).status_code == 404
    assert write("patch", path, {"publish": True}).json["data"]["state"] == "published"
    assert client.get(path).status_code == 200


def test_without_attempts_it_is_deleted(client: Any, write: Any, make_challenge: Any) -> None:
    challenge = make_challenge(ADD)
    path = f"{PATH}/{challenge.id}"
    assert write("delete", challenge).json["data"]["result"] == "deleted"
    assert client.get(path).status_code == 404
    for model in (Challenge, ChallengeVersion, Case):
        assert db.session.scalar(sa.select(sa.func.count()).select_from(model)) == 0


def test_a_duplicate_is_a_draft_with_a_name_of_its_own(write: Any, make_challenge: Any) -> None:
    quiz = make_challenge(QUIZ, hints=[{"text": "Think", "cost": 1}])
    answer = write("post", f"{PATH}/{quiz.id}/duplicate")
    assert answer.status_code == 201, answer.text
    copy = answer.json["data"]
    assert copy["id"] != quiz.id
    assert (copy["name"], copy["published"]) == (f"{quiz.title} (copy)", False)
    assert copy["questions"][0]["answer"] == "precision"
    assert copy["hints"] == [{"number": 1, "cost": 1, "text": "Think"}]


def test_the_kind_never_changes(write: Any, make_challenge: Any) -> None:
    challenge = make_challenge(ADD)
    assert write("patch", challenge, {"kind": "sql"}).status_code == 409
    assert write("put", challenge, QUIZ).status_code == 409


def test_two_editors_at_once_one_is_told(
    make_challenge: Any, author: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlarena.challenges import authoring, desk
    from mlarena.core.errors import Conflict

    challenge = make_challenge(ADD)
    check, cases = desk.check, [{"args": [1, 1], "expected": 2}]

    def check_slowly(kind: str, fields: dict[str, Any]) -> dict[str, Any]:
        """While this one is checked, somebody else saves."""
        monkeypatch.setattr(desk, "check", check)
        authoring.update(author, challenge, {"test_cases": [{"args": [2, 2], "expected": 4}]})
        challenge.version = 1  # as it was read before
        db.session.expire(challenge)
        return check(kind, fields)

    monkeypatch.setattr(desk, "check", check_slowly)
    with pytest.raises(Conflict, match="Somebody else has saved"):
        authoring.update(author, challenge, {"test_cases": cases})
    db.session.expire_all()
    assert challenge.version == 2
    assert challenge.version_row().cases[0].content["args"] == [2, 2]


def test_one_kind_takes_one_field(user: Any, make_challenge: Any, attempt: Any) -> None:
    code, quiz = make_challenge(ADD), make_challenge(QUIZ)
    for challenge, fields, field, words in (
        (code, {"answers": RIGHT}, "answers", "takes `code`, not `answers`"),
        (code, {"code": "x", "query": "SELECT 1"}, "query", "takes `code`"),
        (code, {}, "code", "Send your code"),
        (code, {"code": "  "}, "code", "is empty"),
        (code, {"code": "é" * 40_000}, "code", "64 KiB"),
        (quiz, {"code": "x"}, "code", "takes `answers`"),
    ):
        refused = attempt(user, challenge, **fields)
        assert refused.status_code == 422, refused.text
        assert words in refused.json["errors"][field][0]
