"""The JSON door: what a script can do, which is everything."""

from __future__ import annotations

import base64
import hashlib
import io
from datetime import timedelta

import pytest

from mlarena.competitions.models import Competition
from mlarena.core import clock
from mlarena.core.clock import rfc3339
from mlarena.core.db import db
from mlarena.core.spreadsheets import lines
from tests.competitions.conftest import ANSWERS, END, NOW, START, predictions

API = "/api/v1/competitions"


@pytest.fixture
def ada(make_user):
    return make_user("ada")


@pytest.fixture
def staff(make_user, bearer):
    return bearer(make_user("tess", role="instructor"))


@pytest.fixture
def send(client):
    def post(headers, competition_id, content, name="predictions.csv"):
        return client.post(
            f"{API}/{competition_id}/submit",
            data={"predictions_file": (io.BytesIO(content.encode()), name)},
            headers=headers,
        )

    return post


DRAFT = {
    "title": "Penguins",
    "description": "## Weigh them",
    "metric": "rmse",
    "starts_at": rfc3339(START),
    "ends_at": rfc3339(END),
}


def test_an_organiser_opens_one_with_a_single_call(client, staff, checked):
    body = DRAFT | {"answers": ANSWERS, "publish": True, "team_size": 2}
    answer = client.post(API, json=body, headers=staff)
    assert answer.status_code == 201, answer.text
    made = answer.json["data"]
    assert (made["slug"], made["status"], made["published"]) == ("penguins", "ongoing", True)
    assert (made["rows"], made["columns"]) == (40, ["id", "y"])
    listed = client.get(f"{API}/ongoing").json
    assert [row["id"] for row in listed["data"]] == [made["id"]]
    assert listed["meta"]["total"] == 1
    again = client.post(API, json=body, headers=staff)
    assert again.json["data"]["slug"] == "penguins-2"


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"ends_at": rfc3339(START)}, "ends_at", "comes after the start"),
        ({"metric": "silhouette"}, "metric", "Choose one of these: accuracy"),
        ({"metric": "nonsense"}, "metric", "Choose one of these"),
        ({"starts_at": "2026-11-10T12:00:00"}, "starts_at", "timezone"),
        ({"public_share": 1.0}, "public_share", "less than 1"),
        ({"unknown": 1}, "unknown", "not permitted"),
        ({"answers": "id,y\n1,?\n"}, "answers_file", "not numbers: line 2 `?`"),
        ({"answers": ANSWERS, "sample": "id,z\n1,1\n"}, "sample_file", "`y` is missing"),
        ({"publish": True}, "answers_file", "Upload the answers first"),
    ],
)
def test_what_cannot_be_opened_is_said_and_leaves_nothing(
    client, staff, checked, changes, field, words
):
    answer = client.post(API, json=DRAFT | changes, headers=staff)
    assert answer.status_code == 422, answer.text
    assert words in " ".join(answer.json["errors"][field])
    assert db.session.query(Competition).count() == 0


def test_the_lists_are_by_time(client, make_competition):
    dates = {
        "over": (START - timedelta(days=9), NOW - timedelta(days=1)),
        "now": (START, END),
        "now, ends sooner": (START, NOW + timedelta(hours=1)),
        "to come": (NOW + timedelta(days=1), END),
        "hidden": (START, END),
    }
    for title, (starts, ends) in dates.items():
        with clock.freeze(starts):
            make_competition(title=title, starts_at=starts, ends_at=ends, publish=title != "hidden")

    def titles(path):
        return [row["title"] for row in client.get(f"{API}{path}").json["data"]]

    assert titles("/ongoing") == ["now, ends sooner", "now"]
    assert titles("/upcoming") == ["to come"]
    assert titles("/completed") == titles("?status=completed") == ["over"]
    assert len(titles("")) == 4
    assert client.get(f"{API}?status=nonsense").status_code == 422


def test_take_part_hand_in_choose(client, ada, bearer, competition, send, evaluate):
    headers = bearer(ada)
    assert send(headers, competition.id, predictions(0.5)).status_code == 403
    registered = client.post(f"{API}/{competition.id}/register", headers=headers)
    assert registered.status_code == 200
    assert registered.json["data"]["registered"] is True
    assert registered.json["data"]["me"]["remaining"] == 5
    sent = send(headers, competition.id, predictions(0.5))
    assert sent.status_code == 202
    assert sent.json["data"]["competition_id"] == competition.id
    assert sent.json["data"]["status"] == "queued"
    evaluate()
    own = client.get(f"{API}/{competition.id}/submissions", headers=headers).json["data"]
    assert [(row["score"], row["selected"], row["private_score"]) for row in own] == [
        (pytest.approx(0.5), False, None)
    ]
    chosen = client.put(
        f"{API}/{competition.id}/selection",
        json={"submission_ids": [own[0]["id"]]},
        headers=headers,
    )
    assert chosen.json["data"] == {"submission_ids": [own[0]["id"]]}
    own = client.get(f"{API}/{competition.id}/submissions", headers=headers).json["data"]
    assert own[0]["selected"] is True
    me = client.get(f"{API}/{competition.id}", headers=headers).json["data"]["me"]
    assert (me["remaining"], me["entries"], me["score"]) == (4, 1, pytest.approx(0.5))


def test_a_bad_file_fails_with_the_rule_and_the_first_places(
    client, ada, bearer, competition, send, evaluate
):
    headers = bearer(ada)
    client.post(f"{API}/{competition.id}/register", headers=headers)
    sent = send(headers, competition.id, predictions().replace("\n3,", "\n99,"))
    evaluate()
    seen = client.get(f"/api/v1/submissions/{sent.json['data']['id']}", headers=headers).json[
        "data"
    ]
    assert seen["status"] == "failed"
    assert "not in the test set: line 5 `99`" in seen["error"]
    assert seen["report"]["problems"] == [
        {"rule": "There are ids that are not in the test set", "count": 1, "examples": ["line 5 `99`"]},
        {"rule": "1 of the 40 ids of the test set are missing", "count": 1, "examples": ["`3`"]},
    ]  # fmt: skip


def test_the_board_is_paged_and_tells_where_i_am(client, make_user, bearer, competition, hand_in):
    people = [make_user(name) for name in ("ada", "bob", "cyd")]
    for number, user in enumerate(people):
        hand_in(user, competition, predictions(0.1 * (number + 1)))
    page = client.get(
        f"{API}/{competition.id}/leaderboard?page=2&per_page=2", headers=bearer(people[0])
    ).json
    assert [(row["rank"], row["username"]) for row in page["data"]] == [(3, "cyd")]
    assert page["meta"]["total"] == 3
    assert (page["meta"]["me"]["rank"], page["meta"]["me"]["username"]) == (1, "ada")
    same = client.get(f"/api/v1/leaderboard?competition={competition.id}&user={people[1].id}").json
    assert [(row["rank"], row["entries"]) for row in same["data"]] == [(2, 1)]
    near = client.get(
        f"/api/v1/leaderboard?competition={competition.id}&around=1", headers=bearer(people[2])
    ).json
    assert [row["username"] for row in near["data"]] == ["bob", "cyd"]


def test_the_board_costs_a_constant_number_of_queries(
    client, make_user, competition, hand_in, queries
):
    counted = []
    for names in (("ada", "bob"), ("cyd", "dan", "eve", "fay")):
        for name in names:
            hand_in(make_user(name), competition, predictions(0.1))
        queries.clear()
        client.get(f"{API}/{competition.id}/leaderboard?per_page=100")
        counted.append(len(queries))
    assert counted[0] == counted[1] <= 8


def test_lists_cost_a_constant_number_of_queries(client, make_competition, queries, bearer, ada):
    headers, counted = bearer(ada), []
    for number in (1, 3):
        for _ in range(number):
            make_competition()
        queries.clear()
        client.get(API, headers=headers)
        counted.append(len(queries))
    assert counted[0] == counted[1]


def test_teams_by_api(client, make_user, bearer, make_competition):
    competition = make_competition(team_size=2)
    ada, bob = make_user("ada"), make_user("bob")
    for user in (ada, bob):
        client.post(f"{API}/{competition.id}/register", headers=bearer(user))
    made = client.post(
        f"{API}/{competition.id}/team", json={"name": "Both"}, headers=bearer(ada)
    ).json["data"]["me"]
    joined = client.post(
        f"{API}/{competition.id}/team/join", json={"code": made["invite"]}, headers=bearer(bob)
    ).json["data"]["me"]
    assert joined["team"] == "Both"
    assert [one["username"] for one in joined["members"]] == ["ada", "bob"]
    left = client.delete(f"{API}/{competition.id}/team", headers=bearer(bob)).json["data"]["me"]
    assert left["team"] is None
    gone = client.delete(f"{API}/{competition.id}/register", headers=bearer(bob)).json["data"]
    assert gone["me"] is None
    wrong = client.post(
        f"{API}/{competition.id}/team/join", json={"code": "abc"}, headers=bearer(ada)
    )
    assert (wrong.status_code, list(wrong.json["errors"])) == (422, ["code"])


class TestFiles:
    CONTENT = bytes(range(256)) * 12_000  # three chunks of storage

    @pytest.fixture
    def address(self, client, staff, competition):
        answer = client.post(
            f"{API}/{competition.id}/files",
            data={"data_file": (io.BytesIO(self.CONTENT), "../train.bin"), "note": "Rows to train on"},
            headers=staff,
        )  # fmt: skip
        assert answer.status_code == 201, answer.text
        file = answer.json["data"]["files"][0]
        assert file["name"] == "train.bin" and file["size"] == len(self.CONTENT)
        assert file["sha256"] == hashlib.sha256(self.CONTENT).hexdigest()
        return file["url"]

    def test_a_file_comes_whole_with_its_digest(self, client, ada, bearer, address):
        whole = client.get(address, headers=bearer(ada))
        assert whole.data == self.CONTENT
        digest = base64.b64encode(hashlib.sha256(self.CONTENT).digest()).decode()
        assert whole.headers["Repr-Digest"] == f"sha-256=:{digest}:"
        assert whole.headers["Accept-Ranges"] == "bytes"
        assert whole.content_length == len(self.CONTENT)
        assert whole.headers["Content-Disposition"] == "attachment; filename=train.bin"
        again = client.get(address, headers=bearer(ada) | {"If-None-Match": whole.headers["ETag"]})
        assert again.status_code == 304

    @pytest.mark.parametrize(
        ("asked", "start", "end"),
        [
            ("bytes=0-9", 0, 10),
            ("bytes=1048570-1048590", 1048570, 1048591),
            ("bytes=2500000-", 2_500_000, None),
            ("bytes=-5", -5, None),
        ],
    )
    def test_a_part_is_a_part(self, client, ada, bearer, address, asked, start, end):
        part = client.get(address, headers=bearer(ada) | {"Range": asked})
        assert part.status_code == 206
        assert part.data == self.CONTENT[start:end]
        assert part.headers["Content-Range"].endswith(f"/{len(self.CONTENT)}")

    def test_what_is_not_there_cannot_be_had(self, client, ada, bearer, address):
        beyond = client.get(address, headers=bearer(ada) | {"Range": "bytes=99999999-"})
        assert beyond.status_code == 416

    def test_only_people_see_them_and_only_from_the_start(
        self, client, ada, bearer, staff, address
    ):
        assert client.get(address).status_code == 401
        with clock.freeze(START - timedelta(seconds=1)):
            assert client.get(address, headers=bearer(ada)).status_code == 403
            assert client.get(address, headers=staff).status_code == 200


def test_the_sample_submission_scores(client, ada, bearer, competition, send, evaluate):
    headers = bearer(ada)
    sample = client.get(f"{API}/{competition.id}/sample", headers=headers)
    assert sample.text.startswith("id,y\n0,0\n1,0\n")
    client.post(f"{API}/{competition.id}/register", headers=headers)
    send(headers, competition.id, sample.text)
    evaluate()
    own = client.get(f"{API}/{competition.id}/submissions", headers=headers).json["data"]
    assert own[0]["status"] == "scored"


def test_exports_hold_what_may_be_known(client, staff, make_user, competition, hand_in, at_the_end):
    make_formula = make_user("ada")
    hand_in(make_formula, competition, predictions(0.5, 0.25))
    hand_in(make_formula, competition, "id,y\n=1+1,1\n")
    text = client.get(f"{API}/{competition.id}/export/submissions", headers=staff).text
    lines = text.splitlines()
    assert lines[0].startswith("submission_id,username,house,entrant_id")
    assert ",ada,,1,1,scored," in lines[1] and ",0.5,," in lines[1]
    at_the_end()
    lines = client.get(
        f"{API}/{competition.id}/export/submissions", headers=staff
    ).text.splitlines()
    assert ",0.5,0.25," in lines[1]
    board = client.get(f"{API}/{competition.id}/export/board", headers=staff).text.splitlines()
    assert board[1].startswith("1,ada,ada,False,0.25,")


def test_a_spreadsheet_takes_no_cell_for_a_formula():
    assert list(lines(["a"], [["=1+1"], ["@x"], ["-3 and more"], [-3], ["fine"]])) == [
        "a\n", "'=1+1\n", "'@x\n", "'-3 and more\n", "-3\n", "fine\n",
    ]  # fmt: skip


def test_a_draft_can_be_deleted_and_a_seen_one_withdrawn(client, staff, make_competition):
    draft, seen = make_competition(publish=False), make_competition(title="Seen")
    assert client.delete(f"{API}/{draft.id}", headers=staff).status_code == 200
    refused = client.delete(f"{API}/{seen.id}", headers=staff)
    assert (refused.status_code, "Withdraw it" in refused.json["message"]) == (409, True)
    gone = client.patch(f"{API}/{seen.id}", json={"publish": False}, headers=staff)
    assert gone.json["data"]["published"] is False
    assert client.get(f"{API}/{seen.id}").status_code == 404
    back = client.patch(f"{API}/{seen.id}", json={"publish": True}, headers=staff)
    assert back.json["data"]["published"] is True
