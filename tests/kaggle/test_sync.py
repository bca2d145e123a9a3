"""A mirrored board: what Kaggle says is what stands here, and what has not changed is not written."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from mlarena.accounts import service as accounts
from mlarena.boards import service as boards
from mlarena.competitions.kaggle import faults, links, manners, sync
from mlarena.competitions.kaggle.models import KaggleCompetition
from mlarena.competitions.models import Entrant
from mlarena.core import clock
from mlarena.core.db import db
from tests.kaggle.conftest import NOW
from tests.kaggle.stub import HEAD, Team, busy, html, teams


def rows(competition_id):
    db.session.expire_all()
    found = db.session.scalars(
        select(Entrant).where(Entrant.competition_id == competition_id).order_by(Entrant.id)
    )
    return {one.kaggle_team: one for one in found}


def written(queries):
    return [one for one in queries if one.lstrip().split()[0] in ("INSERT", "UPDATE", "DELETE")]


def later(minutes, do):
    with clock.freeze(NOW + timedelta(minutes=minutes)):
        return do()


def test_a_board_comes_with_strangers_as_names(stub, mirror, board, told):
    stub.rows = [Team(9, "Best", 0.1, "x"), Team(8, None, 0.2, "ann,ben"), Team(7, None, 0.2, "")]
    assert sync.sync(mirror) == 3
    assert board(mirror) == [(1, "Best", 0.1), (2, "ann, ben", 0.2), (3, "Team 7", 0.2)]
    assert told()
    page = boards.page(f"competition:{mirror}", 1, 10)
    assert [row.members for row in page.rows] == [(), (), ()]
    assert page.rows[0].shown()["track"] == [1]


def test_what_has_not_changed_is_not_written_nor_told(stub, mirror, queries, told):
    stub.rows = teams(300)
    sync.sync(mirror)
    told()
    queries.clear()
    assert sync.sync(mirror) == 0
    assert written(queries) == [] and not told()
    assert not any("competition_entrants" in one for one in queries), "it need not look at the rows"


def test_only_what_has_changed_is_written(stub, mirror, queries, board, told):
    stub.rows = teams(300)
    sync.sync(mirror)
    ids = {team: row.id for team, row in rows(mirror).items()}
    told()
    stub.rows[250].score, stub.rows[251].entries = 0.3505, 9
    stub.rows.append(Team(999, "late", 0.5, "late"))
    queries.clear()
    assert later(5, lambda: sync.sync(mirror)) == 3
    assert told()
    after = rows(mirror)
    assert {team: row.id for team, row in after.items() if team != "999"} == ids
    assert (after["350"].score, after["351"].entries, after["999"].score) == (0.3505, 9, 0.5)
    assert board(mirror)[0] == (1, "team0", 0.1)


def test_ranks_over_time_are_kept_for_each_row(stub, mirror):
    stub.rows = teams(3)
    sync.sync(mirror)
    stub.rows = [stub.rows[2], stub.rows[0], stub.rows[1]]
    stub.rows[0].score = 0.05
    assert later(30, lambda: sync.sync(mirror)) > 0
    minute = 3 * 24 * 60 - 1  # the stub's competition began half a second past noon
    assert rows(mirror)["102"].track == [[minute, 3], [minute + 30, 1]]
    assert rows(mirror)["100"].track == [[minute, 1], [minute + 30, 2]]


@pytest.mark.parametrize(
    ("scores", "keys"),
    [
        ([0.9, 0.8, 0.8, 0.1], [-0.9, -0.8, -0.8, -0.1]),  # higher is better
        ([0.1, 0.2, 0.2, 0.9], [0.1, 0.2, 0.2, 0.9]),  # lower is
        ([0.5, 0.9, 0.1, 0.7], [1, 2, 3, 4]),  # neither: Kaggle alone knows why
    ],
)
def test_the_order_is_kaggles_whatever_explains_it(stub, mirror, board, scores, keys):
    # The ties stand in Kaggle's order also where the times say otherwise.
    stub.rows = [Team(100 + n, f"t{n}", score, day=9 - n) for n, score in enumerate(scores)]
    sync.sync(mirror)
    assert [name for _, name, _ in board(mirror)] == ["t0", "t1", "t2", "t3"]
    assert [row.sort_key for row in rows(mirror).values()] == keys


def test_names_change_swap_and_repeat(stub, mirror, board):
    stub.rows = teams(3)
    sync.sync(mirror)
    before = {team: row.id for team, row in rows(mirror).items()}
    stub.rows[0].name, stub.rows[1].name, stub.rows[2].name = "team1", "team0", "x" * 90
    sync.sync(mirror)
    assert [name for _, name, _ in board(mirror)] == ["team1", "team0", "x" * 63 + "…"]
    stub.rows[2].name = "team0"
    stub.rows.append(Team(50, "team0", 0.9))
    sync.sync(mirror)
    # The oldest team keeps the name.
    names = [name for _, name, _ in board(mirror)]
    assert names == ["team1", "team0 (101)", "team0 (102)", "team0"]
    assert before.items() <= {team: row.id for team, row in rows(mirror).items()}.items()


def test_a_row_that_is_gone_leaves_the_board_and_may_come_back(stub, mirror, board, client):
    stub.rows = teams(3)
    sync.sync(mirror)
    away = stub.rows.pop(1)
    stub.rows.append(Team(500, away.name, 0.7))
    later(10, lambda: sync.sync(mirror))
    assert [name for _, name, _ in board(mirror)] == ["team0", "team2", "team1"]
    assert client.get(f"/api/v1/competitions/{mirror}").json["data"]["entrants"] == 3
    stub.rows.insert(1, away)
    later(20, lambda: sync.sync(mirror))
    names = [name for _, name, _ in board(mirror)]
    assert names == ["team0", "team1", "team2", "team1 (500)"]
    assert len(rows(mirror)["101"].track) == 1, "it had stood there before, and stands there again"


def test_half_a_board_is_believed_only_when_it_is_said_again(stub, mirror, board):
    stub.rows = teams(30)
    sync.sync(mirror)
    stub.rows = teams(14)
    with pytest.raises(faults.Unreadable, match="14 teams where 30 stood"):
        sync.sync(mirror)
    assert len(board(mirror)) == 30
    assert sync.sync(mirror) == 16 and len(board(mirror)) == 14


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (html(200), "Instead of a zip"),
        (html(500), "out of order"),
        (lambda body: (200, body[:-30], "application/zip", {}), "cut short"),
    ],
)
def test_a_fault_changes_nothing_and_is_noted_until_it_is_over(
    stub, mirror, board, told, fault, words
):
    stub.rows = teams(3)
    sync.sync(mirror)
    known, _ = board(mirror), told()
    stub.rows, stub.faults["*"] = teams(5), fault
    with pytest.raises(faults.KaggleFault, match=words):
        sync.sync(mirror)
    assert board(mirror) == known and not told()
    assert words in db.session.get_one(KaggleCompetition, mirror).trouble
    stub.faults.clear()
    assert sync.sync(mirror) == 2
    db.session.expire_all()
    assert db.session.get_one(KaggleCompetition, mirror).trouble == ""


def test_after_a_429_nothing_is_asked_for_as_long_as_kaggle_says(stub, mirror, app):
    stub.rows, stub.faults["*"] = teams(3), busy("7")
    with pytest.raises(faults.Busy):
        sync.sync(mirror)
    assert 6 < manners.quiet_for() <= 7
    stub.asked.clear()
    assert sync.sync(mirror) == 0 and stub.asked == []
    # Without a word from Kaggle the pauses grow.
    stub.faults["*"] = html(429)
    pauses = []
    for _ in range(3):
        app.extensions["redis"].delete("mlarena:kaggle:quiet")
        with pytest.raises(faults.Busy):
            sync.sync(mirror)
        pauses.append(round(manners.quiet_for()))
    assert pauses == [120, 240, 480]
    stub.faults.clear()
    app.extensions["redis"].delete("mlarena:kaggle:quiet")
    assert sync.sync(mirror) == 3
    assert manners.be_quiet(None) == manners.FIRST_PAUSE


def test_never_two_at_once(stub, mirror, monkeypatch):
    stub.rows = teams(3)
    stub.asked.clear()
    with manners.alone(mirror) as ours:
        assert ours
        assert sync.sync(mirror) == 0 and stub.asked == []
    # And where Redis forgot who was at it, the database lets only one of them write.
    found = sync.fetched(mirror, lambda kaggle: kaggle.board("titanic"))
    real = sync.direction_of

    def first(*given):
        monkeypatch.setattr(sync, "direction_of", real)
        assert sync.take_in(mirror, found, NOW) == 3
        return real(*given)

    monkeypatch.setattr(sync, "direction_of", first)
    assert sync.take_in(mirror, found, NOW) == 0
    assert len(rows(mirror)) == 3


def test_members_that_kaggle_does_not_name_just_now_stay(stub, mirror, make_user):
    ada = make_user("ada")
    accounts.update_profile(ada, kaggle_username="User1")
    links.verify(ada.id, ada)
    stub.rows = teams(3)
    sync.sync(mirror)
    own = boards.page(f"competition:{mirror}", 1, 10, ada).me
    assert own.rank == 2 and own.members == ((ada.id, "ada"),)
    stub.head = HEAD[:-1]
    stub.rows = [replace(one, score=one.score / 2) for one in stub.rows]
    sync.sync(mirror)
    assert boards.page(f"competition:{mirror}", 1, 10, ada).me.score == pytest.approx(0.0505)
    # Named again, and in another team now.
    stub.head = HEAD
    stub.rows[1].members, stub.rows[2].members = "somebody", "user2,user1"
    sync.sync(mirror)
    assert boards.page(f"competition:{mirror}", 1, 10, ada).me.rank == 3
