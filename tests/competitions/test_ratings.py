"""Ratings over several competitions: whatever happens in the past, they are what a fresh start gives."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from mlarena.accounts import service as accounts
from mlarena.boards import service as boards
from mlarena.competitions import authoring, jobs, rating, rescore
from mlarena.competitions.models import Competition, Rating, RatingChange
from mlarena.core import clock
from mlarena.core.db import db
from mlarena.rewards import service as rewards
from mlarena.rewards.models import Badge, KindTotals, UserBadge, XpEntry
from mlarena.scoring.ratings import codeforces, elo
from tests.competitions.conftest import ANSWERS, END, START, predictions
from tests.conftest import PASSWORD


@pytest.fixture
def people(make_user):
    return [make_user(name) for name in ("ada", "bob", "cyd", "dan", "eve")]


@pytest.fixture
def hold(make_competition, hand_in):
    """hold(number, [user, …]) -> a finished competition; the users stand in that order."""

    def run(number: int, order, **more):
        days = timedelta(days=20 * number)
        competition = make_competition(
            title=f"Number {number}", starts_at=START + days, ends_at=END + days, **more
        )
        with clock.freeze(START + days + timedelta(days=1)):
            for place, user in enumerate(order):
                hand_in(user, competition, predictions(0.5, 0.1 * (place + 1)))
        with clock.freeze(END + days + timedelta(minutes=1)):
            jobs.finish()
        db.session.expire_all()
        return db.session.get_one(Competition, competition.id)

    return run


def xp_of(people):
    db.session.expire_all()
    found = [rewards.xp_of(user.id) for user in people]
    rows = db.session.execute(
        select(XpEntry.user_id, func.sum(XpEntry.amount)).group_by(XpEntry.user_id)
    )
    assert {row[0]: row[1] for row in rows if row[1]} == {
        u.id: xp for u, xp in zip(people, found, strict=True) if xp
    }
    return found


def changes():
    db.session.expire_all()
    rows = db.session.scalars(
        select(RatingChange).order_by(
            RatingChange.at, RatingChange.competition_id, RatingChange.user_id
        )
    )
    return [(r.competition_id, r.user_id, r.rank, r.games, r.before, r.after) for r in rows]


def stands():
    db.session.expire_all()
    return {row.user_id: (row.rating, row.games) for row in db.session.query(Rating)}


def test_changes_are_those_of_the_formula_one_after_the_other(people, hold):
    ada, bob, cyd, dan, _ = people
    hold(1, [ada, bob, cyd, dan])
    hold(2, [dan, ada, bob])
    first = elo([1500] * 4, [1, 2, 3, 4], [0] * 4)
    after = {user.id: 1500 + move for user, move in zip((ada, bob, cyd, dan), first, strict=True)}
    trio = sorted((dan, ada, bob), key=lambda user: user.id)
    ranks = {dan.id: 1, ada.id: 2, bob.id: 3}
    second = elo([after[u.id] for u in trio], [ranks[u.id] for u in trio], [1] * 3)
    for user, move in zip(trio, second, strict=True):
        assert stands()[user.id] == (pytest.approx(after[user.id] + move), 2)
    assert stands()[cyd.id] == (pytest.approx(after[cyd.id]), 1)


def test_from_scratch_gives_the_same_numbers(people, hold):
    ada, bob, cyd, dan, eve = people
    hold(1, [ada, bob, cyd, dan])
    hold(2, [eve, dan, ada])
    hold(3, [cyd, bob, ada, eve, dan])
    kept, standing = changes(), stands()
    assert rating.recompute() == len(kept) == 12
    assert changes() == kept  # to the last bit
    assert stands() == standing


def test_a_competition_that_ends_earlier_is_put_where_it_belongs(people, hold):
    ada, bob, cyd, *_ = people
    hold(3, [ada, bob, cyd])
    hold(1, [cyd, bob, ada])
    late = changes()
    rating.recompute()
    assert changes() == late
    assert [row[0] for row in late[:3]] == [late[0][0]] * 3
    assert late[0][4] == 1500 and late[3][4] != 1500


def test_a_withdrawn_competition_is_as_if_it_had_not_been(people, hold):
    ada, bob, cyd, *_ = people
    hold(1, [ada, bob, cyd])
    alone = changes()
    second = hold(2, [cyd, ada, bob])
    both = changes()
    authoring.close(second)
    jobs.finish()
    assert changes() == alone
    authoring.reopen(db.session.get_one(Competition, second.id))
    jobs.finish()
    assert changes() == both


def ledger():
    lines = select(XpEntry.id, XpEntry.key, XpEntry.amount).order_by(XpEntry.id)
    return [tuple(line) for line in db.session.execute(lines)]


BOTH = ["competitions_won", "podiums"]


def badges_of(user):
    earned = select(Badge.condition_type).join(UserBadge, UserBadge.badge_id == Badge.id)
    return sorted(db.session.scalars(earned.where(UserBadge.user_id == user.id)))


def test_what_a_withdrawn_competition_paid_is_taken_back_and_paid_again(people, hold):
    ada, bob, cyd, dan, _ = people
    for kind in BOTH:
        db.session.add(Badge(slug=kind, name=kind, condition_type=kind, condition_value=1))
    db.session.commit()
    hold(1, [dan, ada])
    only = hold(2, [ada, bob, cyd, dan])
    paid = xp_of(people)
    assert paid == [400, 250, 200, 200, 0]
    lines = ledger()
    assert [badges_of(user) for user in people] == [BOTH, ["podiums"], ["podiums"], [], []]
    for _ in range(2):
        authoring.close(db.session.get_one(Competition, only.id))
        jobs.finish()
        assert xp_of(people) == [100, 0, 0, 100, 0]
        assert [badges_of(user) for user in people] == [[], [], [], [], []]
        rows = boards.page("global", 1, 10).rows
        assert {row.user_id: row.score for row in rows} == {ada.id: 100, dan.id: 100}
        jobs.finish()
        # A correction that comes while it is away pays nobody.
        rescore.rescore_stale()
        assert xp_of(people) == [100, 0, 0, 100, 0]
        authoring.reopen(db.session.get_one(Competition, only.id))
        jobs.finish()
        assert xp_of(people) == paid
        assert badges_of(ada) == BOTH
        rows = boards.page("global", 1, 10).rows
        assert [row.score for row in rows] == [400, 250, 200, 200]
    assert ledger()[: len(lines)] == lines, "lines are added, none changed"


def test_who_is_not_listed_is_rated_and_paid_like_everybody(people, hold):
    ada, bob, cyd, *_ = people
    accounts.update_profile(ada, listed=False)
    held = hold(1, [ada, bob, cyd])
    assert xp_of(people)[:3] == [100, 100, 100]
    assert [(row[1], row[2]) for row in changes()] == [(ada.id, 1), (bob.id, 2), (cyd.id, 3)]
    assert stands()[ada.id][0] > 1500 > stands()[cyd.id][0]
    # Seen by nobody, neither here nor on the board of ratings.
    rows = boards.page(f"competition:{held.id}", 1, 10).rows
    assert [(row.rank, row.username) for row in rows] == [(2, "bob"), (3, "cyd")]
    assert [row.user_id for row in boards.page("rating", 1, 10).rows] == [bob.id, cyd.id]


def test_who_has_no_rated_competition_left_has_no_rating_and_no_row(people, hold):
    ada, bob, *_ = people
    only = hold(1, [ada, bob])
    board = boards.page("rating", 1, 10)
    assert [(row.rank, row.user_id) for row in board.rows] == [(1, ada.id), (2, bob.id)]
    assert board.rows[0].score == pytest.approx(stands()[ada.id][0])
    authoring.close(only)
    jobs.finish()
    assert stands() == {}
    assert boards.page("rating", 1, 10).total == 0


def test_a_rescore_of_the_first_makes_all_that_follows_again(people, hold):
    ada, bob, cyd, *_ = people
    first = hold(1, [ada, bob, cyd])
    hold(2, [cyd, ada, bob])
    before = changes()
    # Private answers one higher: who was too low by most is the best now.
    mended = "".join(
        f"{line.split(',')[0]},{int(line.split(',')[1]) + 1},Private\n"
        if line.endswith("Private")
        else line + "\n"
        for line in ANSWERS.splitlines()
    )
    authoring.set_answers(db.session.get_one(Competition, first.id), io.BytesIO(mended.encode()))
    rescore.rescore_stale()
    after = changes()
    ranks = {(row[0], row[1]): row[2] for row in after}
    assert [ranks[first.id, user.id] for user in (ada, bob, cyd)] == [3, 2, 1]
    assert [row[2] for row in after[3:]] == [row[2] for row in before[3:]]
    assert [row[5] for row in after[3:]] != [row[5] for row in before[3:]]
    rating.recompute()
    assert changes() == after


def test_who_rises_by_a_correction_is_paid_the_rest_once_and_nobody_loses(people, hold):
    first = hold(1, people)
    assert xp_of(people) == [300, 250, 200, 100, 100]
    mended = "".join(
        f"{line.split(',')[0]},{int(line.split(',')[1]) + 1},Private\n"
        if line.endswith("Private")
        else line + "\n"
        for line in ANSWERS.splitlines()
    )
    for _ in range(2):
        fresh = db.session.get_one(Competition, first.id)
        authoring.set_answers(fresh, io.BytesIO(mended.encode()))
        rescore.rescore_stale()
        assert xp_of(people) == [300, 250, 200, 250, 300]
    # On both boards of XP as well, and a win is won once.
    assert [row.score for row in boards.page("global", 1, 10).rows] == [300, 300, 250, 250, 200]
    kinds = {(row.user_id, row.kind): row.passed for row in db.session.query(KindTotals)}
    assert [kinds.get((user.id, "competition_won")) for user in people] == [1, None, None, None, 1]
    assert all(kinds[user.id, "competition"] == 1 for user in people)


def test_who_deletes_the_account_leaves_ratings_as_from_scratch(people, hold):
    ada, bob, cyd, dan, _ = people
    hold(1, [ada, bob, cyd, dan])
    hold(2, [bob, cyd, dan])
    before = changes()
    accounts.delete_account(ada, PASSWORD)
    jobs.finish()
    after = changes()
    assert [row[1] for row in after] == [bob.id, cyd.id, dan.id] * 2 and after != before[1:]
    rating.recompute()
    assert changes() == after


def test_an_unrated_competition_changes_nothing(people, hold):
    hold(1, people[:3], rated=False)
    assert (changes(), stands()) == ([], {})


def test_nobody_is_rated_alone(people, hold):
    hold(1, people[:1])
    assert changes() == []


def test_what_was_asked_for_is_made_good_by_the_clock(people, hold, monkeypatch):
    """Killed between the end and the ratings, they come with the next tick."""
    monkeypatch.setattr(rating, "catch_up", lambda: 0)
    hold(1, people[:3])
    assert changes() == []
    monkeypatch.undo()
    assert jobs.finish()["rated"] == 3
    assert len(changes()) == 3


def test_codeforces_formula_may_be_the_installations(app, people, hold, monkeypatch):
    settings = app.extensions["settings"].model_copy(update={"rating_system": "codeforces"})
    monkeypatch.setitem(app.extensions, "settings", settings)
    ada, bob, cyd, *_ = people
    hold(1, [ada, bob, cyd])
    expected = 1500 + codeforces([1500] * 3, [1, 2, 3])
    assert [stands()[user.id][0] for user in (ada, bob, cyd)] == expected.tolist()


def test_the_api_tells_ratings_changes_and_history(app, people, hold, client):
    ada, bob, cyd, *_ = people
    one = hold(1, [ada, bob, cyd])
    hold(2, [bob, ada])
    rows = client.get("/api/v1/ratings").json["data"]
    assert {row["username"] for row in rows} == {"ada", "bob", "cyd"}
    assert rows == sorted(rows, key=lambda row: -row["rating"])
    assert all(row["provisional"] for row in rows)
    assert rows[0]["games"] in (1, 2)
    only = client.get(f"/api/v1/ratings?user={cyd.id}").json["data"]
    assert [row["user_id"] for row in only] == [cyd.id]
    changed = client.get(f"/api/v1/ratings?competition={one.id}").json["data"]
    assert [(row["rank"], row["username"]) for row in changed] == [
        (1, "ada"),
        (2, "bob"),
        (3, "cyd"),
    ]
    history = client.get(f"/api/v1/users/{ada.id}/rating-history").json
    assert [row["competition"] for row in history["data"]] == ["Number 1", "Number 2"]
    assert history["data"][0]["after"] == history["data"][1]["before"]
    assert history["meta"]["total"] == 2
    assert client.get("/api/v1/users/9999/rating-history").status_code == 404


def test_ratings_cost_a_constant_number_of_queries(app, people, hold, client, queries):
    hold(1, people)
    counted = []
    for per_page in (1, 5):
        queries.clear()
        client.get(f"/api/v1/ratings?per_page={per_page}")
        counted.append(len(queries))
    assert counted[0] == counted[1]
