"""The game: said until kick-off, revealed after one's own word, scored against the house, on the board."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import event, func, select

from mlarena.accounts import logins
from mlarena.boards import service as boards
from mlarena.core import clock
from mlarena.core.db import db
from mlarena.forecasts import game, jobs, prizes
from mlarena.forecasts.models import Forecast, ForecastTotals
from mlarena.forecasts.record import record
from mlarena.rewards.models import Badge, XpEntry
from mlarena.rewards.service import xp_of
from mlarena.scoring.outcomes import rps
from tests.forecasts.conftest import FIXTURES, HOUSE, NOW, matches, play

API = "/api/v1"
STARTER_BADGES = Path(__file__).parents[2] / "content" / "starter" / "badges.yaml"


@pytest.fixture
def call(client: Any) -> Callable[..., Any]:
    def call(user: Any, method: str, path: str, **more: Any) -> Any:
        headers = {}
        if user is not None:
            headers["Authorization"] = f"Bearer {logins.issue_tokens(user)['access_token']}"
        return client.open(API + path, method=method, headers=headers, **more)

    return call


def total(user: Any) -> ForecastTotals | None:
    query = select(ForecastTotals).where(ForecastTotals.user_id == user.id)
    return db.session.scalars(query.execution_options(populate_existing=True)).first()


def test_the_house_is_shown_after_ones_own_word_and_the_match_closes_at_kickoff(
    league: Any, make_user: Any, call: Any
) -> None:
    ada, teacher = make_user("ada"), make_user("teacher", role="instructor")
    first = matches()[0].id
    before = call(ada, "GET", f"/predictions/match/{first}").json["data"]
    assert before["revealed"] is False and before["home"] is None and before["moved_by"] == {}
    assert call(None, "GET", "/predictions/upcoming").json["data"][0]["home"] is None
    assert call(teacher, "GET", f"/predictions/match/{first}").json["data"]["home"] == 0.5
    body = {"home": 0.6, "draw": 0.25, "away": 0.1505}
    said = call(ada, "PUT", f"/matches/{first}/forecast", json=body)
    assert said.status_code == 200
    own = said.json["data"]
    assert own["home"] + own["draw"] + own["away"] == pytest.approx(1) and own["score"] is None
    assert own["prediction"]["home"] == 0.5 and own["prediction"]["revealed"]
    # Another one's word reveals nothing to her of other matches, and may be changed.
    assert call(ada, "GET", "/predictions/upcoming").json["data"][1]["home"] is None
    call(ada, "PUT", f"/matches/{first}/forecast", json=body | {"home": 0.1, "away": 0.65})
    shown = call(ada, "GET", f"/matches/{first}").json["data"]
    assert shown["forecast"]["away"] == pytest.approx(0.65) and shown["crowd"] is None
    with clock.freeze(FIXTURES[0].kickoff):
        late = call(ada, "PUT", f"/matches/{first}/forecast", json=body)
        assert late.status_code == 409 and "kicked off" in late.json["message"]
        assert call(None, "GET", f"/predictions/match/{first}").json["data"]["home"] == 0.5
        assert call(None, "GET", f"/matches/{first}").json["data"]["crowd"]["n"] == 1
    record(league, "csv", [replace(FIXTURES[1], status="cancelled")])
    off = call(ada, "PUT", f"/matches/{matches()[1].id}/forecast", json=body)
    assert off.status_code == 409 and "off" in off.json["message"]


@pytest.mark.parametrize(
    "body",
    [
        {"home": 0.5, "draw": 0.3, "away": 0.1},
        {"home": 1.2, "draw": -0.1, "away": -0.1},
        {"home": "NaN", "draw": 0.5, "away": 0.5},
        {"home": float("nan"), "draw": 0.5, "away": 0.5},  # as Python writes it into JSON
        {"home": float("inf"), "draw": 0.5, "away": 0.5},
        {"home": 0.5, "draw": 0.3, "away": 0.2011},
        {"home": 0.5, "draw": 0.5},
        {"home": 0.5, "draw": 0.3, "away": 0.2, "sure": True},
    ],
)
def test_what_is_no_forecast_is_refused(
    league: Any, make_user: Any, call: Any, body: dict[str, Any]
) -> None:
    answer = call(make_user(), "PUT", f"/matches/{matches()[0].id}/forecast", json=body)
    assert answer.status_code == 422 and answer.json["errors"]
    assert db.session.scalar(select(func.count()).select_from(Forecast)) == 0


def test_scores_are_what_the_formula_says_also_after_a_correction(
    league: Any, make_user: Any
) -> None:
    ada, bea = make_user("ada"), make_user("bea")
    first, second = matches()[:2]
    mine = (0.7, 0.2, 0.1)
    game.enter(ada, first.id, mine)
    game.enter(ada, second.id, mine)
    game.enter(bea, first.id, HOUSE)
    play(league, 2)
    assert game.settle_due() == [league.id] and game.settle_due() == []
    expected = 100 * (rps(HOUSE, 0) - rps(mine, 0))
    totals = total(ada)
    assert totals is not None and totals.entries == 2
    assert totals.total == pytest.approx(2 * expected) and expected > 0
    assert totals.squares == pytest.approx(2 * expected**2)
    assert totals.standing == pytest.approx(2 * expected / (2 + game.SHRINK))
    assert total(bea).total == pytest.approx(0)  # type: ignore[union-attr]
    # The first match's result was wrong; the second was in truth never played for.
    record(league, "csv", [replace(FIXTURES[0], status="finished", goals=(0, 2))])
    record(league, "csv", [replace(FIXTURES[1], status="awarded", goals=(0, 3))])
    game.settle_due()
    corrected = 100 * (rps(HOUSE, 2) - rps(mine, 2))
    totals = total(ada)
    assert totals is not None and totals.entries == 1 and corrected < 0
    assert totals.total == pytest.approx(corrected)
    assert totals.standing == pytest.approx(corrected / (1 + game.SHRINK))
    newest = select(Forecast).order_by(Forecast.id).execution_options(populate_existing=True)
    rows = db.session.scalars(newest).all()
    assert [row.score is None for row in rows] == [False, True, False]
    # It is to be played again after all, a week later: what was scored is open once more.
    again = replace(FIXTURES[0], status="postponed", kickoff=NOW + timedelta(days=7))
    record(league, "csv", [again])
    game.settle_due()
    assert total(ada).entries == 0  # type: ignore[union-attr]
    assert game.enter(ada, first.id, mine).score is None


def test_a_word_after_an_earlier_kickoff_does_not_count(league: Any, make_user: Any) -> None:
    ada = make_user("ada")
    first = matches()[0]
    game.enter(ada, first.id, (0.9, 0.05, 0.05))
    # The source had the wrong time: it began an hour before that.
    earlier = NOW - timedelta(minutes=10)
    record(league, "csv", [replace(FIXTURES[0], status="finished", goals=(1, 0), kickoff=earlier)])
    game.settle_due()
    assert total(ada) is None or total(ada).entries == 0  # type: ignore[union-attr]


def test_the_board_pays_and_is_read_in_a_constant_number_of_queries(
    league: Any, make_user: Any, call: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [make_user(f"p{n}") for n in range(8)]
    for n, person in enumerate(people):
        for match in matches():
            share = 0.3 + 0.06 * n
            game.enter(person, match.id, (share, (1 - share) / 2, (1 - share) / 2))
    shy = make_user("shy", listed=False)
    for match in matches()[:6]:
        game.enter(shy, match.id, (1, 0, 0))
    play(league, 4)
    jobs.settle()
    name = f"forecasts:{league.id}"
    assert boards.page(name, 1, 20).rows == ()  # too few matches to stand anywhere
    play(league, 30)
    monkeypatch.setattr(prizes, "AT_ONCE", 2)  # more have earned something than are paid in one go
    jobs.settle()
    page = boards.page(name, 1, 3, people[0])
    assert [row.username for row in page.rows] == ["p7", "p6", "p5"] and page.total == 8
    assert page.me is not None and page.me.rank == 8
    best = page.rows[0].shown()
    assert best["entries"] == 30 and best["low"] < best["score"] < best["high"]
    assert best["score"] == pytest.approx(best["mean"] * 30 / (30 + game.SHRINK))
    asked = f"/leaderboard?forecasts={league.id}"
    shown = call(people[6], "GET", asked).json
    assert shown["meta"]["me"]["rank"] == 2 and shown["data"][0]["mean"] > 0
    around = call(people[6], "GET", f"{asked}&around=1").json["data"]
    assert [row["rank"] for row in around] == [1, 2, 3]
    for door in ("/spread", "/stops"):
        assert call(None, "GET", f"/leaderboard{door}?forecasts={league.id}").status_code == 200
    assert "p7" in client.get(f"/boards/forecasts/{league.id}").text
    # Taking part is paid once, beating the house over the season too.
    assert xp_of(people[7].id) == prizes.TOOK_PART_XP + prizes.BEAT_XP
    assert xp_of(people[0].id) == prizes.TOOK_PART_XP and prizes.pay_due() == 0
    assert db.session.scalar(select(func.count()).select_from(XpEntry)) >= 8

    counted = []

    def count(*_: Any) -> None:
        counted.append(1)

    event.listen(db.engine, "before_cursor_execute", count)
    try:
        seen = {}
        for many in (2, 30):
            counted.clear()
            assert len(call(None, "GET", f"/matches?per_page={many}").json["data"]) == many
            seen[many] = len(counted)
        assert seen[2] == seen[30]
    finally:
        event.remove(db.engine, "before_cursor_execute", count)


def test_a_season_ahead_of_the_house_ends_with_its_badge(
    league: Any, make_user: Any, call: Any, client: Any
) -> None:
    shipped = yaml.safe_load(STARTER_BADGES.read_text(encoding="utf-8"))["badges"]
    db.session.add_all(Badge(**row) for row in shipped)
    db.session.commit()
    ada, bea = make_user("ada"), make_user("bea")
    shares = {ada: (0.7, 0.2, 0.1), bea: (0.3, 0.3, 0.4)}  # every match is to end 1:0
    for match in matches():
        for person, said in shares.items():
            body = dict(zip(("home", "draw", "away"), said, strict=True))
            assert (
                call(person, "PUT", f"/matches/{match.id}/forecast", json=body).status_code == 200
            )

    def got(person: Any) -> set[str]:
        rows = call(person, "GET", "/badges?per_page=100").json["data"]
        return {row["name"] for row in rows if row["earned_at"]}

    play(league, 29)
    jobs.settle()
    assert got(ada) == got(bea) == {"Forecaster"}  # one match is still to come
    # That one is off for good: the season is over, with twenty-nine; then it is played after all.
    record(league, "csv", [replace(FIXTURES[29], status="cancelled")])
    jobs.settle()
    assert "House Beaten" not in got(ada)
    play(league, 30)
    jobs.settle()
    assert got(ada) == {"Forecaster", "House Beaten"} and got(bea) == {"Forecaster"}
    assert xp_of(ada.id) == prizes.TOOK_PART_XP + prizes.BEAT_XP
    assert "House Beaten" in client.get(f"/users/{ada.id}").text
    jobs.settle()
    assert xp_of(ada.id) == prizes.TOOK_PART_XP + prizes.BEAT_XP


def test_doors_of_leagues_and_teams(league: Any, call: Any, make_user: Any) -> None:
    play(league, 12, goals=(2, 1), half_time=(1, 1))
    answer = call(None, "GET", f"/leagues/{league.id}/standings?season=2026").json
    table = answer["data"]
    assert answer["meta"]["total"] == 6
    assert len(table) == 6 and sum(line["played"] for line in table) == 24
    assert table[0]["team"]["name"] == "Alba" and table[0]["points"] == 15
    assert sum(line["points"] for line in table) == 36
    assert call(None, "GET", f"/leagues/{league.id}/standings?season=1999").status_code == 404
    with clock.freeze(NOW + timedelta(days=1)):
        found = call(None, "GET", f"/leagues/{league.id}").json["data"]
        assert found["season"]["name"] == "2026/27" and found["simulated"] is False
    alba = table[0]["team"]["id"]
    form = call(None, "GET", f"/teams/{alba}/form").json["data"]
    assert form["last_5"] == "LLWWW" and form["points_5"] == 9
    assert form["last_10"] == "LLWWWWW" and form["matches"][0]["goals"] == [1, 2]
    coming = call(None, "GET", f"/teams/{alba}/fixtures").json
    assert coming["meta"]["total"] == 3
    asked = f"/matches?league={league.id}&status=finished&from=2026-11-21T13:00:00Z"
    done = call(None, "GET", asked).json
    assert done["meta"]["total"] == 12 and done["data"][0]["outcome"] == "home"
    assert call(None, "GET", "/matches?status=asleep").status_code == 422
    with clock.freeze(NOW + timedelta(days=2)):
        accuracy = call(None, "GET", "/analytics/prediction-accuracy?days=7").json["data"]
        assert accuracy["n"] == 12 and accuracy["rps"] == pytest.approx(rps(HOUSE, 0))
        assert accuracy["by_league"][0]["n"] == 12
        models = call(None, "GET", "/analytics/model-performance").json
        assert models["data"][0]["ledger"]["n"] == 12 and models["meta"]["total"] == 1
        past = call(None, "GET", "/predictions/history").json
        assert past["meta"]["total"] == 12 and past["data"][0]["home"] == 0.5
