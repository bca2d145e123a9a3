"""A competition by page: found, read, taken part in, its board before and after the end."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from html import unescape

import pytest

from mlarena.competitions import authoring, service, teams
from mlarena.competitions.models import Competition, Entrant
from mlarena.core import clock
from mlarena.core.db import db
from tests.competitions.conftest import ANSWERS, END, NOW, START, predictions


def words(answer):
    main = re.search(r"<main.*</main>", answer.text, re.S)
    assert main, answer.text
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main[0])).split())


def rows(answer):
    """(rank, name, score) of the board's rows, without the reader's own below the page."""
    table = re.search(r'<table class="board standings".*?</tbody>', answer.text, re.S)
    assert table, words(answer)
    found = re.findall(
        r'<tr data-entrant-id.*?number">([^<]*)<.*?<bdi>([^<]*)<.*?number">([^<]*)<', table[0], re.S
    )
    return [(rank, unescape(name), score) for rank, name, score in found]


@pytest.fixture
def ada(make_user):
    return make_user("ada")


@pytest.fixture
def at(competition):
    return f"/competitions/{competition.id}"


def test_the_list_has_what_goes_on_what_comes_and_what_is_over(
    client, make_competition, make_user, signed_in, hand_in, at_the_end
):
    make_competition("Under way", ends_at=END + timedelta(days=1))
    make_competition("Next month", starts_at=END, ends_at=END + timedelta(days=30))
    make_competition("A secret draft", publish=False)
    past = make_competition("Last week")
    ada = make_user("ada")
    hand_in(ada, past, predictions(1.0, 1.0))
    at_the_end()
    with clock.freeze(END - timedelta(days=1, hours=-2)):
        shown = client.get("/competitions")
        text = words(shown)
        assert "A secret draft" not in text
        assert text.index("Going on") < text.index("Under way") < text.index("To come")
        assert text.index("To come") < text.index("Next month")
        assert "1 day 22 h left" in text and "in 22 h 0 min" in text
    with clock.freeze(END + timedelta(minutes=2)):
        over = words(signed_in(ada).get("/competitions"))
        assert "Last week" in over[over.index(" Over ") :] and "number 1" in over
        assert "Under way" in words(signed_in(ada).get("/"))  # home says what goes on
        hits = client.get("/api/v1/search", query_string={"q": "under w"}).json["data"]["tasks"]
    assert [(hit["title"], hit["detail"]) for hit in hits] == [
        ("Under way", "Competition · going on")
    ]


def test_the_tabs_tell_what_there_is_and_the_data_waits_for_the_opening(
    client, ada, signed_in, competition, at
):
    authoring.add_file(
        competition, "train.csv", io.BytesIO(b"id,size,kind\n1,2.5,a\n2,4.5,b\n3,,a\n"), "To learn"
    )
    authoring.update(competition, {"data_page": "## Where from\n\n<script>alert(1)</script>"})
    assert "Predict y." in words(client.get(at))
    data = client.get(f"{at}/data")
    text = words(data)
    assert "train.csv To learn" in text and "size number" in text and "a 2 · b 1" in text
    assert "<script>alert" not in data.text
    assert f"/api/v1{at}/files/" not in data.text and "Log in to download" in text
    assert f"/api/v1{at}/files/" in signed_in(ada).get(f"{at}/data").text
    assert "on 25 % of them until the end" in words(client.get(f"{at}/evaluation"))
    assert "5 submissions, until 00:00 UTC" in words(client.get(f"{at}/rules"))
    with clock.freeze(START - timedelta(days=1)):
        early = signed_in(ada).get(f"{at}/data")
        assert "The data opens with the competition" in words(early)
        assert "size" not in words(early)


def test_from_taking_part_to_the_private_board(
    competition, ada, make_user, signed_in, send_form, hand_in, evaluate, at_the_end, at
):
    browser = signed_in(ada)
    assert "Take part" in words(browser.get(at))
    assert send_form(browser, f"{at}/register", at).status_code == 303
    refused = send_form(browser, f"{at}/submit", at, predictions_file=(io.BytesIO(b""), "x.csv"))
    assert refused.status_code == 422 and "The file is empty." in words(refused)

    file = (io.BytesIO(predictions(1.0, 0.1).encode()), "mine.csv")
    sent = send_form(browser, f"{at}/submit", at, predictions_file=file)
    assert sent.status_code == 303
    assert "In the queue" in words(browser.get(sent.location))
    evaluate()
    report = words(browser.get(sent.location))
    assert "1.0000" in report and "Your best so far: number 1 on the board" in report
    hand_in(make_user("bob"), competition, predictions(0.5, 2.0))
    better = hand_in(ada, competition, predictions(0.8, 5.0))
    spoilt = hand_in(ada, competition, "id,y\n0,1\n0,2\n")
    failed = words(browser.get(f"/submissions/{spoilt.id}"))
    assert "could not be scored" in failed and "cost you none" in failed

    part = browser.get(f"{at}/entry")
    assert "Left today 3 of 5" in words(part) and "still fail today 19 of 20" in words(part)
    assert rows(browser.get(f"{at}/board")) == [("1", "bob", "0.5000"), ("2", "ada", "0.8000")]
    first = int(sent.location.rsplit("/", 1)[1])
    chosen = send_form(browser, f"{at}/selection", f"{at}/entry", submission_ids=[first])
    assert chosen.status_code == 303
    assert (
        f'value="{first}" aria-label="Counts at the end: mine.csv" checked'
        in browser.get(f"{at}/entry").text
    )
    three = send_form(
        browser, f"{at}/selection", f"{at}/entry", submission_ids=[first, better.id, 7]
    )
    assert three.status_code == 422 and "Choose 2 at most." in words(three)

    at_the_end()
    with clock.freeze(END + timedelta(minutes=2)):
        browser = signed_in(ada)  # the old session is over, too
        board = browser.get(f"{at}/board")
        assert rows(board) == [("1", "ada", "0.1000"), ("2", "bob", "2.0000")]
        text = words(board)
        assert "2 of 2 changed places" in text and "What it did to ratings" in text
        assert "data-final" in board.text
        assert "This is the one that counted." in words(browser.get(f"/submissions/{first}"))
        profile = words(browser.get(f"/users/{ada.id}"))
    assert "Rating 1,900 provisional: 1 competition so far" in profile
    assert "House prices" in profile and "1 of 2" in profile
    assert "Scored" in profile and "Not there yet" not in profile


def test_a_team_by_its_pages(
    make_competition, make_user, signed_in, send_form, hand_in, at_the_end
):
    competition = make_competition(team_size=2)
    at = f"/competitions/{competition.id}"
    people = {name: make_user(name) for name in ("ada", "bob", "eve")}
    browsers = {name: signed_in(user) for name, user in people.items()}
    for name, user in people.items():
        assert browsers[name].get(f"{at}/entry").status_code == 403
        service.register(user, db.session.get_one(Competition, competition.id))
    short = send_form(browsers["ada"], f"{at}/team", f"{at}/entry", name="x")
    assert short.status_code == 422 and "2 to 40 characters" in words(short)
    assert (
        send_form(browsers["ada"], f"{at}/team", f"{at}/entry", name="The Medians").status_code
        == 303
    )
    own = db.session.query(Entrant).filter_by(name="The Medians").one()
    assert own.invite in browsers["ada"].get(f"{at}/entry").text
    assert own.invite not in browsers["bob"].get(f"{at}/entry").text
    wrong = send_form(browsers["bob"], f"{at}/team/join", f"{at}/entry", code="nonsense")
    assert wrong.status_code == 422 and "No team has this code." in words(wrong)
    joined = send_form(browsers["bob"], f"{at}/team/join", f"{at}/entry", code=own.invite)
    assert joined.status_code == 303
    full = send_form(browsers["eve"], f"{at}/team/join", f"{at}/entry", code=own.invite)
    assert full.status_code == 403 and "a team has 2 at most" in words(full)
    sent = hand_in(people["bob"], competition, predictions(0.5, 0.5))
    assert "Handed in by bob" in words(browsers["ada"].get(f"/submissions/{sent.id}"))
    board = browsers["ada"].get(f"{at}/board")
    assert rows(board) == [("1", "The Medians", "0.5000")]
    assert "your team" in words(board) and "ada , bob" in words(board)
    stays = send_form(browsers["ada"], f"{at}/team/leave", f"{at}/entry")
    assert stays.status_code == 409 and "stays together" in words(stays)


def test_the_board_is_searched_and_paged_with_everybodys_rank(
    competition, make_user, client, signed_in, at, queries
):
    """Sixty people by the table's own rows: what is judged here is the page."""
    people = [make_user("player00")]
    for number in range(1, 60):
        user = type(people[0])(
            username=f"player{number:02}", username_key=f"player{number:02}",
            email=f"p{number}@example.org", email_key=f"p{number}@example.org",
            password_hash=people[0].password_hash, role="learner", listed=number != 7,
        )  # fmt: skip
        db.session.add(user)
        people.append(user)
    db.session.commit()
    for number, user in enumerate(people):
        own = service.register(user, competition)
        own.score, own.sort_key, own.reached_at = 1.0 + number, 1.0 + number, NOW
        own.track = [[0, 60], [9, number + 1]]
        db.session.commit()
    queries.clear()
    first = client.get(f"{at}/board")
    few = len(queries)
    assert len(rows(first)) == 50 and rows(first)[0] == ("1", "player00", "1.0000")
    assert "Rank over time: from 60 to 1, the best 1" in first.text
    assert few <= 9
    second = signed_in(people[0]).get(f"{at}/board?page=2")
    assert rows(second)[0][0] == "51"
    assert "you are here" in second.text[second.text.index("<tfoot>") :]
    found = client.get(f"{at}/board", query_string={"q": "YER5"})
    assert [row[:2] for row in rows(found)][:2] == [("50", "player50"), ("51", "player51")]
    for nobody in ("player07", "100%", "_"):
        assert "Nobody on this board" in words(
            client.get(f"{at}/board", query_string={"q": nobody})
        )


def test_a_board_of_baselines_alone_and_one_of_nobody(client, competition, at, evaluate):
    assert "Nobody stands here yet" in words(client.get(f"{at}/board"))
    authoring.add_baseline(competition, "The mean", io.BytesIO(predictions(2.0).encode()))
    evaluate()
    board = client.get(f"{at}/board")
    assert rows(board) == [("–", "The mean", "2.0000")]
    assert "house baseline" in words(board)


def test_who_leaves_is_told_and_may_come_back(competition, ada, signed_in, send_form, at):
    browser = signed_in(ada)
    send_form(browser, f"{at}/register", at)
    assert send_form(browser, f"{at}/withdraw", f"{at}/entry").status_code == 303
    assert teams.entrant_of(competition.id, ada.id) is None
    assert "You do not take part any more." in words(browser.get(at))


def test_answers_are_no_page_of_anybodys(competition, client, signed_in, make_user, at):
    staff = signed_in(make_user("tess", role="instructor"))
    for path in (at, f"{at}/data", f"{at}/evaluation", f"{at}/desk"):
        assert competition.answers_blob not in staff.get(path).text
    assert ANSWERS.splitlines()[5] not in staff.get(f"{at}/evaluation").text
