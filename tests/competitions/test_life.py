"""A hosted competition from its opening to its ratings."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest

from mlarena.competitions import authoring, service
from mlarena.competitions.models import Competition, Entry, RatingChange
from mlarena.core import clock
from mlarena.core.db import db
from mlarena.core.errors import Forbidden, Invalid
from mlarena.rewards import service as rewards
from mlarena.rewards.models import KindTotals, XpEntry
from tests.competitions.conftest import END, NOW, START, predictions


def test_the_public_score_is_shown_and_stands_on_the_board(competition, make_user, hand_in, board):
    ada, bob = make_user("ada"), make_user("bob")
    first = hand_in(ada, competition, predictions(0.5, 0.1))
    assert (first.status, first.score) == ("scored", pytest.approx(0.5))
    hand_in(bob, competition, predictions(0.25, 0.9))
    assert board(competition) == [(1, "bob", 0.25), (2, "ada", 0.5)]
    hand_in(ada, competition, predictions(0.75))
    assert board(competition) == [(1, "bob", 0.25), (2, "ada", 0.5)]
    hand_in(ada, competition, predictions(0.125))
    assert board(competition) == [(1, "ada", 0.125), (2, "bob", 0.25)]


def test_of_equals_the_earlier_one_stands_first(competition, make_user, hand_in, board):
    for name, minutes in (("late", 20), ("early", 10)):
        with clock.freeze(NOW + timedelta(minutes=minutes)):
            hand_in(make_user(name), competition, predictions(0.5))
    assert [name for _, name, _ in board(competition)] == ["early", "late"]


def test_the_end_reveals_freezes_rates_and_pays(competition, make_user, hand_in, board, at_the_end):
    people = [make_user(name) for name in ("ada", "bob", "cyd", "dan")]
    for number, user in enumerate(people):
        hand_in(user, competition, predictions(0.1 * (number + 1), 0.9 - 0.2 * number))
    before = board(competition)
    done = at_the_end()
    assert done["finished"] == 1
    assert [name for _, name, _ in before] == ["ada", "bob", "cyd", "dan"]
    assert board(competition) == [
        (1, "dan", 0.3),
        (2, "cyd", 0.5),
        (3, "bob", 0.7),
        (4, "ada", 0.9),
    ]
    changes = {row.user_id: row for row in db.session.query(RatingChange)}
    moved = [changes[user.id].after - changes[user.id].before for user in people]
    assert moved == sorted(moved) and sum(moved) == pytest.approx(0)
    assert [changes[user.id].rank for user in people] == [4, 3, 2, 1]
    paid = {row.user_id: row.amount for row in db.session.query(XpEntry) if row.amount}
    assert [paid[user.id] for user in people] == [100, 200, 250, 300]
    kinds = {(row.user_id, row.kind) for row in db.session.query(KindTotals)}
    assert (people[3].id, "competition_won") in kinds and (people[1].id, "podium") in kinds
    assert rewards.xp_of(people[3].id) == 300
    # Once is enough.
    assert not any(at_the_end(5).values())
    assert db.session.query(RatingChange).count() == 4


def test_what_was_chosen_counts_and_else_the_best_public_one(
    competition, make_user, hand_in, board, at_the_end
):
    ada, bob = make_user("ada"), make_user("bob")
    safe = hand_in(ada, competition, predictions(0.5, 0.2))
    hand_in(ada, competition, predictions(0.1, 0.8))
    hand_in(bob, competition, predictions(0.5, 0.3))
    hand_in(bob, competition, predictions(0.2, 0.6))
    service.select_final(ada, db.session.get_one(Competition, competition.id), [safe.id])
    at_the_end()
    assert board(competition) == [(1, "ada", 0.2), (2, "bob", 0.6)]


def test_of_two_chosen_ones_the_better_private_one_counts_and_of_equals_the_earlier(
    competition, make_user, hand_in, at_the_end
):
    ada = make_user("ada")
    kept = []
    for hours, private in ((0, 0.4), (1, 0.4), (2, 0.1)):
        with clock.freeze(NOW + timedelta(hours=hours)):
            kept.append(hand_in(ada, competition, predictions(0.5 + hours / 10, private)).id)
    fresh = db.session.get_one(Competition, competition.id)
    service.select_final(ada, fresh, kept[:2])
    at_the_end()
    entrant = service.view(competition.id, ada).entrant
    assert entrant.final_score == pytest.approx(0.4)
    assert entrant.final_at == NOW
    with clock.freeze(END), pytest.raises(Forbidden, match="over"):
        service.select_final(ada, fresh, kept[2:])


def test_a_selection_must_be_ones_own_and_scored(competition, make_user, hand_in):
    ada, bob = make_user("ada"), make_user("bob")
    theirs = hand_in(bob, competition, predictions(0.5))
    own = hand_in(ada, competition, "id,y\n1,1\n")
    fresh = db.session.get_one(Competition, competition.id)
    for wrong in ([theirs.id], [own.id], [999]):
        with pytest.raises(Invalid, match="not a scored one of yours"):
            service.select_final(ada, fresh, wrong)
    with pytest.raises(Invalid, match="2 at most"):
        service.select_final(bob, fresh, [1, 2, 3])
    service.select_final(bob, fresh, [theirs.id])
    db.session.expire_all()
    assert db.session.get_one(Entry, theirs.id).selected
    service.select_final(bob, fresh, [])
    db.session.expire_all()
    assert not db.session.get_one(Entry, theirs.id).selected


def test_submissions_on_their_way_are_waited_for(
    competition, make_user, hand_in, board, at_the_end, evaluate
):
    ada, bob = make_user("ada"), make_user("bob")
    hand_in(ada, competition, predictions(0.5, 0.5))
    with clock.freeze(END - timedelta(seconds=1)):
        hand_in(bob, competition, predictions(0.6, 0.1), judged=False)
    assert at_the_end()["finished"] == 0
    evaluate()
    assert at_the_end(2)["finished"] == 1
    assert board(competition) == [(1, "bob", 0.1), (2, "ada", 0.5)]


def test_late_submissions_are_scored_and_change_nothing(
    competition, make_user, hand_in, board, at_the_end
):
    ada = make_user("ada")
    hand_in(ada, competition, predictions(0.5, 0.5))
    with clock.freeze(END + timedelta(seconds=30)):
        early = hand_in(ada, competition, predictions(0.1, 0.1))
    assert (early.status, early.score) == ("scored", pytest.approx(0.1))
    at_the_end()
    assert board(competition) == [(1, "ada", 0.5)]
    with clock.freeze(END + timedelta(days=1)):
        late = hand_in(ada, competition, predictions(0.0, 0.0))
        assert board(competition) == [(1, "ada", 0.5)]
    entry = db.session.get_one(Entry, late.id)
    assert entry.late and (entry.public_score, entry.private_score) == (0, 0)


def test_a_draft_without_answers_does_not_open_and_says_why(make_competition):
    draft = make_competition(answers="", publish=False, description=" ")
    with pytest.raises(Invalid) as caught:
        authoring.open_(draft)
    assert set(caught.value.errors) == {"answers_file", "description"}


def test_nothing_is_taken_before_the_start_nor_of_strangers(competition, make_user, hand_in):
    ada = make_user("ada")
    fresh = db.session.get_one(Competition, competition.id)
    with pytest.raises(Forbidden, match="Join the competition first"):
        service.submit(ada, fresh, "p.csv", io.BytesIO(predictions().encode()))
    with clock.freeze(START - timedelta(hours=1)), pytest.raises(Forbidden, match="opens at"):
        hand_in(ada, competition, predictions())
