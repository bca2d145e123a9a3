"""Guessing is slow, a class behind one address is not."""

from __future__ import annotations

import io
import re

import pytest
import sqlalchemy as sa

from mlarena.accounts import logins, passwords
from mlarena.challenges import authoring
from mlarena.cohorts import service as cohorts
from mlarena.core.db import db
from mlarena.lti import once
from mlarena.lti.claims import RESOURCE
from mlarena.submissions.models import Submission
from mlarena.webhooks import service as webhooks
from tests.challenges.conftest import QUIZ
from tests.security.worlds import lms_of

PASSWORD = "correct horse battery"
LOGIN, REGISTER = "/api/v1/auth/login", "/api/v1/auth/register"
FORGOT, REFRESH, TOKENS = (
    "/api/v1/auth/password/forgot",
    "/api/v1/auth/refresh",
    "/api/v1/auth/tokens",
)


@pytest.fixture
def door(limited):
    return limited.test_client()


def guess(door, name: str = "ada", password: str = "not the password", address: str = "10.0.0.1"):
    body = {"username": name, "password": password}
    return door.post(LOGIN, json=body, environ_base={"REMOTE_ADDR": address})


def assert_too_many(answer, at_most_seconds: int) -> None:
    assert answer.status_code == 429
    assert answer.json["status"] == "error"
    assert "Too many" in answer.json["message"]
    assert 0 <= int(answer.headers["Retry-After"]) <= at_most_seconds


def test_the_eleventh_wrong_password_waits(door, user):
    for _ in range(10):
        assert guess(door).status_code == 401
    assert_too_many(guess(door), 300)
    assert_too_many(guess(door, password=PASSWORD), 300)
    assert_too_many(guess(door, name=" ADA "), 300)


def test_an_account_that_does_not_exist_is_counted_alike(door, user):
    for _ in range(10):
        assert guess(door, name="nobody").status_code == 401
    assert_too_many(guess(door, name="nobody"), 300)


def test_the_guesser_locks_out_neither_the_neighbour_nor_the_owner(door, make_user):
    make_user("ada")
    make_user("bob")
    for _ in range(11):
        guess(door)
    assert guess(door, name="bob", password=PASSWORD).status_code == 200
    assert guess(door, password=PASSWORD, address="10.0.0.2").status_code == 200


def test_right_passwords_do_not_count_as_guesses(door, user):
    for _ in range(15):
        assert guess(door, password=PASSWORD).status_code == 200
    assert guess(door).status_code == 401


def test_a_hundred_guesses_an_hour_from_everywhere_are_the_most(door, user, monkeypatch):
    """ASVS 2.2.1."""
    monkeypatch.setattr(passwords, "verify", lambda _hash, _password: False)
    for number in range(100):
        assert guess(door, address=f"10.1.{number % 20}.1").status_code == 401
    assert_too_many(guess(door, address="10.2.0.1"), 3600)


def test_one_address_that_tries_many_accounts_waits(door, app, monkeypatch):
    monkeypatch.setattr(passwords, "verify", lambda _hash, _password: False)
    for number in range(100):
        assert guess(door, name=f"user{number}").status_code == 401
    assert_too_many(guess(door, name="another"), 900)


def test_the_page_and_the_api_count_together(door, user, send_form):
    for _ in range(5):
        assert guess(door, address="127.0.0.1").status_code == 401
        assert (
            send_form(door, "/login", username="ada", password="not the password").status_code
            == 401
        )
    page = send_form(door, "/login", username="ada", password="not the password")
    assert page.status_code == 429
    assert page.mimetype == "text/html"
    assert "Retry-After" in page.headers
    assert_too_many(guess(door, address="127.0.0.1"), 300)


def test_showing_the_page_does_not_count(door, user):
    for _ in range(130):
        assert door.get("/login").status_code == 200


def test_a_class_of_forty_registers_and_logs_in_behind_one_address(door, app):
    for number in range(40):
        body = {"username": f"learner{number}", "email": "mistyped", "password": PASSWORD}
        if number % 2:
            assert door.post(REGISTER, json=body).status_code == 422
    for number in range(40):
        body = {
            "username": f"learner{number}",
            "email": f"l{number}@example.org",
            "password": PASSWORD,
        }
        assert door.post(REGISTER, json=body).status_code == 201
    for number in range(40):
        assert guess(door, name=f"learner{number}", password=PASSWORD).status_code == 200


def test_a_flood_of_registrations_waits(door, app):
    statuses = [door.post(REGISTER, json={}).status_code for _ in range(61)]
    assert statuses == [422] * 60 + [429]
    assert_too_many(door.post(REGISTER, json={}), 60)


@pytest.mark.parametrize("address", ["ada@example.org", "nobody@example.org"])
def test_one_address_gets_few_letters_known_or_not(door, user, address):
    for _ in range(3):
        assert door.post(FORGOT, json={"email": address}).status_code == 202
    assert_too_many(door.post(FORGOT, json={"email": address.upper()}), 3600)


def test_guessing_links_waits(door, app):
    body = {"token": "made-up", "new_password": PASSWORD}
    for _ in range(20):
        assert door.post("/api/v1/auth/password/reset", json=body).status_code == 422
    assert_too_many(door.post("/api/v1/auth/password/reset", json=body), 300)


def test_a_limit_that_is_not_reached_asks_nobody_to_wait(door, user, send_form):
    assert "Retry-After" not in guess(door, password=PASSWORD).headers
    assert "Retry-After" not in send_form(door, "/login", username="ada", password=PASSWORD).headers


def test_asking_for_letters_waits(limited, user, signed_in, send_form):
    page = "/settings/notifications"
    browser = limited.test_client()
    send_form(browser, "/login", username="ada", password=PASSWORD)
    for _ in range(3):
        assert send_form(browser, f"{page}/confirm", page).status_code == 303
    assert send_form(browser, f"{page}/confirm", page).status_code == 429


def test_tests_and_replays_of_webhooks_wait_by_either_door(
    limited, make_user, signed_in, bearer, send_form
):
    teacher = make_user("grace", role="instructor")
    fields = {"name": "Mine", "url": "https://example.org/", "events": ["job-completed"]}
    webhook, _secret = webhooks.create(teacher, fields)
    sent = webhooks.ping(teacher, webhook)
    browser, headers = limited.test_client(), bearer(teacher)
    send_form(browser, "/login", username="grace", password=PASSWORD)
    page, api = f"/teach/webhooks/{webhook.id}", f"/api/v1/webhooks/{webhook.id}"
    again = f"deliveries/{sent.id}/replay"
    for address, more, most in (("ping", "ping", 10), (again, "replay", 30)):
        for _ in range(most // 2):
            assert browser.post(f"{api}/{address}", headers=headers).status_code == 202
            assert send_form(browser, f"{page}/{more}", page).status_code == 303
        assert_too_many(browser.post(f"{api}/{address}", headers=headers), 60)
        assert send_form(browser, f"{page}/{address}", page).status_code == 429
        assert send_form(browser, f"{page}/{more}", page).status_code == 429
    # Whatever else is done with it is not counted.
    for _ in range(12):
        assert send_form(browser, f"{page}/on", page).status_code == 303


def test_six_reports_an_hour_by_page_or_script(limited, user, quest, bearer, send_form):
    browser, headers = limited.test_client(), bearer(user)
    send_form(browser, "/login", username="ada", password=PASSWORD)
    page = f"/tasks/{quest.id}/report"
    for number in range(3):
        body = {"task_id": quest.id, "text": f"Problem {number}"}
        assert browser.post("/api/v1/reports", json=body, headers=headers).status_code == 201
        assert send_form(browser, page, text=f"Another {number}").status_code == 303
    assert send_form(browser, page, text="One more").status_code == 429
    assert_too_many(browser.post("/api/v1/reports", json=body, headers=headers), 3600)
    assert browser.get(page).status_code == 200


def test_refreshing_waits(door, user):
    headers = {"Authorization": f"Bearer {logins.issue_tokens(user)['refresh_token']}"}
    for _ in range(120):
        assert door.post(REFRESH, headers=headers).status_code == 200
    assert_too_many(door.post(REFRESH, headers=headers), 60)


def test_making_tokens_waits(door, make_user):
    ada, bob = make_user("ada"), make_user("bob")
    headers = {"Authorization": f"Bearer {logins.issue_tokens(ada)['access_token']}"}
    for _ in range(30):
        assert door.post(TOKENS, json={}, headers=headers).status_code == 201
    assert_too_many(door.post(TOKENS, json={}, headers=headers), 3600)
    headers = {"Authorization": f"Bearer {logins.issue_tokens(bob)['access_token']}"}
    assert door.post(TOKENS, json={}, headers=headers).status_code == 201


def test_a_stolen_session_cannot_guess_the_password(door, user):
    headers = {"Authorization": f"Bearer {logins.issue_tokens(user)['access_token']}"}
    for _ in range(10):
        answer = door.delete("/api/v1/users/me", json={"password": "not it"}, headers=headers)
        assert answer.status_code == 422
    assert_too_many(
        door.delete("/api/v1/users/me", json={"password": PASSWORD}, headers=headers), 300
    )
    change = {"current_password": PASSWORD, "new_password": "another horse battery"}
    assert_too_many(door.put("/api/v1/users/me/password", json=change, headers=headers), 300)


@pytest.mark.parametrize(
    "body", [b"[]", b'{"username": {"a": 1}}', b"{", b"[" * 100_000, b'"x"', b"\xff"]
)
def test_an_odd_body_is_counted_and_breaks_nothing(door, app, body):
    for path in (LOGIN, FORGOT):
        assert door.post(path, data=body, content_type="application/json").status_code in (400, 422)


def test_thirty_models_a_minute(door, user, bearer, quest):
    """A learner's twenty pass; what is refused is not stored."""
    headers = bearer(user)

    def send(number):
        file = {"model_file": (io.BytesIO(b"\x80\x05%d." % number), "model.pkl")}
        return door.post(f"/api/v1/quests/{quest.id}/submit", data=file, headers=headers)

    for number in range(30):
        assert send(number).status_code == 202
    assert_too_many(send(30), 60)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Submission)) == 30


def test_ten_trainings_a_minute(door, user, bearer, quest):
    headers = bearer(user)
    address = f"/api/v1/quests/{quest.id}/train"
    for number in range(10):
        answer = door.post(address, json={"code": f"x = {number}"}, headers=headers)
        assert answer.status_code == 202
        # Three at once and no more is another rule: this one is over.
        db.session.execute(sa.update(Submission).values(status="failed"))
        db.session.commit()
    assert_too_many(door.post(address, json={"code": "x"}, headers=headers), 60)


def test_running_and_handing_in_answers_wait(limited, user, make_user, bearer, send_form):
    fields = {name: value for name, value in QUIZ.items() if name != "kind"}
    teacher = make_user("grace", role="instructor")
    quiz = authoring.create(teacher, "knowledge", fields, publish=True)
    browser, headers = limited.test_client(), bearer(user)
    path = f"/api/v1/challenges/{quiz.id}"
    for address, body, most in (
        (f"{path}/run", {"code": "x"}, 120),
        (f"{path}/plan", {"query": "x"}, 120),
        (f"{path}/hints", {"number": 1}, 60),
        ("/api/v1/attempts", {"challenge_id": quiz.id, "answers": {}}, 120),
    ):
        for _ in range(most):
            assert browser.post(address, json=body, headers=headers).status_code in (409, 422)
        assert_too_many(browser.post(address, json=body, headers=headers), 60)
    send_form(browser, "/login", username="ada", password=PASSWORD)
    page = f"/challenges/{quiz.id}"
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get(page).text)[1]
    wrong = {"csrf_token": token, "q4": "many"}
    # What is handed in is counted by all doors together.
    for address, left in ((page, 0), (f"{page}/run", 120), (f"{page}/plan", 120)):
        for _ in range(left):
            assert browser.post(address, data=wrong).status_code == 422
        assert browser.post(address, data=wrong).status_code == 429
    assert browser.get(page).status_code == 200


@pytest.fixture
def lms(make_user):
    """An LMS that grace has entered: the id of its platform."""
    make_user("grace", role="instructor")
    return lms_of("grace")["lms_id"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/lti/login"), ("POST", "/lti/launch"), ("GET", "/lti/pick/made-up")],
)
def test_a_class_of_hundreds_opens_its_link_and_a_flood_of_launches_waits(door, app, method, path):
    """By address: nobody is known before the launch is read."""
    statuses = {door.open(path, method=method).status_code for _ in range(600)}
    assert statuses == {400}
    refused = door.open(path, method=method)
    assert (refused.status_code, refused.mimetype) == (429, "text/html")
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    elsewhere = door.open(path, method=method, environ_base={"REMOTE_ADDR": "10.0.0.2"})
    assert elsewhere.status_code == 400


def test_who_comes_from_an_lms_cannot_guess_a_password_either(door, user, lms, send_form):
    launch = {
        **{"message": RESOURCE, "deployment_id": "d1", "sub": "s", "email": user.email},
        **{"name": "", "roles": [], "context_id": "", "context_title": "", "title": ""},
        **{"resource_link_id": "l1", "chosen": "", "line_item": "", "line_items": "", "deep": {}},
    }
    word = once.keep("welcome", {"platform": lms, "launch": launch}, 600)
    door.set_cookie("lti-welcome", word, path="/lti")

    def guessed(password: str) -> int:
        fields = {"username": "ada", "password": password}
        return send_form(door, "/lti/welcome/link", "/lti/welcome", **fields).status_code

    for _ in range(5):
        assert guessed("not the password") == 401
        # It is the same count as that of the login page.
        assert guess(door, address="127.0.0.1").status_code == 401
    assert guessed("not the password") == 429
    assert guessed(PASSWORD) == 429


def test_steps_that_have_an_lms_asked_wait(limited, lms, send_form):
    browser, page = limited.test_client(), f"/teach/lti/{lms}"
    send_form(browser, "/login", username="grace", password=PASSWORD)
    for number in range(30):
        step = ("off", "on", "retry")[number % 3]
        assert send_form(browser, f"{page}/{step}", page).status_code == 303
    assert send_form(browser, f"{page}/retry", page).status_code == 429
    assert browser.get(page).status_code == 200


def test_guessing_codes_of_cohorts_waits_and_a_class_behind_one_address_joins(
    limited, make_user, send_form
):
    grace = make_user("grace", role="instructor")
    code = cohorts.create(grace, {"title": "A class"}).join_code

    def entered(name):
        make_user(name)
        browser = limited.test_client()
        send_form(browser, "/login", username=name, password=PASSWORD)
        return browser

    for number in range(12):
        joined = send_form(entered(f"learner{number}"), "/cohorts/join", "/cohorts", code=code)
        assert joined.status_code == 303
    eve = entered("eve")
    for _ in range(10):
        assert send_form(eve, "/cohorts/join", "/cohorts", code="abcdefgh").status_code == 422
        assert eve.get("/cohorts/join/abcdefgh").status_code == 404
    assert send_form(eve, "/cohorts/join", "/cohorts", code=code).status_code == 429
    assert eve.get(f"/cohorts/join/{code}").status_code == 429
