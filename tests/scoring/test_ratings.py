"""Ratings: what must hold of any field, and the same numbers as the pairwise forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlarena.scoring.ratings import codeforces, elo

pytestmark = pytest.mark.pure


@st.composite
def fields(draw, whole=True, most=30):
    """(ratings, ranks, games) of a field; ties share the best, the average or the last place."""
    n = draw(st.integers(1, most))
    number = st.integers(-200, 4200) if whole else st.floats(-200, 4200)
    # Few values and many: everybody alike, and nobody.
    values = draw(st.lists(number, min_size=1, max_size=n))
    ratings = np.array([draw(st.sampled_from(values)) for _ in range(n)], dtype=float)
    scores = np.array([draw(st.integers(0, draw(st.sampled_from([2, 1000])))) for _ in range(n)])
    games = np.array([draw(st.integers(0, 30)) for _ in range(n)])
    return ratings, ranked(scores, draw(st.sampled_from(["best", "average", "last"]))), games


def ranked(scores, ties="average"):
    """Ranks (n,) of scores (n,), higher first."""
    above = (scores[None, :] > scores[:, None]).sum(axis=1)
    alike = (scores[None, :] == scores[:, None]).sum(axis=1)
    return {"best": above + 1.0, "average": above + (alike + 1) / 2, "last": above + alike}[ties]


def pairwise_elo(ratings, ranks, games):
    """The definition, pair by pair."""
    n = len(ratings)
    if n < 2:
        return np.zeros(n)
    wins = (ranks[:, None] < ranks[None, :]) + 0.5 * (ranks[:, None] == ranks[None, :])
    likely = 1 / (1 + 10 ** ((ratings[None, :] - ratings[:, None]) / 400))
    others = ~np.eye(n, dtype=bool)
    factor = np.maximum(200, 800 / (1 + 0.75 * games))
    change = factor * ((wins - likely) * others).sum(axis=1) / (n - 1)
    return change - change.mean()


def pairwise_codeforces(ratings, ranks):
    """Codeforces' formula as it is published, one contestant after the other, in whole numbers."""

    def cut(dividend, divisor):
        return int(math.copysign(abs(dividend) // divisor, dividend))

    people = sorted(range(len(ratings)), key=lambda i: (-ratings[i], ranks[i]))
    last = [sum(other <= rank for other in ranks) for rank in ranks]

    def seed(me, rating):
        return 1 + sum(
            1 / (1 + 10 ** ((rating - ratings[other]) / 400)) for other in people if other != me
        )

    change = {}
    for me in people:
        earned = math.sqrt(last[me] * seed(me, ratings[me]))
        left, right = 1, 8000
        while right - left > 1:
            middle = (left + right) // 2
            left, right = (left, middle) if seed(me, middle) < earned else (middle, right)
        change[me] = cut(left - ratings[me], 2)
    less = cut(-sum(change.values()), len(people)) - 1
    change = {me: value + less for me, value in change.items()}
    favourites = people[: min(4 * round(math.sqrt(len(people))), len(people))]
    less = min(max(cut(-sum(change[me] for me in favourites), len(favourites)), -10), 0)
    return [change[me] + less for me in range(len(people))]


@given(field=fields())
def test_whole_ratings_agree_with_the_pairwise_form(field):
    assert elo(*field) == pytest.approx(pairwise_elo(*field), abs=1e-9)


@given(field=fields(whole=False))
def test_ratings_between_whole_points_agree_too(field):
    assert elo(*field) == pytest.approx(pairwise_elo(*field), abs=1e-7)


def test_a_large_field_agrees_with_the_pairwise_form():
    generator = np.random.default_rng(5)
    ratings = generator.normal(1500, 350, 3_000).round()
    ranks = ranked(generator.integers(0, 400, 3_000))
    games = generator.integers(0, 12, 3_000)
    assert elo(ratings, ranks, games) == pytest.approx(
        pairwise_elo(ratings, ranks, games), abs=1e-9
    )
    between = ratings + generator.random(3_000)
    assert elo(between, ranks, games) == pytest.approx(
        pairwise_elo(between, ranks, games), abs=1e-8
    )


def test_ratings_worlds_apart_are_still_rated():
    field = np.array([0.0, 1e6, -1e6]), np.array([1, 2, 3]), np.array([0, 0, 0])
    # The first beat somebody who could not lose; nobody expected anything of the last.
    assert elo(*field) == pytest.approx([400.0, -400.0, 0.0])


@given(field=fields())
def test_points_are_neither_made_nor_destroyed(field):
    assert elo(*field).sum() == pytest.approx(0, abs=1e-8)


@given(field=fields(), data=st.data())
def test_whoever_comes_first_in_the_list_does_not_matter(field, data):
    ratings, ranks, games = field
    order = np.array(data.draw(st.permutations(range(len(ratings)))))
    assert elo(ratings[order], ranks[order], games[order]) == pytest.approx(
        elo(*field)[order], abs=1e-9
    )
    assert (codeforces(ratings[order], ranks[order]) == codeforces(ratings, ranks)[order]).all()


@given(field=fields())
def test_equals_who_tie_change_equally_and_a_better_rank_is_never_worse(field):
    ratings, ranks, games = field
    for change in (elo(ratings, ranks, np.zeros_like(games)), codeforces(ratings, ranks)):
        for one in range(len(ratings)):
            alike = ratings == ratings[one]
            tied = alike & (ranks == ranks[one])
            assert change[tied] == pytest.approx(change[one], abs=1e-9)
            assert (change[alike & (ranks > ranks[one])] <= change[one] + 1e-9).all()


@given(field=fields())
def test_which_place_a_tie_shares_does_not_matter(field):
    ratings, ranks, games = field
    for ties in ("best", "average", "last"):
        again = ranked(-ranks, ties)
        assert elo(ratings, again, games) == pytest.approx(elo(*field), abs=1e-12)
        assert (codeforces(ratings, again) == codeforces(ratings, ranks)).all()


@given(n=st.integers(2, 40), rating=st.integers(0, 4000), games=st.integers(0, 20))
def test_nothing_changes_where_all_are_alike(n, rating, games):
    field = np.full(n, rating), np.ones(n), np.full(n, games)
    assert elo(*field) == pytest.approx(np.zeros(n), abs=1e-9)


def test_an_upset_moves_more_than_what_was_expected_and_a_newcomer_most():
    win, loss = [1, 2], [2, 1]
    expected = elo([1800, 1400], win, [20, 20])
    upset = elo([1800, 1400], loss, [20, 20])
    assert 0 < expected[0] < -upset[0]
    assert upset == pytest.approx([-200 * 10 / 11, 200 * 10 / 11])
    newcomers = elo([1500, 1500], win, [0, 0])
    assert newcomers == pytest.approx([400, -400])
    # The change of each is its own K's, less the mean of both.
    mixed = elo([1500, 1500], win, [0, 100])
    assert mixed == pytest.approx([250, -250])


@given(field=fields(most=14))
def test_codeforces_agrees_with_the_published_formula(field):
    ratings, ranks, _ = field
    whole = [int(rating) for rating in ratings]
    assert codeforces(whole, ranks).tolist() == pairwise_codeforces(whole, ranks.tolist())


def test_of_equally_rated_favourites_those_who_ranked_higher_count():
    # 40 people, 24 favourites, 30 with the same rating: which of them are looked at decides the 10 points.
    ratings = [1500] * 30 + [900] * 10
    for order in (range(40), reversed(range(40))):
        ranks = [place + 1 for place in order]
        assert codeforces(ratings, ranks).tolist() == pairwise_codeforces(ratings, ranks)


@given(field=fields())
def test_codeforces_never_makes_points(field):
    ratings, ranks, _ = field
    change = codeforces(ratings, ranks)
    assert change.dtype == np.int64
    assert change.sum() <= 0


@pytest.mark.parametrize(
    ("ratings", "ranks", "games", "words"),
    [
        ([1500, 1500], [1], [0, 0], "the same length"),
        ([[1500, 1500]], [[1, 2]], [[0, 0]], "1-d"),
        ([1500, math.nan], [1, 2], [0, 0], "finite"),
        ([1500, 1500], [1, math.inf], [0, 0], "finite"),
        ([1500, 1500], [1, 2], [0], "games"),
        ([1500, 1500], [1, 2], [0, -1], "games"),
    ],
)
def test_what_is_no_field_is_refused(ratings, ranks, games, words):
    with pytest.raises(ValueError, match=words):
        elo(ratings, ranks, games)


def test_codeforces_refuses_fractions_and_takes_an_empty_field():
    with pytest.raises(ValueError, match="whole"):
        codeforces([1500.5, 1500], [1, 2])
    assert codeforces([], []).tolist() == []
    assert elo([], [], []).tolist() == []
    assert elo([1500], [1], [0]).tolist() == [0]
