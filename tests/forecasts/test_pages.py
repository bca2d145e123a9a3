"""The wing as people see it, without a browser: every page, every state of a match, every bad input."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select

from mlarena.core import clock
from mlarena.core.db import db
from mlarena.forecasts import game, jobs, ratings
from mlarena.forecasts.documents import ingest
from mlarena.forecasts.models import Forecast, League, Match, Season, Team, TeamAlias
from mlarena.forecasts.record import record
from mlarena.forecasts.sources.found import Found
from mlarena.forecasts.squads.models import Absence, Goal, Player
from mlarena.scoring.outcomes import rps
from tests.forecasts.conftest import FIXTURES, HOUSE, NAMES, NOW, matches, play

MINE = (0.62, 0.23, 0.15)


@pytest.fixture
def ada(make_user: Any) -> Any:
    return make_user("ada")


@pytest.fixture
def browser(signed_in: Any, ada: Any) -> Any:
    return signed_in(ada)


@contextmanager
def counted() -> Iterator[list[str]]:
    seen: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", count)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", count)


def post(browser: Any, path: str, **typed: str) -> Any:
    token = re.search(r'name="csrf-token" content="([^"]+)"', browser.get("/boards").text)
    assert token is not None
    return browser.post(path, data={"csrf_token": token[1], **typed})


def say(browser: Any, match_id: int, home: str, draw: str, away: str) -> Any:
    path = f"/forecasts/matches/{match_id}/forecast"
    return post(browser, path, home=home, draw=draw, away=away)


def stored() -> int:
    return db.session.scalar(select(func.count()).select_from(Forecast)) or 0


def test_a_match_from_first_word_to_score(league: Any, ada: Any, browser: Any, client: Any) -> None:
    first = matches()[0]
    page = f"/forecasts/matches/{first.id}"
    before = browser.get(page).text
    assert "The house has made up its mind" in before and "50 %" not in before
    assert "What moved the house" not in before and "Everybody" not in before
    signed_out = client.get(page).text
    assert "Log in to forecast" in signed_out and "50 %" not in signed_out

    answer = say(browser, first.id, "62", "23,0", "15 %")
    assert answer.status_code == 303 and answer.location == f"{page}#yours"
    assert game.own_forecasts(ada.id, [first.id])[first.id].shares == pytest.approx(MINE)
    after = browser.get(page).text
    assert "50 %" in after and "What moved the house" in after and 'value="62"' in after
    assert "Elo rating" in after and "+0.40" in after
    assert "Everybody" not in after  # what others said stays theirs until kick-off
    assert "50 %" not in browser.get(f"/forecasts/matches/{matches()[1].id}").text

    with clock.freeze(FIXTURES[0].kickoff):
        begun = browser.get(page).text
        assert "Everybody" in begun and "has kicked off" in begun and "data-forecast" not in begun
        assert "50 %" in client.get(page).text
    play(league, 1)
    jobs.settle()
    with clock.freeze(NOW + timedelta(hours=4)):
        score = 100 * (rps(HOUSE, 0) - rps(MINE, 0))
        told = browser.get(page).text
        assert f"{score:+.2f}" in told and "you knew better" in told and "1–0" in told
        assert f"{rps(MINE, 0):.4f}" in told and f"{rps(HOUSE, 0):.4f}" in told
        assert "Your season" in told and "30 XP and the badge Forecaster" in told
        assert "data-settled" in told
        assert 'class="scored' not in client.get(page).text


BAD = {
    "sums to less": (("50", "30", "10"), "sum to 90 %: they must sum to 100 %. Give out 10 more"),
    "just off": (("50", "30", "20.2"), "sum to 100.2 %"),
    "shares of 1": (("0.5", "0.3", "0.2"), "write per cent, such as 50, 30 and 20"),
    "negative": (("120", "-10", "-10"), "from 0 to 100"),
    "not a number": (("NaN", "50", "50"), "from 0 to 100"),
    "infinite": (("inf", "50", "50"), "from 0 to 100"),
    "words": (("many", "50", "50"), "from 0 to 100"),
    "nothing": (("", "50", "50"), "from 0 to 100"),
    "markup": (("<b>x</b>", "50", "50"), "from 0 to 100"),
}


@pytest.mark.parametrize(("typed", "said"), BAD.values(), ids=BAD)
def test_what_is_no_forecast_stands_beside_what_was_typed(
    league: Any, browser: Any, typed: tuple[str, str, str], said: str
) -> None:
    answer = say(browser, matches()[0].id, *typed)
    assert answer.status_code == 422 and said in answer.text and stored() == 0
    for one in typed:
        shown = one.replace("<", "&lt;").replace(">", "&gt;")
        assert f'value="{shown}"' in answer.text
    assert "50.00" not in answer.text and "made up its mind" in answer.text


def test_the_sum_may_be_off_by_a_thousandth(league: Any, ada: Any, browser: Any) -> None:
    first = matches()[0].id
    assert say(browser, first, "33.3", "33.3", "33.3").status_code == 303
    assert sum(game.own_forecasts(ada.id, [first])[first].shares) == pytest.approx(1)


def test_too_late_off_and_unknown(league: Any, browser: Any, client: Any) -> None:
    first, second = matches()[:2]
    with clock.freeze(first.kickoff):
        late = say(browser, first.id, "50", "30", "20")
        assert late.status_code == 409 and "has kicked off" in late.text
        assert "You had typed 50, 30 and 20" in late.text
    record(league, "csv", [replace(FIXTURES[1], status="cancelled")])
    off = say(browser, second.id, "50", "30", "20")
    assert off.status_code == 409 and "This match is off" in off.text and stored() == 0
    assert "vanished" not in browser.get(f"/forecasts/matches/{second.id}").text
    assert say(browser, 999, "50", "30", "20").status_code == 404
    for path in (
        "matches/999",
        "leagues/999",
        "teams/999",
        "leagues/999/board",
        "house?league=999",
    ):
        assert client.get(f"/forecasts/{path}").status_code == 404, path
    for season in ("1999", "-3", "x", "9" * 30):
        for page in ("", "/board"):
            asked = f"/forecasts/leagues/{league.id}{page}?season={season}"
            assert client.get(asked).status_code == 404, asked
    for odd in ("?matchday=99", "?matchday=<b>", "?page=x"):
        assert client.get(f"/forecasts/leagues/{league.id}{odd}").status_code == 200
    assert client.get(f"/forecasts/leagues/{league.id}/board?page=999999999999").status_code == 200
    assert client.get("/forecasts/house?days=-1").status_code == 200
    answer = say(client, first.id, "50", "30", "20")
    assert answer.status_code == 302 and answer.location.startswith("/login")


def test_the_index_says_what_comes_and_what_is_entered(league: Any, ada: Any, browser: Any) -> None:
    page = browser.get("/forecasts").text
    assert "Today and next" in page and "not forecast yet" in page and "Simulated" in page
    assert "Kicks off in" not in browser.get("/").text  # she plays in no league yet
    game.enter(ada, matches()[0].id, MINE)
    assert "62 · 23 · 15" in browser.get("/forecasts").text
    home = browser.get("/").text
    assert 'href="/forecasts"' in home and "Kicks off in" in home
    second = matches()[1]
    assert f"{second.home.name} – {second.away.name}" in home
    found = browser.get("/api/v1/search?q=clyde").json["data"]["tasks"]
    assert found[0]["title"] == "Clyde" and found[0]["url"].startswith("/forecasts/teams/")
    assert browser.get("/forecasts/jump?q=premier").location.endswith(f"/leagues/{league.id}")
    assert browser.get("/forecasts/jump?q=CLYDE").location == found[0]["url"]
    assert "No team and no league" in browser.get("/forecasts/jump?q=zzz").text
    assert "Derwent" in browser.get("/forecasts/jump?q=e").text
    assert browser.get("/forecasts/jump").status_code == 200


def test_the_league_its_matchdays_and_seasons_in_a_constant_number_of_queries(
    league: Any, ada: Any, browser: Any
) -> None:
    play(league, 4, goals=(2, 1))
    page = browser.get(f"/forecasts/leagues/{league.id}").text
    assert "Matchday 2" in page and "Table" in page and "Alba" in page
    assert "Esk" in browser.get(f"/forecasts/leagues/{league.id}?matchday=3").text
    path = f"/forecasts/leagues/{league.id}"
    browser.get(path)  # what a first page reads once
    with counted() as one_season:
        assert browser.get(path).status_code == 200
    for year in range(2016, 2026):
        back = timedelta(days=365 * (2026 - year))
        found = [
            replace(one, season=year, kickoff=one.kickoff - back, status="finished", goals=(1, 1))
            for one in FIXTURES
        ]
        record(league, "csv", found)
    with counted() as ten_more:
        text = browser.get(path).text
    assert len(ten_more) == len(one_season)
    assert text.count('<option value="20') == 11
    assert "2016/17" in browser.get(f"{path}?season=2016").text
    # Without numbers of rounds a season is told by weeks.
    season = Season(league_id=league.id, year=2030, name="2030/31")
    db.session.add(season)
    teams = db.session.scalars(select(Team).order_by(Team.id)).all()
    db.session.flush()
    db.session.add(
        Match(
            league_id=league.id, season_id=season.id, kickoff=NOW + timedelta(days=1500),
            home_id=teams[0].id, away_id=teams[1].id, source="csv",
        )
    )  # fmt: skip
    db.session.commit()
    assert "Week of " in browser.get(f"{path}?season=2030").text


def test_the_board_the_winners_and_ones_own(
    league: Any, ada: Any, signed_in: Any, make_user: Any, client: Any
) -> None:
    bea = make_user("bea")
    for match in matches()[:12]:
        game.enter(ada, match.id, MINE)
        game.enter(bea, match.id, (0.2, 0.3, 0.5))
    game.enter(ada, matches()[20].id, MINE)
    play(league, 3)
    jobs.settle()
    with clock.freeze(NOW + timedelta(days=1)):
        browser = signed_in(ada)  # yesterday's login is over
        early = browser.get(f"/forecasts/leagues/{league.id}/board").text
        assert "not on the board yet" in early and "begins with 5" in early
        play(league, 12)
        jobs.settle()
        page = browser.get(f"/forecasts/leagues/{league.id}/board").text
        each = 100 * (rps(HOUSE, 0) - rps(MINE, 0))
        assert f"{12 * each / 32:+.2f}" in page and "290" in page and "95 %" in page
        assert page.index(">ada<") < page.index(">bea<") and "you are here" in page
        assert f"{3 * each:+.2f}" in page and "Matchday 4" in page  # the last one's winner
        assert f'data-board="forecasts:{league.id}"' in page
        mine = browser.get("/forecasts/mine").text
        assert "Your calibration, over 12 forecasts" in mine and "The race" in mine
        assert "House Beaten" in mine and "Download as CSV" in mine
        assert client.get("/forecasts/mine").status_code == 302
        profile = client.get(f"/users/{ada.id}").text
        assert "Forecasts" in profile and f"{12 * each / 32:+.2f}" in profile
        # Paid once for taking part: XP and where to see the badge stand on the match's page, too.
        told = browser.get(f"/forecasts/matches/{matches()[0].id}").text
        assert 'data-earned="Forecaster"' in told and "+30 XP" in told

        team = db.session.scalars(select(Team)).first()
        team.name = "=HYPERLINK(1)"
        db.session.commit()
        answer = browser.get("/forecasts/mine.csv")
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert answer.mimetype == "text/csv" and len(rows) == 13
        assert {row["home_team"] for row in rows} & {"'=HYPERLINK(1)"}
        scored = [row for row in rows if row["score"]]
        assert len(scored) == 12 and float(scored[0]["score"]) == pytest.approx(each)
        assert float(scored[0]["house_home"]) == 0.5 and rows[0]["score"] == ""


def test_the_house_measured_and_a_team(league: Any, client: Any) -> None:
    assert "Nothing to measure yet" in client.get("/forecasts/house").text
    play(league, 12, goals=(2, 1))
    with clock.freeze(NOW + timedelta(days=2)):
        page = client.get(f"/forecasts/house?league={league.id}&days=30").text
        assert f"{rps(HOUSE, 0):.4f}" in page and "2026-11" in page and "Premier League" in page
        assert "base rates" in page and "95 % interval" in page
        assert client.get("/forecasts/house").status_code == 200
        team = db.session.scalars(select(Team).where(Team.name == "Alba")).one()
        told = client.get(f"/forecasts/teams/{team.id}").text
        assert "Elo rating" in told and "To come" in told and "Brent" in told


def test_ratings_are_those_of_the_house(app: Any) -> None:
    """The page's plain numbers against the model's pass over the days, seasons, promotions and a year of
    empty stands included."""
    from mlarena.forecasts.house import elo

    results = []
    teams = {2019: range(6), 2020: range(1, 7)}  # one goes down, one comes up
    for year, playing in teams.items():
        for day, (home, away) in enumerate((a, b) for a in playing for b in playing if a != b):
            at = NOW.replace(year=year) + timedelta(days=day)
            results.append(ratings.Played(year, at, home, away, (home * 3 + away + day) % 5 - 2))
    lines = ratings.rated(results)

    import numpy as np

    house = elo.Elo(7)
    for year in teams:
        if year == 2020:
            house.season_starts(np.arange(1, 6), np.array([6]))
        for one in (one for one in results if one.year == year):
            home, away, margin = (np.array([n]) for n in (one.home, one.away, one.margin))
            house.learn(home, away, margin, empty=year == 2020)
    for team in range(1, 7):
        assert lines[team][-1][1] == pytest.approx(ratings.MIDDLE + house.rating[team])


def test_a_corrected_result_moves_the_rating_on_the_page(league: Any, client: Any) -> None:
    play(league, 5)
    one = matches()[0]
    before = ratings.lines_of(league.id)[one.home_id][0][1]
    assert ratings.lines_of(league.id)[one.home_id][0][1] == before > 1500
    record(league, "csv", [replace(FIXTURES[0], status="finished", goals=(0, 1))])
    assert ratings.lines_of(league.id)[one.home_id][0][1] < 1500


def test_an_instructor_maps_a_name(
    league: Any, make_user: Any, signed_in: Callable[..., Any], browser: Any
) -> None:
    teacher = signed_in(make_user("teacher", role="instructor"))
    assert "Nothing waits" in teacher.get("/forecasts/names").text
    told = Found(2026, "Alba FC <b>", "Brent", NOW + timedelta(hours=1))
    record(league, "openfootball", [told])
    page = teacher.get("/forecasts/names").text
    assert "Alba FC &lt;b&gt;" in page and "openfootball" in page
    alias = db.session.scalars(select(TeamAlias).where(TeamAlias.team_id.is_(None))).all()
    (waiting,) = [one for one in alias if one.name.startswith("Alba")]
    field = f"name-{waiting.id}-team_id"
    for wrong in ("0", "999", "x", ""):
        answer = post(teacher, f"/forecasts/names/{waiting.id}", **{field: wrong})
        assert answer.status_code == 422 and "Choose which team it is" in answer.text, wrong
    team = db.session.scalars(select(Team).where(Team.name == NAMES[0])).one()
    assert browser.get("/forecasts/names").status_code == 403
    done = post(teacher, f"/forecasts/names/{waiting.id}", **{field: str(team.id)})
    assert done.status_code == 303
    assert "is known now" in teacher.get("/forecasts/names").text
    again = post(teacher, f"/forecasts/names/{waiting.id}", **{field: str(team.id)})
    assert again.status_code == 404


def test_a_league_without_matches_says_so(league: Any, client: Any) -> None:
    empty = db.session.scalars(select(League).where(League.code == "SA")).one()
    for page in ("", "/board"):
        assert "No matches yet" in client.get(f"/forecasts/leagues/{empty.id}{page}").text


def test_players_goals_and_who_is_missing_are_told(league: Any, client: Any) -> None:
    play(league, 1, goals=(1, 0))
    match = matches()[0]
    player = Player(
        league_id=league.id, team_id=match.home_id, source="csv", key="9", name="Ann <Nine>",
        position="attacker", injury_status="out", injury_reason="Knee", market_value=1250000,
    )  # fmt: skip
    db.session.add(player)
    db.session.flush()
    db.session.add(
        Goal(match_id=match.id, number=1, minute=42, team_id=match.home_id, player_id=player.id)
    )
    db.session.add(
        Absence(match_id=match.id, player_id=player.id, status="doubtful", reason="Cold")
    )
    db.session.commit()
    page = client.get(f"/forecasts/matches/{match.id}").text
    assert "Ann &lt;Nine&gt;" in page and ">42<" in page and "Who is missing" in page
    assert "1,250,000" in client.get(f"/forecasts/teams/{match.home_id}").text
    with clock.freeze(NOW + timedelta(hours=3)):
        assert "Who scores" in client.get(f"/forecasts/leagues/{league.id}").text


def test_news_is_found_by_its_words(league: Any, client: Any) -> None:
    assert "No news yet" in client.get("/forecasts/news").text
    text = "Alba have lost their <i>captain</i>, injured on Thursday, before the match with Brent."
    ingest.paste("A blow for Alba", text, "https://example.org/blow")
    page = client.get("/forecasts/news?q=captain").text
    assert "A blow for Alba" in page and "words of bad news" in page and "<i>captain" not in page
    assert 'href="https://example.org/blow"' in page
    assert "In the news" in client.get(f"/forecasts/matches/{matches()[0].id}").text
    ingest.paste("Odd address", "Alba have an odd one.", "javascript:alert(1)")
    assert "javascript:" not in client.get("/forecasts/news").text
    team = db.session.scalars(select(Team).where(Team.name == "Clyde")).one()
    assert "A blow" not in client.get(f"/forecasts/news?team={team.id}").text
    alba = db.session.scalars(select(Team).where(Team.name == "Alba")).one()
    assert "A blow" in client.get(f"/forecasts/news?team={alba.id}").text
    assert "Nothing says that" in client.get("/forecasts/news?q=zeppelin").text
    assert client.get("/forecasts/news?team=999").status_code == 404
    assert client.get("/forecasts/news?q=%22%27*(&page=-1").status_code == 200
