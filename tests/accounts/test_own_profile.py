"""Seeing oneself and others, and changing one's own profile."""

from __future__ import annotations

import pytest

from mlarena.accounts.signals import user_changed, user_changing
from mlarena.core.db import db

ME = "/api/v1/users/me"
PUBLIC = {"id", "username", "full_name", "created_at"}
PRIVATE = PUBLIC | {
    "email",
    "role",
    "timezone",
    "kaggle_username",
    "listed",
    "streak_shown",
    "activity_shown",
}


def test_others_see_the_public_fields_only(client, user):
    shown = client.get(f"/api/v1/users/{user.id}")
    assert shown.status_code == 200
    assert set(shown.json["data"]) == PUBLIC
    assert "example.org" not in shown.text


def test_oneself_sees_the_private_ones_too_and_never_a_password(client, user, bearer):
    shown = client.get(ME, headers=bearer(user))
    assert set(shown.json["data"]) == PRIVATE
    assert "argon2" not in shown.text


def test_everybody_by_pages(client, make_user):
    for name in ("ada", "bob", "cyd"):
        make_user(name)
    first = client.get("/api/v1/users?per_page=2")
    assert [user["username"] for user in first.json["data"]] == ["ada", "bob"]
    assert first.json["meta"] == {"page": 1, "per_page": 2, "total": 3, "pages": 2}
    second = client.get("/api/v1/users?per_page=2&page=2")
    assert [user["username"] for user in second.json["data"]] == ["cyd"]
    assert client.get("/api/v1/users?page=3&per_page=2").json["data"] == []


def test_who_is_not_listed_is_seen_by_themselves_and_by_instructors(client, make_user, bearer):
    shy, other = make_user("shy", listed=False), make_user("other")
    teacher = make_user("teacher", role="instructor")

    def names(**more):
        return {user["username"] for user in client.get("/api/v1/users", **more).json["data"]}

    assert names() == names(headers=bearer(other)) == {"other", "teacher"}
    assert (
        names(headers=bearer(shy)) == names(headers=bearer(teacher)) == {"shy", "other", "teacher"}
    )


def test_a_list_takes_the_same_number_of_queries_however_long(app, client, make_user):
    import sqlalchemy as sa

    def queries(path: str) -> int:
        counted: list[str] = []

        def count(_c, _cur, statement, *_rest) -> None:
            counted.append(statement)

        sa.event.listen(db.engine, "before_cursor_execute", count)
        assert client.get(path).status_code == 200
        sa.event.remove(db.engine, "before_cursor_execute", count)
        return len(counted)

    make_user("ada")
    few = queries("/api/v1/users")
    for number in range(8):
        make_user(f"learner{number}")
    assert queries("/api/v1/users") == few == 2


def test_only_what_is_sent_changes(client, user, bearer):
    headers = bearer(user)
    changed = client.patch(ME, json={"full_name": "  Ada \n Lovelace "}, headers=headers)
    assert changed.status_code == 200
    assert changed.json["data"]["full_name"] == "Ada Lovelace"
    changed = client.patch(
        ME,
        json={"timezone": "Asia/Kolkata", "kaggle_username": "adal", "listed": False},
        headers=headers,
    )
    data = client.get(ME, headers=headers).json["data"]
    assert data == changed.json["data"]
    assert (data["full_name"], data["timezone"], data["kaggle_username"], data["listed"]) == (
        "Ada Lovelace", "Asia/Kolkata", "adal", False,
    )  # fmt: skip
    assert client.patch(ME, json={}, headers=headers).json["data"] == data


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"role": "admin"}, "role"),
        ({"email": "x@example.org"}, "email"),
        ({"username": "root"}, "username"),
        ({"id": 1}, "id"),
        ({"credentials_version": 0}, "credentials_version"),
        ({"full_name": None}, "full_name"),
        ({"full_name": "\u202e"}, "full_name"),
        ({"timezone": "Nowhere"}, "timezone"),
        ({"kaggle_username": "../x"}, "kaggle_username"),
        ({"listed": "perhaps"}, "listed"),
    ],
)
def test_what_must_not_change_does_not(client, user, bearer, body, field):
    before = user.private()
    answer = client.patch(ME, json={"full_name": "Eve"} | body, headers=bearer(user))
    assert answer.status_code == 422
    assert field in answer.json["errors"]
    db.session.refresh(user)
    assert user.private() == before


def test_a_change_is_told_to_the_rooms_above(user):
    from mlarena.accounts import service

    heard: list[tuple[str, set[str]]] = []

    def before(_sender, user, fields):
        heard.append(("before the commit", fields))

    def after(_sender, user_id, fields):
        heard.append(("after the commit", fields))

    with user_changing.connected_to(before), user_changed.connected_to(after):
        service.update_profile(user, full_name="Ada", listed=True)
        service.update_profile(user, full_name="Ada")
    assert heard == [("before the commit", {"full_name"}), ("after the commit", {"full_name"})]


def test_what_a_listener_refuses_is_undone(user):
    from mlarena.accounts import service

    def refuse(_sender, **_what):
        raise RuntimeError("the boards could not follow")

    with user_changing.connected_to(refuse), pytest.raises(RuntimeError):
        service.update_profile(user, full_name="Ada")
    db.session.rollback()
    db.session.refresh(user)
    assert user.full_name == ""


def test_the_settings_page_saves_the_profile(user, signed_in, send_form):
    browser = signed_in(user)
    fields = {"full_name": "Ada 🎓", "timezone": "Pacific/Auckland", "kaggle_username": ""}
    saved = send_form(browser, "/settings/profile", page="/settings", **fields)
    assert saved.location == "/settings"
    db.session.refresh(user)
    assert (user.full_name, user.timezone, user.listed) == ("Ada 🎓", "Pacific/Auckland", False)
    assert "Saved." in browser.get("/settings").text


def test_the_settings_page_says_what_is_wrong(user, signed_in, send_form):
    fields = {"full_name": "Ada", "timezone": "UTC", "kaggle_username": "a b", "listed": "y"}
    answer = send_form(signed_in(user), "/settings/profile", page="/settings", **fields)
    assert answer.status_code == 422
    assert 'id="kaggle_username-error"' in answer.text
    assert 'value="a b"' in answer.text


def test_a_hand_made_form_with_nothing_in_it_breaks_nothing(user, signed_in, send_form):
    browser = signed_in(user)
    for door in ("profile", "password", "tokens", "delete"):
        answer = send_form(browser, f"/settings/{door}", page="/settings")
        assert answer.status_code in (302, 422), door
    assert browser.get("/settings").status_code == 200
