"""Writing challenges by form, as a browser without scripts meets it."""

from __future__ import annotations

import re
import threading
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa

from mlarena.challenges import authoring, desk, offer, service, shelving
from mlarena.challenges.models import Category, Challenge
from mlarena.challenges.sql import Engines
from mlarena.core import health
from mlarena.core.db import db
from mlarena.core.errors import NotFound
from mlarena.core.storage import Blob
from mlarena.submissions import jail as jail_room
from mlarena.submissions.models import Submission
from tests.challenges.conftest import ADD, QUIZ, RIGHT
from tests.challenges.form_reading import errors_at, fields
from tests.challenges.test_sql import GOALS, WITHOUT_GREENS

CODE = "def add(a, b):\n    return a + b\n"
ABOUT = {
    "summary": "Ünïcode & <tags>",
    "description": "\nA line before.\n\n```\n  kept\n```\n",
    "editorial": "So.",
    "difficulty": "advanced",
    "category": "basics",
    "hints": [{"text": "Think,\nthen write.", "cost": 0}, {"text": "a + b", "cost": 7}],
    "attempts_allowed": 5,
    "pass_mark": 66.5,
    "position": 3,
}
RICH: dict[str, dict[str, Any]] = {
    "sql": GOALS
    | {"type": "LE", "require_names": True, "time_limit_ms": 1500}
    | {"no_difference": ["without DISTINCT", "with LEFT JOIN “é” instead of JOIN"]}
    | {"test_cases": [GOALS["test_cases"][0] | {"name": "a NULL"}, GOALS["test_cases"][1]]},
    "coding": ADD
    | {"function": "f", "signature": "", "solution": "def f(*a):\n\treturn 1.5", "tolerance": 1e-9}
    | {"limits": {"wall_seconds": 0.5, "memory_mb": 64}, "comparison": "exact"}
    | {
        "test_cases": [
            {"args": ['"quo\\ted" é\n', None, {"k": [True, 1e-7]}], "expected": None},
            {"args": [], "is_visible": True, "name": "nothing", "weight": 9},
        ]
    },
    "knowledge": QUIZ
    | {
        "questions": [
            *QUIZ["questions"],
            {"kind": "multiple", "prompt": "None?", "choices": ["a", "b"], "answer": []},
            {"kind": "number", "prompt": "Tiny?", "answer": 1e-7, "tolerance": 1e-9, "weight": 4},
            {"kind": "text", "prompt": "É?", "answer": ["é"], "accents_count": True},
        ]
    },
}


@pytest.fixture
def browser(author: Any, signed_in: Any, jail: Any) -> Any:
    """A browser of the instructor's."""
    db.session.add(Category(slug="basics", name="Basics"))
    db.session.commit()
    return signed_in(author)


@pytest.fixture
def press(browser: Any) -> Any:
    """press(address, "publish", name="…") -> the answer to the form there, with these fields changed."""

    def send(address: str, do: str, page: str = "", **changes: Any) -> Any:
        given = fields(page or browser.get(address).text) | {"do": do} | changes
        return browser.post(address, data={k: v for k, v in given.items() if v is not None})

    return send


def counted(model: Any) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


def words(answer: Any) -> str:
    main = re.search(r"<main.*</main>", answer.text, re.S)
    assert main
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main[0])).split())


# What is typed into an empty form of each kind.
TYPED: dict[str, dict[str, Any]] = {
    "sql": {
        "init": GOALS["init"],
        "solution": GOALS["solution"],
        "test_cases-0-script": GOALS["test_cases"][0]["data"],
        "test_cases-1-script": GOALS["test_cases"][1]["data"],
        "test_cases-0-name": "a team without players",
    },
    "coding": {
        "function": "add",
        "solution": CODE,
        "test_cases-0-args": "1, 2",
        "test_cases-1-args": "5, -7",
        "test_cases-1-expected": "-2",
    },
    "knowledge": {
        "questions-0-prompt": "Which falls with more false alarms?",
        "questions-0-choices-1-text": "recall",
        "questions-0-choices-3-text": "precision",
        "questions-0-choices-3-is_right": "y",
    },
}


@pytest.mark.parametrize("kind", RICH)
def test_a_form_sent_as_it_came_changes_nothing(
    browser: Any, press: Any, make_challenge: Any, kind: str
) -> None:
    challenge = make_challenge(RICH[kind] | ABOUT, publish=False)
    before = authoring.stamp(challenge)
    content = challenge.version_row().digest
    answer = press(f"/challenges/{challenge.id}/edit", "save")
    assert answer.status_code == 303, words(answer)
    db.session.expire_all()
    assert (authoring.stamp(challenge), challenge.version_row().digest) == (before, content)


@pytest.mark.parametrize("kind", TYPED)
def test_each_kind_is_tried_published_and_found(
    client: Any, press: Any, user: Any, kind: str
) -> None:
    address = f"/challenges/new/{kind}"
    typed = {"name": "By form", "category": "basics", "points": "25", **TYPED[kind]}
    tried = press(address, "check", **typed)
    assert tried.status_code == 200
    said = words(tried)
    assert "look at this first" in said or "It can be published." in said
    assert {"sql": "right on 2 of 2 cases", "coding": "right on 2 of 2 cases"}.get(
        kind, "1 question is whole"
    ) in said
    assert {"sql": "3 rows", "coding": "-2", "knowledge": "Right: precision"}[kind] in said
    assert (counted(Challenge), counted(Blob)) == (0, 0)  # a rehearsal leaves nothing
    done = press(address, "publish", page=tried.text)
    assert done.status_code == 303, words(done)
    [listed] = client.get("/api/v1/challenges").json["data"]
    assert (listed["name"], listed["category"], listed["points"]) == ("By form", "basics", 25)
    page = client.get(f"/challenges/{listed['id']}")
    assert page.status_code == 200


def test_weak_cases_are_warned_of_in_the_form_and_in_the_list(browser: Any, press: Any) -> None:
    typed = {"name": "Weak", **TYPED["coding"], "test_cases-1-is_visible": "y"}
    tried = press("/challenges/new/coding", "check", **typed)
    assert "a table of the answers would pass" in words(tried)
    done = press("/challenges/new/coding", "publish", page=tried.text)
    assert "a table of the answers would pass" in words(browser.get(done.location))
    assert "1 warning" in words(browser.get("/challenges/written"))


WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    ("coding", {"name": " "}, "name", "Give it a name"),
    ("coding", {"points": "ten"}, "points", "whole number"),
    ("coding", {"points": "20000"}, "points", "From 0 to 10000"),
    ("coding", {"pass_mark": "0"}, "pass_mark", "greater than 0"),
    ("coding", {"attempts_allowed": "0"}, "attempts_allowed", "From 1 to 1000"),
    ("coding", {"function": "2add"}, "function", "name of a Python function"),
    ("coding", {"solution": ""}, "solution", "Write the function"),
    ("coding", {"function": "other"}, "solution", "defines no function `other`"),
    ("coding", {"wall_seconds": "60"}, "wall_seconds", "From 0.1 to 10"),
    ("coding", {"test_cases-1-args": "'a'"}, "test_cases-1-args", "no JSON"),
    ("coding", {"test_cases-1-args": "1], [2"}, "test_cases-1-args", "no JSON"),
    ("coding", {"test_cases-1-args": "[" * 9999}, "test_cases-1-args", "nested too deeply"),
    ("coding", {"test_cases-1-args": "1"}, "test_cases-1-args", "with 1 arguments"),
    ("coding", {"test_cases-1-expected": "NaN"}, "test_cases-1", "NaN and infinity"),
    ("coding", {"test_cases-1-weight": "0"}, "test_cases-1-weight", "From 1 to 1000"),
    ("coding", {"test_cases-1-expected": "9"}, "test_cases-1-expected", "gives another answer"),
    ("coding", {"solution": "def add(a, b): 1/0"}, "test_cases-0", "ZeroDivisionError"),
    ("coding", {"hints-0-text": "?", "hints-0-cost": "11"}, "hints", "than the points"),
    ("coding", {"name": "a\0b"}, "name", "NUL"),
    ("sql", {"init": ""}, "init", "make the tables"),
    ("sql", {"solution": "DROP TABLE team"}, "solution", "DROP is not allowed"),
    ("sql", {"test_cases-1-script": "INSERT INTO"}, "test_cases-1-script", "syntax error"),
    ("sql", {f"test_cases-{n}-is_benchmark": "y" for n in (0, 1)}, "test_cases", "at most"),
    ("knowledge", {"questions-0-prompt": ""}, "questions-0-prompt", "at least 1"),
    (
        "knowledge",
        {"questions-0-choices-3-is_right": None},
        "questions-0-choices",
        "Tick the one",
    ),
    ("knowledge", {"questions-0-choices-1-text": ""}, "questions-0-choices", "two choices"),
    ("knowledge", {"questions-0-kind": "number"}, "questions-0-number", "is a number"),
    ("knowledge", {"questions-0-kind": "text"}, "questions-0-accepted", "a text, or a list"),
]


@pytest.mark.parametrize("kind", TYPED)
def test_each_error_stands_at_its_field_and_nothing_is_lost(press: Any, kind: str) -> None:
    address = f"/challenges/new/{kind}"
    empty = press(address, "preview").text
    for _, change, field, said in (row for row in WRONG if row[0] == kind):
        typed = {"name": "Kept", "summary": "kept as well", **TYPED[kind], **change}
        refused = press(address, "publish", page=empty, **typed)
        assert refused.status_code == 422, (change, words(refused))
        assert said in errors_at(refused.text, field), (change, words(refused))
        assert f'href="#{field}"' in refused.text  # and above, with a way to it
        again = fields(refused.text)
        for name, value in typed.items():
            if value is not None and "\0" not in value:
                assert again[name].replace("\r\n", "\n") == value, name
    assert counted(Challenge) == 0


def test_rows_are_added_moved_and_removed_around_what_was_typed(press: Any) -> None:
    address, typed = "/challenges/new/coding", {**TYPED["coding"], "points": "many"}
    more = press(address, "add:test_cases", **typed)
    assert more.status_code == 200
    assert 'id="test_cases-2" tabindex="-1" autofocus' in more.text
    assert fields(more.text)["test_cases-2-weight"] == "1"
    last = press(address, "up:test_cases-2", page=more.text, **{"test_cases-2-args": "7, 8"})
    first = press(address, "up:test_cases-1", page=last.text)
    gone = fields(press(address, "remove:test_cases-1", page=first.text).text)
    assert [gone[f"test_cases-{n}-args"] for n in (0, 1)] == ["7, 8", "5, -7"]
    assert ("test_cases-0-is_visible" in gone, "test_cases-2-args" in gone) == (False, False)
    assert gone["points"] == "many"  # wrong, and still there
    for do in ("up:test_cases-9", "remove:name", "add:name", "up:", "turn:test_cases-0", ":"):
        assert press(address, do).status_code == 400, do
    strange = {"test_cases-²-args": "1", f"test_cases-{'9' * 5000}-args": "1"}
    assert press(address, "save", **strange).status_code == 422


def test_choices_and_hints_are_rows_too(press: Any) -> None:
    address = "/challenges/new/knowledge"
    page = press(address, "down:questions-0-choices-0", **TYPED["knowledge"])
    page = press(address, "remove:questions-0-choices-2", page=page.text)
    shown = fields(page.text)
    texts = [shown.get(f"questions-0-choices-{n}-text") for n in range(4)]
    assert texts == ["recall", "", "precision", None]
    assert shown["questions-0-choices-2-is_right"] == "y"
    page = press(address, "add:hints", page=page.text)
    page = press(address, "add:questions", page=page.text)
    assert {"hints-0-text", "questions-1-choices-3-text"} <= set(fields(page.text))


def test_two_editors_and_the_later_one_is_told(
    press: Any, browser: Any, make_challenge: Any
) -> None:
    challenge = make_challenge(ADD)
    address = f"/challenges/{challenge.id}/edit"
    mine = browser.get(address).text
    theirs = press(address, "save", summary="Theirs")
    assert theirs.status_code == 303
    late = press(address, "save", page=mine, summary="Mine")
    assert late.status_code == 409
    assert "Somebody else has saved" in words(late)
    assert fields(late.text)["summary"] == "Mine"
    db.session.expire_all()
    assert challenge.summary == "Theirs"
    assert press(address, "save", page=late.text).status_code == 409  # and again, until it is meant
    over = re.search(r'name="over" value="(\w+)"', late.text)
    assert over
    meant = press(address, "save", page=late.text, over=over[1])
    assert meant.status_code == 303, words(meant)
    db.session.expire_all()
    assert challenge.summary == "Mine"


def test_somebody_saves_while_mine_is_being_checked(
    press: Any, author: Any, make_challenge: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    challenge = make_challenge(ADD)
    check = desk.check

    def slowly(kind: str, given: dict[str, Any]) -> dict[str, Any]:
        monkeypatch.setattr(desk, "check", check)
        found = check(kind, given)
        authoring.update(author, db.session.get_one(Challenge, challenge.id), {"points": 29})
        return found

    monkeypatch.setattr(desk, "check", slowly)
    change = {"test_cases-0-args": "2, 1", "points": "28"}
    late = press(f"/challenges/{challenge.id}/edit", "save", **change)
    assert late.status_code == 409, words(late)
    db.session.expire_all()
    assert (challenge.xp_reward, challenge.version) == (29, 1)


def test_a_life_from_draft_to_archive(
    browser: Any, press: Any, send_form: Any, client: Any, user: Any, attempt: Any
) -> None:
    draft = press("/challenges/new/coding", "preview", name="A life", **TYPED["coding"])
    shown = words(browser.get(draft.location))
    assert "This is what a learner sees." in shown
    assert "Back to the form" in shown
    number = int(draft.location.split("/")[2])
    page, address = f"/challenges/{number}", f"/challenges/{number}/edit"
    assert client.get(page).status_code == 404
    assert press(address, "publish").status_code == 303
    assert client.get(page).status_code == 200
    assert press(address, "withdraw").status_code == 303
    assert client.get(page).status_code == 404
    copy = send_form(browser, f"{page}/duplicate", page=address)
    assert fields(browser.get(copy.location).text)["name"] == "A life (copy)"
    thrown = copy.location.removesuffix("/edit")
    gone = send_form(browser, f"{thrown}/delete", page=copy.location)
    assert "is deleted" in words(browser.get(gone.location))
    assert browser.get(thrown).status_code == 404
    assert press(address, "publish").status_code == 303
    attempt(user, db.session.get_one(Challenge, number), code=CODE)
    assert "Delete…" not in browser.get(address).text
    kept = send_form(browser, f"{page}/delete", page=address)  # from a page that was opened before
    assert "archived, not deleted" in words(browser.get(kept.location))
    assert client.get(page).status_code == 404
    assert press(address, "publish").status_code == 303
    send_form(browser, f"{page}/archive", page=address)
    assert "Archived (1)" in words(browser.get("/challenges/written"))


def test_a_preview_shows_no_more_than_learners_see(browser: Any, make_challenge: Any) -> None:
    hints = [{"text": "the hint itself", "cost": 0}]
    challenge = make_challenge(ADD, editorial="the way it is done", hints=hints)
    shown = browser.get(f"/challenges/{challenge.id}/preview").text
    assert "the way it is done" not in shown
    assert "the hint itself" not in shown
    assert "the way it is done" in browser.get(f"/challenges/{challenge.id}").text


def test_the_list_is_narrowed_down_at_the_same_cost(
    browser: Any, make_challenge: Any, make_user: Any, queries: Any
) -> None:
    make_challenge(ADD)
    queries.clear()
    browser.get("/challenges/written")
    few = len(queries)
    for number in range(6):
        make_challenge(QUIZ, name=f"Quiz 100%_{number}", publish=number % 2 == 0)
    queries.clear()
    everything = words(browser.get("/challenges/written"))
    assert len(queries) == few <= 12
    assert "All (7) Drafts (3) Published (4) Archived (0)" in everything
    found = words(browser.get("/challenges/written?state=draft&kind=knowledge&q=100%25_3&by=me"))
    assert "Quiz 100%_3" in found
    assert "Quiz 100%_1" not in found
    assert "Nothing fits" in words(browser.get("/challenges/written?q=%25%25"))
    assert browser.get("/challenges/written?state=x&kind=y&page=z&q=%00").status_code == 200


def test_an_engine_that_is_missing_here_says_so(
    browser: Any, press: Any, make_challenge: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = make_challenge(GOALS, engine="postgres", publish=False)

    def missing(self: Any, engine: str) -> str | None:
        return "No server is configured." if engine == "postgres" else None

    monkeypatch.setattr(Engines, "missing", missing)

    # A web process judges nothing itself: the workers tell.
    def told(*workers: dict[str, str]) -> None:
        monkeypatch.setattr(health, "beats", lambda: {"worker": [{"lacking": w} for w in workers]})
        monkeypatch.setattr(offer, "_kept", None)

    address = f"/challenges/{draft.id}/edit"
    told({"postgres": "Its server is off."})
    assert "Its server is off." in words(browser.get(address))
    refused = press(address, "publish")
    assert "No server is configured." in errors_at(refused.text, "engine")
    assert "PostgreSQL is missing here" in words(browser.get("/challenges/written"))
    told({"postgres": "Its server is off."}, {})
    assert "missing here" not in words(browser.get("/challenges/written"))
    told()
    assert "missing here" not in words(browser.get("/challenges/written"))


def test_without_a_worker_nothing_is_lost(press: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "CHECK_SECONDS", 1)
    monkeypatch.setattr(jail_room, "running", lambda: False)
    late = press("/challenges/new/coding", "publish", name="Patient", **TYPED["coding"])
    assert late.status_code == 503
    assert "Try again in a moment" in words(late)
    assert fields(late.text)["name"] == "Patient"


def test_the_way_there_is_shown_to_instructors_only(
    browser: Any, signed_in: Any, user: Any, client: Any, make_challenge: Any
) -> None:
    page = f"/challenges/{make_challenge(QUIZ).id}"
    for other in (client, signed_in(user)):
        assert "/challenges/written" not in other.get("/challenges").text
        assert f"{page}/edit" not in other.get(page).text
    assert 'href="/teach"' in browser.get("/challenges").text
    assert 'href="/challenges/written"' in browser.get("/teach").text
    assert f'href="{page}/edit"' in browser.get(page).text


def test_a_visible_case_is_called_by_its_name(
    user: Any, make_challenge: Any, judged: Any, client: Any
) -> None:
    cases = [case | {"name": f"name no. {n}"} for n, case in enumerate(GOALS["test_cases"])]
    challenge = make_challenge(GOALS, test_cases=cases)
    shown = judged(user, challenge, query=WITHOUT_GREENS)
    assert [case["name"] for case in shown["cases"]] == ["name no. 0", ""]
    assert "name no. 1" not in client.get(f"/api/v1/challenges/{challenge.id}").text
    cases = [case | {"name": f"name no. {n}"} for n, case in enumerate(ADD["test_cases"])]
    code = judged(user, make_challenge(ADD, test_cases=cases), code=CODE)
    assert [case.get("name", "") for case in code["cases"]] == ["name no. 0", "", ""]


def test_what_is_handed_in_while_it_is_deleted_is_in_or_refused(
    app: Any, user: Any, make_challenge: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never taken in, and then gone with the challenge."""
    challenge = make_challenge(QUIZ)
    number, looks = challenge.id, shelving.has_submissions
    came: list[Any] = []
    submitting = threading.Thread(target=lambda: came.append(_hand_in(app, user.id, number)))

    def look(seen: Challenge) -> bool:
        found = looks(seen)
        submitting.start()
        submitting.join(0.4)  # it has to wait for us; were it in by now, it would be lost
        return found

    monkeypatch.setattr(shelving, "has_submissions", look)
    assert shelving.remove(challenge) == "deleted"
    submitting.join(15)
    assert [type(one) for one in came] == [NotFound]
    assert counted(Submission) == 0


def _hand_in(app: Any, user_id: int, challenge_id: int) -> Any:
    from mlarena.accounts.models import User

    with app.app_context():
        try:
            learner = db.session.get_one(User, user_id)
            return service.submit(learner, challenge_id, {"answers": RIGHT})
        except Exception as error:
            return error
        finally:
            db.session.remove()


def test_a_form_that_is_too_large_is_refused_in_words_with_a_way_back(browser: Any) -> None:
    address = "/challenges/new/sql"
    answer = browser.post(
        address,
        data={"name": "Large", "init": "x" * (5 << 20)},
        headers={"Referer": f"http://localhost{address}"},
    )
    assert answer.status_code == 413
    assert "takes 4 MB at most" in words(answer) and "Back brings you" in words(answer)
    assert f'href="{address}"' in answer.text
