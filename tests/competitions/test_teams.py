"""Teams: made, joined by code, left before the first submission; what is handed in is the team's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mlarena.accounts import service as accounts
from mlarena.competitions import service, teams
from mlarena.competitions.models import Competition, Entrant, RatingChange
from mlarena.core import clock
from mlarena.core.db import db
from mlarena.core.errors import Conflict, Forbidden, Invalid, NotFound
from mlarena.submissions.listing import visible
from tests.competitions.conftest import NOW, START, predictions
from tests.conftest import PASSWORD


@pytest.fixture
def open_to_teams(make_competition):
    return make_competition(team_size=3, daily_limit=2)


def fresh(competition):
    return db.session.get_one(Competition, competition.id)


def enter(competition, *users):
    return [service.register(user, fresh(competition)) for user in users]


def team_of(competition, name, first, *others):
    enter(competition, first, *others)
    made = teams.create(first, fresh(competition), name)
    for user in others:
        teams.join(user, fresh(competition), made.invite)
    return made.id


def test_a_team_stands_on_the_board_under_its_name(open_to_teams, make_user, hand_in, board):
    ada, bob, cyd = make_user("ada"), make_user("bob"), make_user("cyd")
    team_of(open_to_teams, "The Medians", ada, bob)
    hand_in(bob, open_to_teams, predictions(0.3))
    hand_in(cyd, open_to_teams, predictions(0.4))
    hand_in(ada, open_to_teams, predictions(0.5))
    assert board(open_to_teams) == [(1, "The Medians", 0.3), (2, "cyd", 0.4)]
    for user in (ada, bob):
        row = service.view(open_to_teams.id, user).entrant
        assert row.name == "The Medians"


def test_the_daily_limit_is_the_teams(open_to_teams, make_user, hand_in):
    ada, bob = make_user("ada"), make_user("bob")
    team_of(open_to_teams, "The Medians", ada, bob)
    hand_in(ada, open_to_teams, predictions(0.3))
    hand_in(bob, open_to_teams, predictions(0.4))
    for user in (ada, bob):
        with pytest.raises(Forbidden, match="daily limit"):
            hand_in(user, open_to_teams, predictions(0.5))


def test_who_joins_brings_what_they_have_handed_in(open_to_teams, make_user, hand_in, board):
    ada, bob = make_user("ada"), make_user("bob")
    hand_in(ada, open_to_teams, predictions(0.5))
    best = hand_in(bob, open_to_teams, predictions(0.2))
    made = teams.create(ada, fresh(open_to_teams), "The Medians")
    teams.join(bob, fresh(open_to_teams), made.invite.upper())
    assert board(open_to_teams) == [(1, "The Medians", 0.2)]
    service.select_final(ada, fresh(open_to_teams), [best.id])
    assert db.session.query(Entrant).count() == 1


def test_together_they_may_not_have_handed_in_more_than_a_team_could(
    open_to_teams, make_user, hand_in
):
    ada, bob = make_user("ada"), make_user("bob")
    with clock.freeze(START + timedelta(hours=1)):
        for user in (ada, bob):
            for number in range(2):
                hand_in(user, open_to_teams, predictions(0.1 + number))
        made = teams.create(ada, fresh(open_to_teams), "The Medians")
        with pytest.raises(Forbidden, match="you have handed in 4; a team could have handed in 2"):
            teams.join(bob, fresh(open_to_teams), made.invite)
    with clock.freeze(START + timedelta(days=1)):
        teams.join(bob, fresh(open_to_teams), made.invite)


def test_a_team_has_a_size_and_a_last_day(make_competition, make_user):
    small = make_competition(team_size=2, teams_until=NOW + timedelta(days=1))
    ada, bob, cyd = make_user("ada"), make_user("bob"), make_user("cyd")
    made = team_of(small, "Two", ada, bob)
    invite = db.session.get_one(Entrant, made).invite
    enter(small, cyd)
    with pytest.raises(Forbidden, match="you would be 3; a team has 2"):
        teams.join(cyd, fresh(small), invite)
    with clock.freeze(NOW + timedelta(days=1)):
        with pytest.raises(Forbidden, match="until 14 Nov 2026, 12:00 UTC"):
            teams.create(cyd, fresh(small), "One")
        with pytest.raises(Forbidden, match="until"):
            teams.join(cyd, fresh(small), invite)


def test_two_teams_may_become_one(open_to_teams, make_user):
    ada, bob, cyd = make_user("ada"), make_user("bob"), make_user("cyd")
    pair = team_of(open_to_teams, "Pair", ada, bob)
    enter(open_to_teams, cyd)
    solo = teams.create(cyd, fresh(open_to_teams), "Solo")
    teams.join(ada, fresh(open_to_teams), solo.invite)
    names = {m.user.username for m in db.session.get_one(Entrant, solo.id).members}
    assert names == {"ada", "bob", "cyd"}
    assert db.session.get(Entrant, pair) is None


def test_leaving_is_for_before_the_first_submission(open_to_teams, make_user, hand_in):
    ada, bob = make_user("ada"), make_user("bob")
    team_of(open_to_teams, "The Medians", ada, bob)
    alone = teams.leave(bob, fresh(open_to_teams))
    assert alone.name is None
    assert service.view(open_to_teams.id, ada).entrant.name == "The Medians"
    teams.join(bob, fresh(open_to_teams), service.view(open_to_teams.id, ada).entrant.invite)
    hand_in(ada, open_to_teams, predictions(0.1), judged=False)
    with pytest.raises(Conflict, match="stays together"):
        teams.leave(bob, fresh(open_to_teams))


def test_the_last_one_to_leave_takes_the_name_away(open_to_teams, make_user):
    ada = make_user("ada")
    team_of(open_to_teams, "The Medians", ada)
    assert teams.leave(ada, fresh(open_to_teams)).name is None
    assert teams.create(ada, fresh(open_to_teams), "The Medians").name == "The Medians"


@pytest.mark.parametrize("name", ["", " ", "x", "x" * 41])
def test_a_name_has_a_length(open_to_teams, make_user, name):
    ada = make_user("ada")
    enter(open_to_teams, ada)
    with pytest.raises(Invalid, match="2 to 40"):
        teams.create(ada, fresh(open_to_teams), name)


def test_what_cannot_be_is_said(open_to_teams, competition_alone, make_user):
    ada, bob = make_user("ada"), make_user("bob")
    with pytest.raises(Forbidden, match="Join the competition first"):
        teams.create(ada, fresh(open_to_teams), "The Medians")
    made = team_of(open_to_teams, "The Medians", ada)
    with pytest.raises(Conflict, match="in the team"):
        teams.create(ada, fresh(open_to_teams), "Another")
    with pytest.raises(Conflict, match="in this team already"):
        teams.join(ada, fresh(open_to_teams), db.session.get_one(Entrant, made).invite)
    enter(open_to_teams, bob)
    with pytest.raises(Conflict, match="There is a team"):
        teams.create(bob, fresh(open_to_teams), "The  Medians")
    with pytest.raises(Invalid, match="No team has this code"):
        teams.join(bob, fresh(open_to_teams), "abcdefghjk")
    with pytest.raises(Conflict, match="in no team"):
        teams.leave(bob, fresh(open_to_teams))
    enter(competition_alone, ada)
    with pytest.raises(Forbidden, match="everybody stands alone"):
        teams.create(ada, fresh(competition_alone), "The Medians")


@pytest.fixture
def competition_alone(make_competition):
    return make_competition(title="Alone")


def test_team_mates_see_each_others_submissions_and_others_do_not(
    open_to_teams, make_user, hand_in
):
    ada, bob, cyd = make_user("ada"), make_user("bob"), make_user("cyd")
    team_of(open_to_teams, "The Medians", ada, bob)
    enter(open_to_teams, cyd)
    sent = hand_in(ada, open_to_teams, predictions(0.1))
    assert visible(sent.id, bob).id == sent.id
    with pytest.raises(NotFound):
        visible(sent.id, cyd)


def test_every_member_is_rated_on_the_teams_rank(open_to_teams, make_user, hand_in, at_the_end):
    ada, bob, cyd = make_user("ada"), make_user("bob"), make_user("cyd")
    team_of(open_to_teams, "The Medians", ada, bob)
    hand_in(ada, open_to_teams, predictions(0.1, 0.1))
    hand_in(cyd, open_to_teams, predictions(0.2, 0.2))
    at_the_end()
    ranks = {row.user_id: (row.rank, row.field) for row in db.session.query(RatingChange)}
    assert ranks == {ada.id: (1, 3), bob.id: (1, 3), cyd.id: (2, 3)}


def test_a_team_outlives_the_account_of_a_member(open_to_teams, make_user, hand_in, board):
    ada, bob, cyd = make_user("ada"), make_user("bob"), make_user("cyd")
    team_of(open_to_teams, "The Medians", ada, bob)
    hand_in(ada, open_to_teams, predictions(0.1))
    hand_in(cyd, open_to_teams, predictions(0.2))
    accounts.delete_account(ada, PASSWORD)
    accounts.delete_account(cyd, PASSWORD)
    assert board(open_to_teams) == [(1, "The Medians", 0.1)]


def test_who_hides_goes_from_the_board_and_comes_back(competition, make_user, hand_in, board):
    ada, bob = make_user("ada"), make_user("bob")
    hand_in(ada, competition, predictions(0.1))
    hand_in(bob, competition, predictions(0.2))
    accounts.update_profile(ada, listed=False)
    assert board(competition) == [(1, "bob", 0.2)]
    accounts.update_profile(ada, listed=True)
    assert board(competition) == [(1, "ada", 0.1), (2, "bob", 0.2)]
