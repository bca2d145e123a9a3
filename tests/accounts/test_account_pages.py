"""The pages of an account, for people who listen, type, or have no JavaScript."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

PUBLIC = ["/login", "/register", "/password/forgot"]


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attrs for tag, attrs in self.tags if tag in names]

    @property
    def ids(self) -> list[str]:
        return [attrs["id"] for _tag, attrs in self.tags if attrs.get("id")]


def assert_accessible(text: str) -> None:
    page = Page(text)
    assert len(page.all("h1")) == 1
    assert len(page.ids) == len(set(page.ids)), "an id stands twice"
    labelled = {attrs.get("for") for attrs in page.all("label")}
    for control in page.all("input", "select", "textarea"):
        if control.get("type") not in ("hidden", "submit"):
            assert control.get("id") in labelled, control
    for _tag, attrs in page.tags:
        for word in (attrs.get("aria-describedby") or "").split():
            assert word in page.ids
        for word in (attrs.get("aria-labelledby") or "").split():
            assert word in page.ids


@pytest.mark.parametrize("path", PUBLIC)
def test_the_doors(client, path):
    assert_accessible(client.get(path).text)


def test_the_doors_with_errors(client, send_form):
    for path in PUBLIC:
        assert_accessible(
            send_form(client, path, username="a b", email="x", password="password").text
        )


def test_the_settings(user, signed_in, send_form):
    from mlarena.accounts import tokens

    tokens.issue(user, "one")
    tokens.issue(user, "two")
    browser = signed_in(user)
    assert_accessible(browser.get("/settings").text)
    assert_accessible(send_form(browser, "/settings/password", page="/settings").text)
    assert_accessible(send_form(browser, "/settings/tokens", page="/settings", name="script").text)


def test_passwords_are_hidden_and_managers_may_help(client, user, signed_in):
    found = []
    for browser, path in (
        (client, "/login"),
        (client, "/register"),
        (signed_in(user), "/settings"),
    ):
        for control in Page(browser.get(path).text).all("input"):
            if "password" in (control.get("name") or ""):
                found.append(control)
                assert control["type"] == "password"
                assert control["autocomplete"] in ("current-password", "new-password")
                assert "value" not in control or not control["value"]
                assert "onpaste" not in control
    assert len(found) == 5


def test_names_are_set_apart_by_their_own_direction(make_user, signed_in):
    user = make_user("david", full_name="דוד")
    page = signed_in(user).get("/settings").text
    assert "<bdi>david</bdi>" in page
    assert 'dir="auto"' in page


def test_a_page_is_light(client, user, signed_in):
    assert len(client.get("/register").data) < 20_000
    assert len(signed_in(user).get("/settings").data) < 60_000
