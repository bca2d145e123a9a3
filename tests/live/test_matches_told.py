"""Live scores: whoever looks at a league's board hears how its matches stand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from mlarena.forecasts.leagues import league_by_code, seed_leagues
from mlarena.forecasts.record import record
from mlarena.forecasts.sources.found import Found


def test_a_goal_reaches_the_watchers_of_its_league_alone(app: Any, visit: Any, user: Any) -> None:
    seed_leagues()
    league, other = league_by_code("PL"), league_by_code("SA")
    on = Found(2026, "Everton", "Leeds", datetime(2026, 11, 21, 15, tzinfo=UTC), "live", (0, 0))
    record(league, "csv", [on])
    watcher, stranger = visit(), visit()
    watcher.join(f"forecasts:{league.id}")
    stranger.join(f"forecasts:{other.id}")
    record(league, "csv", [replace(on, goals=(1, 0), minute=12)])
    told = watcher.hears("match")
    assert (told["home_goals"], told["away_goals"], told["minute"]) == (1, 0, 12)
    record(league, "csv", [replace(on, goals=(1, 0), minute=12)])
    record(league, "csv", [replace(on, goals=(1, 0), minute=90, status="finished")])
    assert watcher.hears("match")["status"] == "finished"
    assert watcher.heard("match") == [] and stranger.heard("match") == []
