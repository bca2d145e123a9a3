"""A mirror's whole life by the clock, through a real worker: upcoming, ongoing, completed, rated, mended."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from mlarena.accounts import service as accounts
from mlarena.competitions import authoring, jobs, rating
from mlarena.competitions.kaggle import jobs as kaggle
from mlarena.competitions.kaggle import links
from mlarena.competitions.kaggle.models import KaggleCompetition
from mlarena.competitions.models import Competition, Rating, RatingChange
from mlarena.core import clock
from mlarena.core.db import db
from mlarena.core.errors import Conflict
from mlarena.rewards.models import Badge, UserBadge, XpEntry
from mlarena.rewards.service import xp_of
from tests.kaggle.conftest import END, START
from tests.kaggle.stub import busy, html, teams


@pytest.fixture
def ours(make_user):
    """Three of ours, verified at Kaggle as user0, user2 and user4."""
    people = [make_user(name) for name in ("ada", "ben", "cyd")]
    for number, user in enumerate(people):
        accounts.update_profile(user, kaggle_username=f"user{2 * number}")
        links.verify(user.id, user)
    return people


def of(competition_id):
    db.session.expire_all()
    return db.session.get_one(Competition, competition_id)


def changes():
    db.session.expire_all()
    rows = db.session.query(RatingChange).order_by(RatingChange.competition_id, RatingChange.rank)
    return [(row.user_id, row.rank, row.field, round(row.after, 6)) for row in rows]


def paid():
    db.session.expire_all()
    found: dict[int, int] = {}
    for row in db.session.query(XpEntry):
        found[row.user_id] = found.get(row.user_id, 0) + row.amount
    return found


def listed(client, phase):
    return [one["source"] for one in client.get(f"/api/v1/competitions/{phase}").json["data"]]


def test_from_its_announcement_to_its_ratings(app, stub, mirror, ours, tick, board, client):
    ada, ben, cyd = ours
    redis = app.extensions["redis"]
    with clock.freeze(START - timedelta(days=2)):
        assert listed(client, "upcoming") == ["kaggle"]
        tick(kaggle.boards)
        assert "DownloadLeaderboard" not in stub.methods(), "nothing stands there yet"
        # Kaggle puts its beginning off by a day.
        stub.starts = "2026-11-11T12:00:00Z"
        tick(kaggle.status)
        assert of(mirror).starts_at == START + timedelta(days=1)
    with clock.freeze(START + timedelta(days=2)):
        assert listed(client, "ongoing") == ["kaggle"]
        stub.rows = teams(30)
        tick(kaggle.boards)
        assert len(board(mirror)) == 30
        # All kinds of trouble; the board stays, and the clock comes again.
        for fault in (html(200), busy("1"), html(500)):
            stub.faults["*"] = fault
            tick(kaggle.boards, kaggle.status)
            redis.delete("mlarena:kaggle:quiet")
        stub.faults.clear()
        assert of(mirror).trouble and len(board(mirror)) == 30
        stub.rows[4] = replace(stub.rows[4], score=0.01)
        stub.rows.insert(0, stub.rows.pop(4))
        tick(kaggle.boards)
        assert board(mirror)[0] == (1, "team4", 0.01) and not of(mirror).trouble
    with clock.freeze(END + timedelta(minutes=1)):
        # It was put off meanwhile.
        stub.ends = "2026-11-22T12:00:00Z"
        tick(kaggle.status)
        assert not of(mirror).revealed and listed(client, "ongoing") == ["kaggle"]
    with clock.freeze(END + timedelta(days=2, minutes=1)):
        assert listed(client, "completed") == ["kaggle"]
        stub.final = [stub.rows[n] for n in (3, 1, 2, *range(4, 30), 0)]
        stub.final = [replace(one, score=0.2 + n / 100) for n, one in enumerate(stub.final)]
        # The final board does not answer at first: then nothing is finished.
        stub.faults["GetLeaderboard"] = html(500)
        tick(kaggle.status)
        assert not of(mirror).revealed and changes() == []
        stub.faults.clear()
        tick(kaggle.status)
        assert of(mirror).revealed
    # team2 (ben) won nothing at Kaggle's private board, team4 (cyd) fell from the first place to the last.
    order = [name for _, name, _ in board(mirror)]
    assert (order[0], order[-1], len(order)) == ("team2", "team4", 30)
    assert [row[:3] for row in changes()] == [
        (ben.id, 1, 3),
        (ada.id, 2, 3),
        (cyd.id, 30, 3),
    ]
    assert paid() == {ben.id: 300, ada.id: 250, cyd.id: 100}
    ends = {row.user_id: row.rating for row in db.session.query(Rating)}
    assert ends[ben.id] > 1500 > ends[cyd.id]


def finished(mirror, stub, tick, order):
    stub.rows = teams(6)
    with clock.freeze(END - timedelta(days=1)):
        tick(kaggle.boards)
    stub.final = [stub.rows[n] for n in order]
    stub.final = [replace(one, score=0.2 + n / 100) for n, one in enumerate(stub.final)]
    with clock.freeze(END + timedelta(minutes=1)):
        tick(kaggle.status)


def test_what_kaggle_mends_after_the_end_is_rated_again(app, stub, mirror, ours, tick, board):
    ada, ben, cyd = ours
    finished(mirror, stub, tick, range(6))
    first = changes()
    assert [row[0] for row in first] == [ada.id, ben.id, cyd.id]
    del stub.final[0]  # a cheat, it turns out
    with clock.freeze(END + timedelta(hours=1)):
        tick(kaggle.status)  # the first look after the end
        assert [name for _, name, _ in board(mirror)] == [f"team{n}" for n in range(1, 6)]
        assert [row[0] for row in changes()] == [ben.id, cyd.id]
        stub.asked.clear()
        tick(kaggle.status)
        assert stub.asked == [], "it is not looked at again every ten minutes"
    # Who moved up is paid the rest, and whoever was paid keeps it.
    assert paid() == {ada.id: 300, ben.id: 250, cyd.id: 100}
    mended = changes()
    rating.recompute()
    assert changes() == mended


def test_a_withdrawn_mirror_is_as_if_it_had_not_been(stub, mirror, ours, tick):
    finished(mirror, stub, tick, range(6))
    before, earned = changes(), paid()
    authoring.close(of(mirror))
    jobs.finish()
    assert changes() == [] and set(paid().values()) == {0}
    authoring.reopen(of(mirror))
    jobs.finish()
    assert (changes(), paid()) == (before, earned)


def test_who_is_verified_after_the_end_is_rated_and_paid(stub, mirror, ours, tick, make_user):
    finished(mirror, stub, tick, range(6))
    badge = Badge(slug="in", name="In", condition_type="competitions_completed", condition_value=1)
    db.session.add(badge)
    db.session.commit()
    dan = make_user("dan")
    accounts.update_profile(dan, kaggle_username="user5")
    links.verify(dan.id, ours[0])
    jobs.finish()  # the clock's, every few seconds
    assert [row[0] for row in changes()] == [*[user.id for user in ours], dan.id]
    assert paid()[dan.id] == 100
    assert db.session.get(UserBadge, (dan.id, badge.id)) is not None
    # The one before was somebody else: out of it again, as if it had never been.
    for _ in range(2):
        links.undo(dan.id)
        jobs.finish()
        assert [row[0] for row in changes()] == [user.id for user in ours]
        lines = select(XpEntry.amount).where(XpEntry.user_id == dan.id, XpEntry.amount != 0)
        assert db.session.scalars(lines.order_by(XpEntry.id)).all() == [100, -100]
        assert xp_of(dan.id) == 0
        assert db.session.get(UserBadge, (dan.id, badge.id)) is None
    # And it was right all along.
    links.verify(dan.id, ours[0])
    jobs.finish()
    assert xp_of(dan.id) == 100 and db.session.get(UserBadge, (dan.id, badge.id)) is not None


def test_kaggle_decides_what_is_kaggles(mirror):
    for fields in ({"ends_at": END + timedelta(days=1)}, {"metric": "rmse"}, {"team_size": 3}):
        with pytest.raises(Conflict, match="decided at Kaggle"):
            authoring.update(of(mirror), fields)
    authoring.update(of(mirror), {"title": "Our Titanic", "xp_reward": 5})
    with pytest.raises(Conflict, match="scored at Kaggle"):
        authoring.set_answers(of(mirror), None)  # type: ignore[arg-type]
    assert db.session.get_one(KaggleCompetition, mirror).title == "Our Titanic"
