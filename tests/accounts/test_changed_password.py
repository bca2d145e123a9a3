"""A new password: by the old one, or by a letter."""

from __future__ import annotations

import re
import threading
from urllib.parse import urlsplit

import pytest
from itsdangerous import TimestampSigner

from mlarena.core.config import Settings
from mlarena.core.db import db

OLD, NEW = "correct horse battery", "another horse battery"
LOGIN = "/api/v1/auth/login"
FORGOT, RESET = "/api/v1/auth/password/forgot", "/api/v1/auth/password/reset"


def opens(client, password: str) -> bool:
    return client.post(LOGIN, json={"username": "ada", "password": password}).status_code == 200


@pytest.fixture
def link(client, user, letters):
    """The path in the letter that a user gets who forgot the password."""
    assert client.post(FORGOT, json={"email": "ADA@example.org"}).status_code == 202
    return urlsplit(re.search(r"http\S+", letters(1)[0].body)[0]).path


def test_by_the_old_one_in_the_settings(client, user, signed_in, send_form, letters):
    here, elsewhere = signed_in(user), signed_in(user)
    fields = {"current_password": OLD, "new_password": NEW}
    assert send_form(here, "/settings/password", page="/settings", **fields).location == "/settings"
    assert here.get("/settings").status_code == 200
    assert elsewhere.get("/settings").status_code == 302
    assert opens(client, NEW)
    assert not opens(client, OLD)
    letter = letters(1)[0]
    assert letter.to == ["ada@example.org"]
    assert "was just changed" in letter.body


@pytest.mark.parametrize(
    ("current", "new", "field"),
    [("not it at all", NEW, "current_password"), (OLD, "short", "new_password"),
     (OLD, "password", "new_password"), (OLD, "ada@example.org", "new_password"),
     ("", NEW, "current_password")],
)  # fmt: skip
def test_a_refused_change_changes_nothing(client, user, signed_in, send_form, current, new, field):
    browser = signed_in(user)
    fields = {"current_password": current, "new_password": new}
    answer = send_form(browser, "/settings/password", page="/settings", **fields)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert browser.get("/settings").status_code == 200
    assert opens(client, OLD)


def test_the_api_refuses_likewise(client, user, bearer):
    body = {"current_password": "not it at all", "new_password": NEW}
    answer = client.put("/api/v1/users/me/password", json=body, headers=bearer(user))
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == ["current_password"]
    assert opens(client, OLD)


def test_by_a_letter(client, user, link, signed_in, send_form):
    browser = signed_in(user)
    assert send_form(client, link, new_password=NEW).location == "/login"
    assert opens(client, NEW)
    assert browser.get("/settings").status_code == 302


def test_by_a_letter_through_the_api(client, user, link):
    body = {"token": link.rsplit("/", 1)[1], "new_password": NEW}
    assert client.post(RESET, json=body).status_code == 200
    assert opens(client, NEW)
    again = client.post(RESET, json=body | {"new_password": "a third horse battery"})
    assert again.status_code == 422
    assert list(again.json["errors"]) == ["token"]
    assert opens(client, NEW)


def test_a_link_works_once(client, user, link, send_form):
    send_form(client, link, new_password=NEW)
    assert client.get(link).location == "/password/forgot"


def test_a_link_dies_with_a_change_of_the_password(client, user, link):
    from mlarena.accounts import service

    service.change_password(user, OLD, NEW)
    assert client.get(link).location == "/password/forgot"


def test_a_link_dies_after_an_hour(client, user, link, monkeypatch):
    now = TimestampSigner.get_timestamp
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: now(self) + 3590)
    assert client.get(link).status_code == 200
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: now(self) + 3610)
    assert client.get(link).location == "/password/forgot"


@pytest.mark.parametrize("token", ["x", "a.b.c", "%00", "é", "x" * 600])
def test_a_made_up_link_leads_back(client, user, token):
    assert client.get(f"/password/reset/{token}").location == "/password/forgot"
    assert client.post(RESET, json={"token": token, "new_password": NEW}).status_code == 422


def test_a_link_of_one_user_is_not_anothers(client, make_user, user, link):
    bob = make_user("bob")
    client.post(RESET, json={"token": link.rsplit("/", 1)[1], "new_password": NEW})
    db.session.refresh(bob)
    assert client.post(LOGIN, json={"username": "bob", "password": OLD}).status_code == 200


def test_a_weak_password_leaves_the_link_usable(client, user, link, send_form):
    answer = send_form(client, link, new_password="password")
    assert answer.status_code == 422
    assert 'id="new_password-error"' in answer.text
    assert send_form(client, link, new_password=NEW).location == "/login"


def test_an_unknown_address_gets_the_same_answer_and_no_letter(client, user, quiet, letters):
    unknown = client.post(FORGOT, json={"email": "nobody@example.org"})
    quiet()
    known = client.post(FORGOT, json={"email": "ada@example.org"})
    letters(1)
    assert (unknown.status_code, unknown.json) == (known.status_code, known.json)


def test_the_page_says_the_same_to_both(app, user, send_form):
    pages = []
    for address in ("ada@example.org", "nobody@example.org"):
        browser = app.test_client()
        assert send_form(browser, "/password/forgot", email=address).location == "/login"
        text = browser.get("/login").text
        pages.append(re.sub(r'(value|content)="[^"]{40,}"', "", text))
    assert pages[0] == pages[1]
    assert "a letter with a link is on its way" in pages[0]


def test_a_link_is_never_made_from_the_host_header_in_production(
    app, user, monkeypatch, client, quiet
):
    """Whoever asks chooses the Host header; a letter that leads to their host would give them the token."""
    production = Settings(
        _env_file=None,
        mlarena_env="production",
        secret_key="k" * 40,
        database_url="sqlite://",
        redis_url="redis://x",
    )
    monkeypatch.setitem(app.extensions, "settings", production)
    answer = client.post(
        FORGOT, json={"email": "ada@example.org"}, headers={"Host": "evil.example"}
    )
    assert answer.status_code == 503
    assert "PUBLIC_URL" in answer.json["message"]
    quiet()


def test_a_link_leads_to_the_public_url(app, user, monkeypatch, client, letters):
    public = app.extensions["settings"].model_copy(update={"public_url": "https://arena.example"})
    monkeypatch.setitem(app.extensions, "settings", public)
    client.post(FORGOT, json={"email": "ada@example.org"}, headers={"Host": "evil.example"})
    body = letters(1)[0].body
    assert "https://arena.example/password/reset/" in body
    assert "evil" not in body


def test_in_development_the_letter_is_printed(another_app, user, capsys):
    """With MAIL_URL as it is where nobody set it."""
    app = another_app(mail_url=Settings.model_fields["mail_url"].default)
    answer = app.test_client().post(FORGOT, json={"email": "ada@example.org"})
    assert answer.status_code == 202
    for thread in threading.enumerate():
        if thread.name == "letter":
            thread.join(30)
    printed = capsys.readouterr().out
    assert "To: ada@example.org" in printed
    assert "/password/reset/" in printed


def test_a_mail_server_that_is_away_is_noted_and_not_the_askers_problem(
    app, user, client, monkeypatch, quiet, caplog
):
    from flask_mailman import EmailMessage

    def away(self, *_args, **_kwargs):
        raise ConnectionRefusedError("nobody listens")

    monkeypatch.setattr(EmailMessage, "send", away)
    assert client.post(FORGOT, json={"email": "ada@example.org"}).status_code == 202
    quiet()
    assert "nobody listens" in caplog.text


def test_a_link_that_was_changed_by_one_character_is_stale(client, link):
    # Not the last one: of its six bits a signature of 160 uses four.
    other = "A" if link[-2] != "A" else "B"
    assert client.get(link[:-2] + other + link[-1]).location == "/password/forgot"
    assert client.get(link).status_code == 200
