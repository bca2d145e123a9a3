"""Who mirrors, syncs and links, and by which door: API, forms, commands."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mlarena.accounts import service as accounts
from mlarena.competitions.kaggle import links, sync
from mlarena.core import clock
from tests.kaggle.conftest import END
from tests.kaggle.stub import busy, teams

API = "/api/v1"
PAGE = "/competitions/kaggle"


@pytest.fixture
def teacher(make_user):
    return make_user("tess", role="instructor")


def queued(app):
    return app.extensions["redis"].llen("rq:queue:outside")


def test_a_competition_is_added_by_its_address(set_up, asked_here, bearer, client, teacher):
    answer = client.post(
        f"{API}/competitions/kaggle",
        json={"slug": "https://www.kaggle.com/competitions/titanic/overview", "xp_reward": 7},
        headers=bearer(teacher),
    )
    assert answer.status_code == 201
    found = answer.json["data"]
    assert (found["source"], found["slug"], found["title"]) == ("kaggle", "titanic", "Titanic")
    assert (found["metric_label"], found["status"]) == ("Root Mean Squared Error", "ongoing")
    assert found["kaggle_url"] == "https://www.kaggle.com/competitions/titanic"
    assert (found["xp_reward"], found["published"], queued(set_up)) == (7, True, 1)
    again = client.post(
        f"{API}/competitions/kaggle", json={"slug": "titanic"}, headers=bearer(teacher)
    )
    assert again.status_code == 409 and "mirrored already" in again.json["message"]


@pytest.mark.parametrize(
    ("slug", "words"), [("../x", "last part of its address"), ("nowhere", "Kaggle refuses (404)")]
)
def test_what_is_no_competition_is_refused(
    set_up, asked_here, bearer, client, teacher, slug, words
):
    answer = client.post(f"{API}/competitions/kaggle", json={"slug": slug}, headers=bearer(teacher))
    assert answer.status_code == 422 and words in answer.json["errors"]["slug"][0]


def test_without_credentials_page_and_api_say_what_to_set(
    app, asked_here, bearer, client, signed_in, send_form, teacher
):
    answer = client.post(
        f"{API}/competitions/kaggle", json={"slug": "titanic"}, headers=bearer(teacher)
    )
    assert answer.status_code == 409
    browser = signed_in(teacher)
    shown = browser.get(PAGE).text
    sent = send_form(browser, PAGE, slug="titanic", xp_reward="100")
    assert sent.status_code == 409
    for text in (answer.json["message"], shown, sent.text):
        for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY"):
            assert name in text


def test_the_instructors_page(stub, set_up, asked_here, signed_in, send_form, teacher, make_user):
    browser = signed_in(teacher)
    assert "Nothing is mirrored yet" in browser.get(PAGE).text
    wrong = send_form(browser, PAGE, slug="nowhere", xp_reward="100")
    assert wrong.status_code == 422 and "Kaggle refuses (404)" in wrong.text
    done = send_form(browser, PAGE, slug="titanic", xp_reward="100", rated="y")
    assert done.status_code == 303
    ada = make_user("ada")
    accounts.update_profile(ada, kaggle_username="User1")
    shown = browser.get(PAGE).text
    assert "Titanic" in shown and "User1" in shown and "not read yet" in shown
    assert send_form(browser, f"{PAGE}/links/{ada.id}", page=PAGE).status_code == 303
    assert links.link_of(ada.id).verified_by == teacher.id
    assert send_form(browser, f"{PAGE}/links/{ada.id}/undo", page=PAGE).status_code == 303
    assert links.link_of(ada.id).verified_at is None
    own = signed_in(ada)
    assert links.link_of(ada.id).code in own.get(f"{PAGE}/me").text
    assert f"{PAGE}/me" in own.get("/settings").text
    assert own.get(PAGE).status_code == 403


def test_links_by_the_api(set_up, bearer, client, teacher, make_user):
    ada = make_user("ada")
    head, staff = bearer(ada), bearer(teacher)
    assert client.get(f"{API}/users/me/kaggle", headers=head).json["data"] == {
        "kaggle_username": "",
        "verified": False,
        "code": None,
        "set_up": True,
    }
    client.patch(f"{API}/users/me", json={"kaggle_username": "User1"}, headers=head)
    own = client.get(f"{API}/users/me/kaggle", headers=head).json["data"]
    assert own["code"].startswith("mla-") and not own["verified"]
    waiting = client.get(f"{API}/kaggle/links", headers=staff).json["data"]
    assert [(row["username"], row["kaggle_username"]) for row in waiting] == [("ada", "User1")]
    assert own["code"] not in str(waiting)
    assert client.post(f"{API}/kaggle/links/{ada.id}", headers=staff).status_code == 200
    assert client.post(f"{API}/kaggle/links/{teacher.id}", headers=staff).status_code == 404
    known = client.get(f"{API}/kaggle/links?state=verified", headers=staff).json["data"]
    assert known[0]["verified_by"] == teacher.id
    assert client.get(f"{API}/users/me/kaggle", headers=head).json["data"]["verified"]
    assert client.delete(f"{API}/kaggle/links/{ada.id}", headers=staff).status_code == 200
    assert not client.get(f"{API}/users/me/kaggle", headers=head).json["data"]["verified"]


def test_nobody_takes_part_here_in_what_is_held_there(stub, mirror, bearer, client, make_user):
    ada, stub.rows = make_user("ada"), teams(3)
    head = bearer(ada)
    accounts.update_profile(ada, kaggle_username="user1")
    links.verify(ada.id, ada)
    sync.sync(mirror)
    for method, door in (("POST", "register"), ("DELETE", "register"), ("DELETE", "team")):
        answer = client.open(f"{API}/competitions/{mirror}/{door}", method=method, headers=head)
        assert answer.status_code == 403 and "Kaggle" in answer.json["message"]
    board = client.get(f"{API}/competitions/{mirror}/leaderboard", headers=head).json
    assert board["meta"]["me"]["rank"] == 2 and board["meta"]["me"]["team"]


def test_an_instructor_has_it_read_now(set_up, mirror, bearer, client, teacher):
    answer = client.post(f"{API}/competitions/{mirror}/sync", headers=bearer(teacher))
    assert (answer.status_code, queued(set_up)) == (202, 1)


def test_the_board_by_the_api_and_by_its_page(stub, mirror, client):
    stub.rows = teams(30)
    sync.sync(mirror)
    answer = client.get(f"{API}/competitions/{mirror}/leaderboard?per_page=10&page=2").json
    assert [row["rank"] for row in answer["data"]] == list(range(11, 21))
    assert answer["data"][0]["username"] == "team10" and answer["data"][0]["team"] is False
    assert answer["meta"]["total"] == 30
    assert "team3" in client.get(f"/boards/competition/{mirror}").text


def test_the_commands(stub, mirror, runner, app, make_user):
    stub.rows = teams(4)
    run = runner.invoke
    done = run(args=["competitions", "sync", "titanic"])
    assert (done.exit_code, done.output) == (0, "Titanic: ongoing, 4 changes\n")
    assert "no changes" in run(args=["competitions", "sync", "titanic"]).output
    early = run(args=["competitions", "rate", "titanic"])
    assert early.exit_code == 1 and "is ongoing and not finished" in early.output
    assert "There is no competition x" in run(args=["competitions", "sync", "x"]).output
    for number, user in enumerate(make_user(name) for name in ("ada", "ben")):
        accounts.update_profile(user, kaggle_username=f"user{number}")
        links.verify(user.id, user)
    with clock.freeze(END + timedelta(hours=1)):
        assert "completed" in run(args=["competitions", "sync", "titanic"]).output
        rated = run(args=["competitions", "rate", "titanic"])
    assert rated.output == "2 changes made from Titanic on\n"
    stub.faults["*"] = busy("60")
    assert "too many requests" in run(args=["competitions", "sync", "titanic"]).output
    assert "are left" in run(args=["competitions", "sync", "titanic"]).output


def test_what_is_ours_to_say_of_a_mirror_is_said_at_its_desk(mirror, signed_in, send_form, teacher):
    browser, address = signed_in(teacher), f"/competitions/{mirror}/desk"
    shown = browser.get(address).text
    assert "End it now" not in shown and 'name="ends_at"' not in shown
    said = {"title": "Our Titanic", "description": "Ours.", "rules_page": "Be kind.", "summary": ""}
    assert send_form(browser, address, **said, xp_reward="5", rated="y").status_code == 303
    found = browser.get(f"{API}/competitions/{mirror}").json["data"]
    assert (found["title"], found["xp_reward"], found["ends_at"]) == (
        "Our Titanic",
        5,
        "2026-11-20T12:00:00Z",
    )
    assert found["pages"]["rules"] == "Be kind."
    page = browser.get(f"/competitions/{mirror}").text
    assert "https://www.kaggle.com/competitions/titanic" in page and "Held at Kaggle" in page
