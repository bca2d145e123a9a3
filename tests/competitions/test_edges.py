"""Where one thing ends and another begins: the last moment, and scores that are equal."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mlarena.competitions import entries, service, teams
from mlarena.competitions.models import Competition, Entrant, Entry
from mlarena.competitions.prizes import prize
from mlarena.core import clock
from mlarena.core.db import db
from tests.competitions.conftest import END, NOW, predictions


def test_the_moment_of_the_end_is_too_late_and_the_one_before_is_not(
    competition, make_user, hand_in, board
):
    ada, bob = make_user("ada"), make_user("bob")
    for user in (ada, bob):
        service.register(user, competition)
    with clock.freeze(END - timedelta(microseconds=1)):
        hand_in(ada, competition, predictions(0.5))
    with clock.freeze(END):
        hand_in(bob, competition, predictions(0.1))
    assert [late for (late,) in db.session.query(Entry.late).order_by(Entry.submission_id)] == [
        False,
        True,
    ]
    assert board(competition) == [(1, "ada", 0.5)]


def test_of_two_equal_scores_of_ones_own_the_earlier_counts_whenever_it_is_scored(
    competition, make_user
):
    user = make_user("ada")
    service.register(user, competition)
    own = teams.entrant_of(competition.id, user.id).id
    found = db.session.get_one(Competition, competition.id)

    def reached_at():
        return db.session.query(Entrant.reached_at).filter_by(id=own).scalar()

    assert entries.improve(found, own, 0.5, NOW)
    assert not entries.improve(found, own, 0.5, NOW + timedelta(hours=1))
    assert reached_at() == NOW
    assert entries.improve(found, own, 0.5, NOW - timedelta(hours=1)), "it was scored later"
    assert reached_at() == NOW - timedelta(hours=1)
    assert not entries.improve(found, own, 0.6, NOW - timedelta(hours=2)), "it is worse"


@pytest.mark.parametrize(
    ("rank", "field", "xp"),
    [
        (1, 3, 100), (1, 4, 300), (2, 4, 250), (3, 4, 200), (4, 4, 100),
        (4, 39, 100), (4, 40, 150), (5, 40, 100), (5, 50, 150), (50, 50, 100),
    ],
)  # fmt: skip
def test_the_podium_and_the_first_tenth_are_paid_more(rank, field, xp):
    amount, kinds = prize(100, rank, field)
    assert amount == xp
    assert ("podium" in kinds) == (rank <= 3 < field)
    assert ("competition_won" in kinds) == (rank == 1 and field > 3)
