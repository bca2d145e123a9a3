"""Every source's own words, good and bad."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mlarena.forecasts.sources import api_football, football_data, openfootball
from mlarena.forecasts.sources.found import SourceProblem, local_time
from mlarena.forecasts.sources.web import Answer

pytestmark = pytest.mark.pure

WIRE = Path(__file__).parent / "wire"


def wire(name: str) -> Any:
    """An answer as the service has given it."""
    return json.loads((WIRE / f"{name}.json").read_text())


def answer(document: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(document).encode())


SEASON: dict[str, Any] = wire("openfootball_league")


def test_openfootball() -> None:
    played, coming = openfootball.parse(json.dumps(SEASON), "Europe/London")
    assert played.season == 2025 and played.round == 1 and played.status == "finished"
    assert played.kickoff == datetime(2025, 8, 15, 19, tzinfo=UTC)  # summer time in London
    assert (played.goals, played.half_time) == ((4, 2), (1, 0))
    assert coming.status == "scheduled" and coming.goals is None
    assert coming.timed and coming.kickoff == datetime(2026, 5, 24, 15, tzinfo=UTC)
    untimed = {name: said for name, said in SEASON["matches"][1].items() if name != "time"}
    (day_only,) = openfootball.parse(json.dumps(SEASON | {"matches": [untimed]}), "Europe/London")
    assert not day_only.timed
    assert openfootball.address("en.1", 2025).endswith("/2025-26/en.1.json")


def test_an_hour_that_is_there_twice_or_not_at_all() -> None:
    first, _ = local_time("2025-10-26", "01:30", "Europe/London", "x")
    assert first == datetime(2025, 10, 26, 0, 30, tzinfo=UTC)
    after, _ = local_time("2025-03-30", "01:30", "Europe/London", "x")
    assert after == datetime(2025, 3, 30, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<!DOCTYPE html><html>", "a page in HTML"),
        (json.dumps(SEASON)[:80], "no whole JSON"),
        ("[" * 100_000, "no whole JSON"),
        ("[]", "without a list"),
        (json.dumps(SEASON | {"name": "A cup"}), "which season"),
        *[
            (json.dumps(SEASON | {"matches": [SEASON["matches"][0] | change]}), words)
            for change, words in (
                ({"team1": None}, "names a team"),
                ({"score": {"ft": [1]}}, "the score"),
                ({"score": {"ft": [1, "x"]}}, "the score"),
                ({"score": {"ft": [1, 500]}}, "the score"),
                ({"time": "25:61"}, "the time"),
                ({"date": None}, "the time"),
            )
        ],
    ],
)
def test_what_is_no_season_is_said_in_words(text: str, words: str) -> None:
    with pytest.raises(SourceProblem, match=words):
        openfootball.parse(text, "Europe/London")


def test_football_data() -> None:
    coming, played = football_data.parse(answer(wire("fdorg_v4_competition_matches")))
    assert (coming.home, coming.away) == ("Everton FC", "Manchester United FC")
    assert coming.kickoff == datetime(2026, 2, 23, 20, tzinfo=UTC) and coming.timed
    assert (coming.season, coming.round, coming.status, coming.goals) == (
        2025,
        27,
        "scheduled",
        None,
    )
    assert (played.status, played.goals, played.half_time) == ("finished", (0, 3), (0, 2))
    address, headers = football_data.request("PL", 2025, "key")
    assert address.endswith("/v4/competitions/PL/matches?season=2025")
    assert headers == {"X-Auth-Token": "key"}


def test_api_football() -> None:
    (live,) = api_football.parse(answer(wire("apifootball_v3_fixtures")))
    assert (live.home, live.away, live.goals) == ("Faetano", "Cailungo", (2, 0))
    assert (live.season, live.round, live.status) == (2023, 22, "live")
    assert live.kickoff == datetime(2024, 2, 21, 20, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("short", "goals", "status"),
    [
        ("NS", None, "scheduled"),
        ("PST", None, "postponed"),
        ("ABD", 1, "cancelled"),
        ("AWD", 3, "awarded"),
        ("FT", 2, "finished"),
    ],
)
def test_where_a_match_is(short: str, goals: int | None, status: str) -> None:
    document = wire("apifootball_v3_fixtures")
    row = document["response"][0]
    row["fixture"]["status"]["short"] = short
    row["goals"] = {"home": goals, "away": goals}
    (found,) = api_football.parse(answer(document))
    assert found.status == status
    assert (found.goals is not None) == (status in ("finished", "awarded"))


@pytest.mark.parametrize(
    ("said", "status", "scored"),
    [
        ("IN_PLAY", "live", True),
        ("POSTPONED", "postponed", False),
        ("SUSPENDED", "cancelled", False),  # abandoned: until it is told otherwise it is off
        ("CANCELLED", "cancelled", False),
        ("AWARDED", "awarded", True),
    ],
)
def test_where_a_match_of_football_data_is(said: str, status: str, scored: bool) -> None:
    document = wire("fdorg_v4_competition_matches")
    document["matches"][1]["status"] = said
    found = football_data.parse(answer(document))[1]
    assert (found.status, found.goals is not None) == (status, scored)


def test_what_a_service_refuses_is_said_in_its_words_with_how_long_to_wait() -> None:
    refused = wire("fdorg_v4_errors")
    errors = wire("apifootball_v3_errors_http200")
    match = wire("fdorg_v4_competition_matches")["matches"][0]
    for parse, given, words, wait in (
        (football_data.parse, answer(refused["429"], 429), "Wait 48 seconds", 48),
        (football_data.parse, answer(refused["403"], 403), "restricted", None),
        (football_data.parse, answer(refused["400_docs_example"], 400), "Argument 'id'", None),
        (football_data.parse, answer({}), "without a list", None),
        (football_data.parse, answer([1]), "without a list", None),
        (football_data.parse, Answer(502, b"<html>Bad gateway"), "a page in HTML", None),
        (football_data.parse, answer({"matches": [{}]}), "cannot be read", None),
        (
            football_data.parse,
            answer({"matches": [match | {"status": "?"}]}),
            "cannot be read",
            None,
        ),
        (
            football_data.parse,
            answer({"matches": [match | {"status": "FINISHED"}]}),
            "without a score",
            None,
        ),
        (football_data.parse, Answer(200, b"<!DOCTYPE html>"), "a page in HTML", None),
        (football_data.parse, Answer(200, b'{"matches": [{"id"'), "no whole JSON", None),
        (api_football.parse, Answer(200, b"<html>Maintenance"), "a page in HTML", None),
        (api_football.parse, Answer(200, b'{"errors": [], "resp'), "no whole JSON", None),
        (api_football.parse, answer([1]), "no object", None),
        (api_football.parse, answer(errors["rate"]), "10 requests per minute", 60),
        (api_football.parse, answer(errors["day_quota"]), "for the day", 86_400),
        (api_football.parse, answer(errors["bad_key"]), "invalid key", None),
        (api_football.parse, answer({"errors": [], "response": [None]}), "cannot be read", None),
        (api_football.parse, answer({"errors": []}), "without a list", None),
    ):
        with pytest.raises(SourceProblem, match=words) as raised:
            parse(given)
        assert raised.value.wait == wait
