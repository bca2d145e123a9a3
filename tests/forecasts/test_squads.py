"""What API-Football knows besides matches: read from its own words, within its hundred requests a day."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select

from mlarena.core import clock
from mlarena.core.db import db
from mlarena.forecasts import details, live, sync
from mlarena.forecasts.leagues import league_by_code, seed_leagues
from mlarena.forecasts.models import League, Match, MatchStats, Season, Team
from mlarena.forecasts.record import record
from mlarena.forecasts.sources import api_football, budget, web
from mlarena.forecasts.sources import api_football_details as wire_details
from mlarena.forecasts.sources.found import Found, FoundPlayer, SourceProblem
from mlarena.forecasts.squads import readers
from mlarena.forecasts.squads.invented import SQUAD
from mlarena.forecasts.squads.models import Absence, Goal, Player, PlayerSeason
from mlarena.forecasts.squads.record import record_players

WIRE = Path(__file__).parent / "wire"
KICKOFF = datetime(2018, 11, 24, 15, tzinfo=UTC)
NOW = KICKOFF + timedelta(minutes=40)
ONE = Found(2018, "Liverpool", "FC Porto", KICKOFF, key="1149522")
API = "/api/v1"


def wire(name: str) -> Any:
    return json.loads((WIRE / f"apifootball_v3_{name}.json").read_text())


def answer(document: Any) -> web.Answer:
    return web.Answer(200, json.dumps(document).encode())


@pytest.fixture
def league(app: Any) -> Iterator[Any]:
    """The Premier League as API-Football tells it, with one match that is on now."""
    with clock.freeze(NOW):
        seed_leagues()
        for one in db.session.scalars(select(League)):
            if one.code != "PL":
                one.codes = {name: code for name, code in one.codes.items() if name == "csv"}
        league = league_by_code("PL")
        record(league, api_football.NAME, [ONE])
        yield league


@pytest.fixture
def service(app: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A stub of API-Football: `says[what]` is what it answers, `asked` what it was asked."""

    class Service:
        asked: list[str] = []  # noqa: RUF012
        says: dict[str, Any] = {}  # noqa: RUF012

        def get(self, address: str, headers: Any = None) -> web.Answer:
            assert headers == {"x-apisports-key": "key"}
            what = address.removeprefix(api_football.ADDRESS + "/")
            self.asked.append(what)
            return answer(self.says.get(what.split("?")[0], {"errors": [], "response": []}))

    stub = Service()
    stub.asked, stub.says = [], {}
    monkeypatch.setattr(web, "get", stub.get)
    known = app.extensions["settings"]
    monkeypatch.setitem(
        app.extensions, "settings", known.model_copy(update={"api_football_key": "key"})
    )
    return stub


def fixture(goals: tuple[int | None, int | None], short: str, elapsed: int | None) -> Any:
    document = wire("fixtures")
    row = document["response"][0]
    row["fixture"] |= {"id": 1149522, "date": KICKOFF.isoformat()}
    row["fixture"]["status"] = {"long": "", "short": short, "elapsed": elapsed}
    row["league"] |= {"id": 39, "season": 2018}
    row["teams"]["home"]["name"], row["teams"]["away"]["name"] = "Liverpool", "FC Porto"
    row["goals"] = {"home": goals[0], "away": goals[1]}
    return document


def writes(do: Callable[[], Any]) -> list[str]:
    """The statements that changed anything but the count of requests."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        change = statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE"))
        if change and "source_" not in statement:
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        do()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return seen


@pytest.mark.pure
def test_its_own_words() -> None:
    counts = wire_details.statistics(answer(wire("fixtures_statistics")))["FC Porto"]
    assert counts == {
        "shots": 8, "on_target": 2, "corners": 1, "red": None, "possession": 35, "xg": 1.17,
    }  # fmt: skip
    (mane,), pages = wire_details.players(answer(wire("players_topscorers")), 39)
    assert (mane.key, mane.name, mane.full_name) == ("304", "S. Mané", "Sadio Mané")
    assert (mane.position, mane.injured, mane.season) == ("attacker", False, 2018)
    assert (mane.goals, mane.assists, mane.appearances, mane.minutes) == (22, 1, 36, 3086)
    assert mane.rating == pytest.approx(7.363888) and str(mane.born) == "1992-04-10" and pages == 1
    (hurt,) = wire_details.injuries(answer(wire("injuries")))
    assert (hurt.match, hurt.key, hurt.doubtful, hurt.reason) == (
        "686314", "865", False, "Broken ankle",
    )  # fmt: skip
    (line,) = wire_details.standings(answer(wire("standings")))
    assert (line.season, line.rank, line.points, line.won, line.goals) == (
        2017,
        1,
        100,
        32,
        (106, 27),
    )


@pytest.mark.pure
@pytest.mark.parametrize(
    ("read", "name", "where", "value"),
    [
        (wire_details.statistics, "fixtures_statistics", ("statistics", 2, "value"), "many"),
        (wire_details.statistics, "fixtures_statistics", ("statistics", 9, "value"), "135%"),
        (wire_details.statistics, "fixtures_statistics", ("statistics", 16, "value"), "NaN"),
        (wire_details.statistics, "fixtures_statistics", ("statistics",), None),
        (wire_details.injuries, "injuries", ("player", "id"), None),
        (wire_details.standings, "standings", ("league", "standings", 0, 0, "all"), []),
        (lambda found: wire_details.players(found, 39), "players_topscorers",
         ("statistics", 0, "goals", "total"), -1),
        (lambda found: wire_details.players(found, 39), "players_topscorers",
         ("player", "birth", "date"), "1992-13-45"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_in_words(read: Any, name: str, where: Any, value: Any) -> None:
    document = wire(name)
    place = document["response"][0]
    for step in where[:-1]:
        place = place[step]
    place[where[-1]] = value
    with pytest.raises(SourceProblem, match="api_football"):
        read(answer(document))
    for error in wire("errors_http200").values():
        if isinstance(error, dict):
            with pytest.raises(SourceProblem, match="api_football"):
                read(answer(error))
    for text in (b"<!DOCTYPE html>", b'{"errors": [], "resp'):
        with pytest.raises(SourceProblem, match="answered with"):
            read(web.Answer(200, text))


def test_a_day_is_read_once_and_again_without_a_write(
    league: Any, service: Any, client: Any
) -> None:
    scorers, injuries = wire("players_topscorers"), wire("injuries")
    injuries["response"][0]["fixture"]["id"] = 555
    injuries["response"][0]["team"]["name"] = "Liverpool"
    again = Found(2018, "FC Porto", "Liverpool", NOW + timedelta(days=7), key="555")
    done = replace(ONE, status="finished", goals=(2, 1))
    record(league, api_football.NAME, [done, again])
    table = wire("standings")
    line = table["response"][0]["league"]["standings"][0][0]
    line["team"]["name"], line["points"] = "Liverpool", 0
    line["all"] = {"played": 1, "win": 1, "draw": 0, "lose": 0, "goals": {"for": 2, "against": 1}}
    service.says = {
        "players/topscorers": scorers,
        "players": scorers,
        "injuries": injuries,
        "standings": table,
        "fixtures/statistics": wire("fixtures_statistics"),
    }
    assert "PL: " in details.sync_details()
    assert service.asked == [
        "standings?league=39&season=2018",
        "injuries?league=39&season=2018",
        "players/topscorers?league=39&season=2018",
        "fixtures/statistics?fixture=1149522",
        "players?league=39&season=2018&page=1",
    ]
    stats = db.session.get_one(
        MatchStats, (db.session.scalars(select(Match.id).order_by(Match.id)).first(), "away")
    )
    assert (stats.possession, stats.xg, stats.red) == (35, 1.17, None)
    # The official table has three points fewer: the league took them.
    season = db.session.scalars(select(Season)).one()
    liverpool = db.session.scalars(select(Team).where(Team.name == "Liverpool")).one()
    assert season.deducted == {str(liverpool.id): 3}
    hurt = db.session.scalars(select(Absence)).one()
    assert hurt.player.injury_status == "out" and hurt.player.injury_reason == "Broken ankle"

    told = client.get(f"{API}/teams/{liverpool.id}/players").json
    assert [one["name"] for one in told["data"]] == ["S. Mané", "D. Costa"]
    assert told["data"][0]["season"]["goals"] == 22 and told["data"][0]["injury_status"] == "fit"
    best = client.get(f"{API}/leagues/{league.id}/top-scorers?season=2018").json["data"]
    assert [(one["rank"], one["player"]["name"], one["goals"]) for one in best] == [
        (1, "S. Mané", 22)
    ]
    assert best[0]["counted"] is False and best[0]["team"]["name"] == "Liverpool"
    shown = client.get(f"{API}/matches/{hurt.match_id}").json["data"]
    assert shown["absent"][0]["reason"] == "Broken ankle" and shown["goals"] == []

    assert writes(details.sync_details) == []
    # Healed: nobody tells of it any more, which is read from a list that tells of others.
    injuries["response"][0]["player"] |= {"id": 304, "name": "S. Mané", "type": "Questionable"}
    details.sync_details()
    states = {one.name: one.injury_status for one in db.session.scalars(select(Player))}
    assert states == {"S. Mané": "doubtful", "D. Costa": "fit"}


def test_a_hundred_requests_a_day_and_some_kept_for_live_scores(league: Any, service: Any) -> None:
    for _ in range(100 - details.LEAVING):
        budget.take(api_football.NAME, details.LEAVING)
    assert "kept for live scores" in details.sync_details() and service.asked == []
    service.says["fixtures"] = fixture((1, 0), "1H", 40)
    assert "1 changed" in live.sync_live() and len(service.asked) == 1
    for _ in range(budget.left(api_football.NAME)):
        budget.take(api_football.NAME)
    assert "100 of 100" in live.sync_live() and len(service.asked) == 1
    with clock.freeze(NOW + timedelta(days=1)):
        budget.take(api_football.NAME)
        assert budget.left(api_football.NAME) == 99
        # Refused for the minute: nothing is asked until it has passed.
        service.says["standings"] = wire("errors_http200")["rate"]
        assert "10 requests per minute" in details.sync_details()
        assert "left alone for 60 s" in details.sync_details() and len(service.asked) == 2
    with clock.freeze(NOW + timedelta(days=1, seconds=61)):
        assert "table" in details.sync_details() or len(service.asked) == 3


def test_live_scores_are_asked_while_matches_are_on_and_told_to_watchers(
    league: Any, service: Any, monkeypatch: pytest.MonkeyPatch, client: Any
) -> None:
    told: list[tuple[str, dict[str, Any], str]] = []
    monkeypatch.setattr("mlarena.live.publish.publish", lambda *said: told.append(said) or True)
    with clock.freeze(KICKOFF - timedelta(minutes=1)):
        assert live.sync_live() == "nothing is on" and service.asked == []
    service.says["fixtures"] = fixture((1, 0), "1H", 40)
    assert live.sync_live() == "PL: 0 new, 1 changed, 0 as before"
    assert service.asked == ["fixtures?ids=1149522"]
    event_name, said, room = told.pop()
    assert (event_name, room) == ("match", f"board:forecasts:{league.id}")
    assert (said["status"], said["minute"], said["home_goals"]) == ("live", 40, 1)
    on = client.get(f"{API}/matches/live").json["data"]
    assert [(one["home_goals"], one["minute"]) for one in on] == [(1, 40)]
    assert writes(live.sync_live) == [] and told == []
    service.says["fixtures"] = fixture((1, 1), "FT", 90)
    live.sync_live()
    assert told[0][1]["status"] == "finished" and told[0][1]["minute"] is None
    assert live.sync_live() == "nothing is on"


def test_the_simulated_league_has_players_goals_by_the_minute_and_top_scorers(
    app: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "PAST_SEASONS", 0)
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(
        "mlarena.live.publish.publish", lambda _event, said, _room: told.append(said) or True
    )
    start = datetime(2026, 11, 21, 13, 50, tzinfo=UTC)
    with clock.freeze(start):
        sync.keep_simulated()
        league = league_by_code("SIM")
        season = db.session.scalars(
            select(Season).where(Season.league_id == league.id).order_by(Season.year)
        ).first()
        best = client.get(f"{API}/leagues/{league.id}/top-scorers").json["data"]
        assert best[0]["counted"] and best[0]["rank"] == 1
        assert best[0]["goals"] >= best[-1]["goals"] > 0 and len(best) == 20
        team = best[0]["team"]["id"]
        players = client.get(f"{API}/teams/{team}/players").json["data"]
        assert len(players) == sum(SQUAD.values())
        assert players[0]["position"] == "goalkeeper" and players[0]["market_value"] > 100_000
        assert {one["injury_status"] for one in players} <= {"fit", "out", "doubtful"}
        goals = db.session.scalar(
            select(func.sum(Match.home_goals + Match.away_goals)).where(
                Match.season_id == season.id, Match.status == "finished"
            )
        )
        assert db.session.scalar(select(func.count()).select_from(Goal)) == goals
        match = db.session.scalars(select(Match).where(Match.status == "live")).one()
    seen = []
    for minutes in range(0, 120, 10):
        with clock.freeze(match.kickoff + timedelta(minutes=minutes)):
            sync.keep_simulated()
            now = db.session.get_one(Match, match.id, populate_existing=True)
            seen.append((now.status, now.minute, (now.home_goals or 0) + (now.away_goals or 0)))
    assert [total for *_, total in seen] == sorted(total for *_, total in seen)
    assert ("live", 45) in [one[:2] for one in seen] and seen[-1][0] == "finished"
    assert told and told[-1]["status"] == "finished" and told[-1]["id"] == match.id
    scored = readers.goals_of(match.id)
    assert len(scored) == seen[-1][2]
    assert sum(one["minute"] <= 45 for one in scored) == now.ht_home + now.ht_away


def test_the_clock_asks_as_often_as_told_and_every_job_runs_alone(
    app: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlarena.forecasts import jobs, once
    from mlarena.schedule import scheduler

    due = {
        job.func_name.rsplit(".", 1)[-1]: job.cron or job.interval
        for job in scheduler(settings, app.extensions["redis"]).get_jobs()
        if job.func_name.startswith("mlarena.forecasts.")
    }
    assert due == {
        "settle": 20, "keep_simulated": 60, "live": 900, "sync": 21600, "predict": 14400,
        "history": "0 3 * * *", "retrain": "0 4 * * *",
        "documents": 7200,
    }  # fmt: skip
    for name, where in (
        ("keep_simulated", "sync.keep_simulated_and_predict"), ("live", "live.sync_live"),
        ("sync", "sync.sync_all"), ("history", "backfill.sync_history"),
        ("documents", "documents.ingest.sync_documents"),
        ("predict", "sync.predict"), ("retrain", "sync.retrain"),
    ):  # fmt: skip
        job, answers = getattr(jobs, name), []

        def verb(*_: Any, job: Any = job, answers: list[str] = answers) -> Any:
            answers.append(job())  # a second clock, while the first one's is at work
            return []

        monkeypatch.setattr(f"mlarena.forecasts.{where}", verb)
        job()
        assert answers == [once.BUSY]
        job()
        assert len(answers) == 2  # and free again


def test_players_told_twice_and_of_teams_that_nobody_knows(league: Any) -> None:
    one = FoundPlayer("1", "A. Able", "Liverpool", 2018, goals=3, minutes=200)
    moved = replace(one, team="FC Porto", goals=2, minutes=None)
    stranger = FoundPlayer("2", "B. Baker", "Liverpool FC", 2018, goals=9)
    record(league, "csv", [replace(ONE, home="Reds", away="Dragons")])  # their names wait, too
    report = record_players(league, "csv", [stranger])
    assert report.waiting == {"Liverpool FC"} and report.new == 0
    report = record_players(league, api_football.NAME, [one, one, moved])
    assert (report.new, report.same) == (1, 0)
    figures = db.session.scalars(select(PlayerSeason)).one()
    assert (figures.goals, figures.minutes) == (5, 200) and figures.team.name == "FC Porto"


def test_values_come_from_a_file(league: Any, runner: Any, tmp_path: Path) -> None:
    record_players(
        league, api_football.NAME,
        [FoundPlayer("304", "S. Mané", "Liverpool", 2018, full_name="Sadio Mané", goals=1)],
    )  # fmt: skip
    file = tmp_path / "values.csv"
    head = "league,team,name,position,market_value\n"
    rows = "PL,Liverpool,Sadio Mane,Attacker,85000000\nE0,FC Porto,New Man,,\nPL,Nowhere,X,,\n"
    file.write_text(head + rows)
    asked = ["forecasts", "player-values", "--from", str(file)]
    said = runner.invoke(args=asked).output
    assert said == "1 new, 1 changed, 0 as before; left out: X (Nowhere)\n"
    assert "0 new, 0 changed, 2 as before" in runner.invoke(args=asked).output
    mane = db.session.scalars(select(Player).where(Player.key == "304")).one()
    assert (mane.market_value, mane.position) == (85_000_000, "attacker")
    for text, words in (
        ("name\nX\n", "lacks the columns"),
        (head + "PL,Liverpool,X,Libero,1\n", "line 2"),
        (head + "PL,Liverpool,X,,-5\n", "counts '-5'"),
        (head + "PL,Liverpool,X,,9e99\n", "counts"),
    ):
        file.write_text(text)
        bad = runner.invoke(args=asked)
        assert bad.exit_code == 1 and words in bad.output
