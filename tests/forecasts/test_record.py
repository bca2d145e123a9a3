"""What a source tells becomes teams, matches and traces."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select

from mlarena.core import clock
from mlarena.core.db import db
from mlarena.forecasts import ledger, names, sync, training
from mlarena.forecasts.house.model import BadArtifact
from mlarena.forecasts.leagues import league_by_code, seed_leagues
from mlarena.forecasts.models import Match, MatchChange, MatchStats, Prediction, Team, TrainedModel
from mlarena.forecasts.record import record
from mlarena.forecasts.sources.found import Found

KICKOFF = datetime(2026, 11, 21, 15, tzinfo=UTC)
ONE = Found(2026, "Everton", "Leeds", KICKOFF)
DONE = replace(
    ONE,
    status="finished",
    goals=(2, 1),
    half_time=(1, 0),
    stats={"home": {"shots": 12}, "away": {"shots": 7}},
)


@pytest.fixture
def league(app: Any) -> Any:
    seed_leagues()
    return league_by_code("PL")


def traces() -> list[tuple[str, str, str]]:
    rows = db.session.scalars(select(MatchChange).order_by(MatchChange.id))
    return [(row.field, row.before, row.after) for row in rows]


def only() -> Match:
    return db.session.scalars(select(Match).execution_options(populate_existing=True)).one()


def test_telling_the_same_again_writes_nothing(league: Any) -> None:
    other = replace(DONE, home="Leeds", away="Everton", kickoff=KICKOFF + timedelta(days=60))
    assert record(league, "csv", [DONE, other, DONE]).new == 2
    written: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
            written.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        again = record(league, "csv", [DONE, other], whole=True)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert (again.new, again.changed, again.same, written) == (0, 0, 2, [])
    assert db.session.scalar(select(func.count()).select_from(MatchStats)) == 4


def test_a_source_that_says_otherwise_leaves_a_trace_and_is_scored_again(league: Any) -> None:
    record(league, "csv", [ONE])
    record(league, "csv", [DONE])
    assert only().outcome == 0 and traces() == []  # a result is no contradiction
    only().settled_at = KICKOFF
    db.session.commit()
    record(league, "csv", [replace(DONE, goals=(2, 2))])
    assert only().outcome == 1 and only().settled_at is None
    assert traces() == [("result", "finished 2:1", "finished 2:2")]
    record(league, "csv", [replace(DONE, goals=(3, 0), status="awarded")])
    assert only().outcome is None and only().home_goals == 3
    moved = replace(ONE, status="postponed", kickoff=KICKOFF + timedelta(days=9))
    record(league, "csv", [moved])
    assert only().status == "postponed" and only().kickoff == moved.kickoff
    assert [field for field, *_ in traces()] == ["result", "result", "result", "kickoff"]


def test_what_vanishes_is_off_and_a_result_stays(league: Any) -> None:
    other = replace(DONE, home="Leeds", away="Fulham")
    third = replace(ONE, home="Fulham", away="Leeds")
    record(league, "csv", [ONE, other, third], whole=True)
    gone = record(league, "csv", [third], whole=True)
    assert gone.vanished == 2
    states = set(db.session.scalars(select(Match.status)))
    assert states == {"cancelled", "finished", "scheduled"}
    assert record(league, "csv", [third], whole=True).vanished == 0
    back = record(league, "csv", [ONE, third])
    assert back.changed == 1 and "cancelled" not in set(db.session.scalars(select(Match.status)))


def test_another_sources_names_wait_until_somebody_maps_them(league: Any) -> None:
    record(league, "csv", [ONE])
    theirs = replace(DONE, home="Everton FC", away="Leeds United FC")
    held = record(league, "openfootball", [theirs])
    assert held.new == held.changed == 0 and only().status == "scheduled"
    assert held.waiting == {"Everton FC", "Leeds United FC"}
    teams = {team.name: team.id for team in db.session.scalars(select(Team))}
    assert set(teams) == {"Everton", "Leeds"}
    for alias in names.waiting_names():
        names.map_name(alias.id, teams["Everton" if "Everton" in alias.name else "Leeds"])
    assert record(league, "openfootball", [theirs]).changed == 1
    assert only().outcome == 0 and names.waiting_names() == []
    # A source that is behind takes nothing back.
    record(league, "csv", [ONE])
    record(league, "openfootball", [replace(ONE, home="Everton FC", away="Leeds United FC")])
    assert only().source == "csv"


def test_the_simulated_league_lives_by_the_clock(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync, "PAST_SEASONS", 4)
    start = datetime(2026, 11, 21, 11, 45, tzinfo=UTC)
    with clock.freeze(start):
        assert "predictions" in sync.keep_simulated_and_predict()
        coming = db.session.scalars(
            select(Match).where(Match.kickoff > start).order_by(Match.kickoff)
        ).first()
        assert coming is not None and coming.open_at(start) and coming.league.simulated
        said = ledger.words_of([coming.id])[coming.id]
        assert sum(said.shares) == pytest.approx(1) and len(said.moved_by) == ledger.TOLD
        assert sync.keep_simulated_and_predict() == "nothing due"
        # Trained on what was there, measured on what came after that.
        used = training.model_in_use("simulated")
        assert used is not None and used.metrics["rps"] < 0.236
        assert ledger.generate("simulated") == 0
    with clock.freeze(coming.kickoff + timedelta(minutes=1)):
        sync.keep_simulated_and_predict()
        assert db.session.get_one(Match, coming.id).status == "live"
        assert not coming.open_at(clock.utcnow())
    with clock.freeze(coming.kickoff + timedelta(hours=2)):
        sync.keep_simulated_and_predict()
        done = db.session.get_one(Match, coming.id)
        assert done.outcome is not None
        # Nothing is said of it any more, and what was said stays what it was.
        lines = db.session.scalars(select(Prediction).where(Prediction.match_id == done.id)).all()
        assert all(line.made_at < done.kickoff for line in lines)
        lines[0].home = 1.0
        with pytest.raises(RuntimeError, match="never changed"):
            db.session.commit()
        db.session.rollback()
        damaged_and_worse_models_stay_out()


def damaged_and_worse_models_stay_out() -> None:
    before = training.model_in_use("simulated")
    assert before is not None
    # Somebody's better model: what it says of the same matches is not to be beaten by the usual training.
    real = training._measured
    shown = {"rps": 0.3}

    def worse(model: Any, *about: Any) -> dict[str, float]:
        found = real(model, *about)
        return found if model is training.loaded(before.blob) else found | shown

    training._measured = worse
    try:
        kept = training.train("simulated")
        assert not kept.in_use and kept.against is not None
        assert training.model_in_use("simulated").id == before.id  # type: ignore[union-attr]
        assert training.train("simulated", force=True).in_use
    finally:
        training._measured = real
    in_use = db.session.scalars(select(TrainedModel).where(TrainedModel.in_use)).all()
    assert len(in_use) == 1 and in_use[0].id != before.id
    training.loaded.cache_clear()
    from mlarena.core.storage import BlobChunk

    db.session.execute(BlobChunk.__table__.update().values(data=b"{}"))
    db.session.commit()
    with pytest.raises(BadArtifact, match="checksum"):
        training.loaded(before.blob)
    # The clock does not stop at it: another is trained, and the same artifact is whole again.
    assert not training.ready("simulated")
    assert "new lines" in sync.predict() and training.ready("simulated")


def test_a_file_is_entered_by_command(runner: Any, tmp_path: Path) -> None:
    file = tmp_path / "matches.csv"
    head = "date,league,season,home,away,home_goals,away_goals,home_shots,away_shots\n"
    rows = "2024-08-17,E0,2024,Leeds,Everton,1,0,9,4\n2025-08-17,E0,2025,Leeds,Everton,,,,\n"
    file.write_text(head + rows)
    asked = ["forecasts", "backfill-historical", "--from", str(file)]
    assert "seed-leagues" in runner.invoke(args=asked).output
    runner.invoke(args=["forecasts", "seed-leagues"])
    assert "E0: 1 new" in runner.invoke(args=[*asked, "--seasons", "1"]).output
    assert "E0: 1 new, 0 changed, 1 as before" in runner.invoke(args=asked).output
    few = runner.invoke(args=["forecasts", "train-model"])
    assert few.exit_code == 1 and "too few" in few.output
    for text, words in (
        (head + "2024-13-45,E0,2024,A,B,1,0,,\n", "line 2"),
        (head + "2024-08-17,E0,2024,A,B,-1,0,,\n", "-1:0"),
        ("<html></html>", "lacks the columns"),
        (head + "2024-08-17,XX,2024,A,B,1,0,,\n", "XX"),
    ):
        file.write_text(text)
        bad = runner.invoke(args=asked)
        assert bad.exit_code == 1 and words in bad.output


def test_a_league_is_synced_by_command_from_the_source_there_is(
    runner: Any, league: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlarena.forecasts.sources import web

    asked = []
    page = (
        b'{"name": "Premier League 2026/27", "matches": [{"round": "Matchday 1", "date": "2026-08-15",'
        b' "time": "20:00", "team1": "Leeds", "team2": "Everton", "score": {"ft": [1, 1]}}]}'
    )

    def get(address: str, headers: Any = None) -> web.Answer:
        asked.append(address)
        return web.Answer(200, page)

    monkeypatch.setattr(web, "get", get)
    command = ["forecasts", "sync-data", "--league", "PL"]
    with clock.freeze(KICKOFF):
        assert "PL: 1 new" in runner.invoke(args=command).output
        assert "1 as before" in runner.invoke(args=command).output
        assert asked[0].endswith("/2026-27/en.1.json")
        no_key = runner.invoke(args=[*command, "--source", "api_football"])
        assert no_key.exit_code == 1 and "API_FOOTBALL_KEY" in no_key.output
        unknown = runner.invoke(args=["forecasts", "sync-data", "--league", "XX"])
        assert unknown.exit_code == 1 and "seed-leagues" in unknown.output
        nothing = runner.invoke(args=["forecasts", "evaluate-model", "--period", "9"])
        assert nothing.exit_code == 1 and "no match" in nothing.output
        # Another source spells them otherwise; somebody says who is meant.
        record(league, "csv", [replace(DONE, away="Leeds Utd")])
        said = runner.invoke(args=["forecasts", "names"]).output
        assert "Leeds Utd (csv)" in said and "Everton (csv)" in said
        number = said[: said.index(": Leeds")].splitlines()[-1]
        left = runner.invoke(args=["forecasts", "names", "--map", number, "Leeds"]).output
        assert "Leeds Utd" not in left
        wrong = runner.invoke(args=["forecasts", "names", "--map", "999", "Leeds"])
        assert wrong.exit_code == 1 and "no such name" in wrong.output


def test_five_leagues_synced_with_no_change_write_nothing(
    app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import json

    from mlarena.forecasts.sources import web

    wire = json.loads(
        (Path(__file__).parent / "wire/fdorg_v4_competition_matches.json").read_text()
    )
    monkeypatch.setattr(web, "get", lambda *_: web.Answer(200, json.dumps(wire).encode()))
    known = app.extensions["settings"].model_copy(update={"football_data_api_key": "key"})
    monkeypatch.setitem(app.extensions, "settings", known)
    seed_leagues()
    assert sync.sync_all().count("2 new") == 5
    written: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
            written.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert sync.sync_all().count("0 new, 0 changed, 2 as before") == 5
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    # But that five requests were made is counted.
    assert len(written) == 5 and all("source_days" in statement for statement in written)


def test_a_backfill_asks_addresses_and_sources_too(
    runner: Any, league: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlarena.forecasts import backfill
    from mlarena.forecasts.sources import web

    season = (
        b'{"name": "Premier League 2025/26", "matches": [{"round": "Matchday 1", "date": "2025-08-15",'
        b' "time": "20:00", "team1": "Leeds", "team2": "Everton", "score": {"ft": [1, 1]}}]}'
    )
    table = (
        b"date,league,season,home,away,home_goals,away_goals\n2024-08-17,E0,2024,Leeds,Ely,1,0\n"
    )
    pages = {"en.1.json": season, "all.csv": table, "xx.9.json": season, "half.csv.gz": b"\x1f\x8b"}
    asked: list[str] = []

    def get(address: str, headers: Any = None) -> web.Answer:
        asked.append(address)
        page = pages.get(address.rsplit("/", 1)[-1])
        return web.Answer(404, b"") if page is None else web.Answer(200, page)

    monkeypatch.setattr(web, "get", get)

    def run(*more: str) -> tuple[int, str]:
        done = runner.invoke(args=["forecasts", "backfill-historical", *more])
        return done.exit_code, done.output

    at = "https://files.example/"
    assert run("--from", f"{at}en.1.json") == (0, "PL: 1 new, 0 changed, 0 as before\n")
    assert run("--from", f"{at}en.1.json")[1] == "PL: 0 new, 0 changed, 1 as before\n"
    assert "Ely" in run("--from", f"{at}all.csv")[1]  # a name of another source waits
    for name, words in (
        ("xx.9.json", "no known league"), ("half.csv.gz", "cannot be read"), ("none.csv", "404"),
    ):  # fmt: skip
        code, said = run("--from", at + name)
        assert code == 1 and words in said
    # Without an address openfootball is asked: each league's last two seasons.
    monkeypatch.setattr(backfill, "_real", lambda: [league])
    with clock.freeze(datetime(2026, 3, 1, tzinfo=UTC)):
        code, said = run("--seasons", "2")
    assert code == 0 and "PL: 0 new, 0 changed, 2 as before" in said
    assert [address.split("/")[-2] for address in asked[-2:]] == ["2024-25", "2025-26"]


def test_train_predict_and_evaluate_by_command(
    app: Any, runner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "PAST_SEASONS", 4)

    def run(*words: str) -> str:
        done = runner.invoke(args=["forecasts", *words])
        assert done.exit_code == 0, done.output
        return str(done.output)

    with clock.freeze(KICKOFF):
        sync.keep_simulated()
        said = run("train-model", "--family", "simulated", "--seasons", "3", "--test-size", "0.2")
        assert "RPS 0." in said and "it is in use" in said
        assert "simulated: " in run("generate-predictions", "--days", "2")
    with clock.freeze(KICKOFF + timedelta(days=1)):
        sync.keep_simulated()
        said = run("evaluate-model", "--period", "7")
        assert "all: " in said and "Simulated League: " in said and "base rates" in said
