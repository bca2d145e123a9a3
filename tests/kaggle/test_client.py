"""The adapter through Kaggle's real client, over the wire, with everything that goes wrong there."""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime

import pytest

from mlarena.competitions.kaggle import client, faults
from mlarena.competitions.kaggle.client import Kaggle, retry_after
from mlarena.core import clock
from mlarena.core.config import Settings
from tests.kaggle.stub import HEAD, JSON, Team, busy, error, html, teams, zipped

pytestmark = pytest.mark.pure


def kaggle(stub, **more):
    known = {"kaggle_username": "arena", "kaggle_key": "k1", **more}
    return Kaggle(Settings(_env_file=None, kaggle_api_url=stub.url, **known))


def test_the_board_is_read_with_its_members(stub):
    stub.rows = [
        Team(101, "Alpha", 0.91, "alice,Bob", day=1, entries=4),
        Team(102, 'Bêta, "Inc"', 0.9, "carol"),
        Team(103, None, 0.9, ""),
    ]
    with kaggle(stub) as known:
        rows = known.board("titanic").rows
    assert [(row.team, row.name, row.score, row.people) for row in rows] == [
        ("101", "Alpha", 0.91, ("alice", "bob")),
        ("102", 'Bêta, "Inc"', 0.9, ("carol",)),
        ("103", "", 0.9, None),
    ]
    assert rows[0].at == datetime(2026, 11, 1, 10, tzinfo=UTC) and rows[0].entries == 4
    assert stub.methods() == ["DownloadLeaderboard"]


def test_lines_in_disorder_are_put_by_rank_and_repeated_ones_once(stub):
    lines = ["2,7,B,,0.2,1,b", "1,9,A,,0.1,1,a", "3,9,A again,,0.3,1,a", "4,8,no score,,,1,c"]
    text = "\n".join([",".join(HEAD), *lines, ""])
    stub.faults["*"] = lambda _: (200, zipped(text), "application/zip", {})
    with kaggle(stub) as known:
        assert [row.name for row in known.board("titanic").rows] == ["A", "B"]


def test_the_final_board_comes_in_pages(stub, monkeypatch):
    monkeypatch.setattr(client, "PAGE", 20)
    stub.rows, stub.final = teams(3), teams(45, first=500)
    with kaggle(stub) as known:
        rows = known.final_board("titanic").rows
    assert [row.team for row in rows] == [str(row.id) for row in stub.final]
    assert rows[0].at == datetime(2026, 11, 1, 10, 0, 0, 123000, tzinfo=UTC)
    assert [asked.get("pageToken", "") for _, asked, _ in stub.asked] == ["", "20", "40"]


def test_the_dates_and_rules_are_read(stub):
    with kaggle(stub) as known:
        facts = known.competition("titanic")
    assert (facts.title, facts.metric, facts.daily_limit) == (
        "Titanic",
        "Root Mean Squared Error",
        10,
    )
    assert facts.ends_at == datetime(2026, 11, 20, 12, tzinfo=UTC)


WHOLE = zipped(",".join(HEAD) + "\n1,7,A,,0.1,1,a\n2,8,B,,0.2,1,b\n")
CUT_LINE = zipped(",".join(HEAD) + "\n1,7,A,,0.1,1,a\n2,8,B,\n")


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (html(200), faults.Unreadable, "Instead of a zip"),
        (busy("7"), faults.Busy, "too many requests"),
        (html(429, Retry_After="7"), faults.Busy, "too many requests"),
        (lambda _: (200, *error(429, "Too Many Requests")[1:]), faults.Busy, "too many"),
        (lambda _: error(401, "Unauthenticated"), faults.Refused, "401"),
        (lambda _: error(403, "Accept the rules first"), faults.Refused, "Accept the rules"),
        (html(500), faults.Away, "out of order"),
        (lambda _: (0, b"", "hang", {}), faults.Away, "in time|cannot be reached"),
        (lambda _: (200, WHOLE[:150], "application/zip", {"Length": "900"}), faults.Away, "reach"),
        (lambda _: (200, WHOLE[:150], "application/zip", {}), faults.Unreadable, "cut short"),
        (lambda _: (200, CUT_LINE, "application/zip", {}), faults.Unreadable, "line 3 has 4 cells"),
        (lambda _: (200, zipped("a,b\n1,2\n"), "x", {}), faults.Unreadable, "no column TeamId"),
        (lambda _: (200, zipped("", "readme.txt"), "x", {}), faults.Unreadable, "0 CSV files"),
    ],
)
def test_whatever_is_wrong_with_a_board_is_said_soon(stub, fault, kind, words):
    stub.faults["*"] = fault
    begun = time.monotonic()
    with kaggle(stub, kaggle_seconds=0.3) as known, pytest.raises(kind, match=words):
        known.board("titanic")
    assert time.monotonic() - begun < 7  # what a Retry-After would have it wait


@pytest.mark.parametrize(
    ("ask", "body"),
    [
        *(("competition", body) for body in (b"<html></html>", b"[]", b"{}", b"null", b"{")),
        *(("final_board", body) for body in (b"<html></html>", b"null", b"{")),
        ("final_board", b'{"submissions": [{"teamId": "x"}]}'),
    ],
)
def test_an_answer_that_is_no_answer_is_unreadable(stub, ask, body):
    for kind in (JSON, "text/html"):
        stub.faults["*"] = lambda _, kind=kind: (200, body, kind, {})
        with kaggle(stub) as known, pytest.raises(faults.Unreadable):
            getattr(known, ask)("titanic")


def test_pages_without_an_end_are_not_read_for_ever(stub):
    page = b'{"submissions": [{"teamId": 1, "score": "0.5"}], "nextPageToken": "again"}'
    stub.faults["*"] = lambda _: (200, page, JSON, {})
    with kaggle(stub) as known, pytest.raises(faults.Unreadable, match="over and over"):
        known.final_board("titanic")


def test_how_long_to_wait_is_read_from_seconds_or_a_date():
    with clock.freeze(datetime(2026, 11, 13, 12, tzinfo=UTC)):
        assert retry_after("7") == 7
        assert retry_after("Fri, 13 Nov 2026 12:01:30 GMT") == 90
        assert retry_after("999999") == client.LONGEST_WAIT
        assert retry_after("Fri, 13 Nov 2026 11:00:00 GMT") == 1
        assert retry_after("soon") is None and retry_after("") is None


def test_we_come_as_whom_we_are_told_to_and_leave_nothing_behind(stub, monkeypatch, tmp_path):
    """Not as whoever the environment or a file in the home folder names, which the client would prefer."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".kaggle").mkdir()
    (tmp_path / ".kaggle" / "access_token").write_text("somebody-else")
    before = sorted(tmp_path.rglob("*"))
    for more in ({}, {"kaggle_api_token": "t0ken"}):
        with kaggle(stub, **more) as known:
            known.competition("titanic")
    assert [who for _, _, who in stub.asked] == ["Basic YXJlbmE6azE=", "Bearer t0ken"]
    assert sorted(tmp_path.rglob("*")) == before
    assert "kaggle" not in sys.modules, "importing it logs in, and may end the process"


def test_without_credentials_nothing_is_asked(stub):
    for more in ({"kaggle_key": ""}, {"kaggle_username": ""}):
        with pytest.raises(faults.NotSetUp, match="KAGGLE_API_TOKEN, or KAGGLE_USERNAME and"):
            kaggle(stub, **more)
    assert stub.asked == []


def test_the_address_is_the_official_one_unless_told_otherwise(monkeypatch):
    for name in [name for name in os.environ if name.startswith("KAGGLE_")]:
        monkeypatch.delenv(name)
    known = Kaggle(Settings(_env_file=None, kaggle_api_token="t"))
    address = known._http._get_request_url("competitions.CompetitionApiService", "GetLeaderboard")
    assert address == (
        "https://api.kaggle.com/v1/competitions.CompetitionApiService/GetLeaderboard"
    )
