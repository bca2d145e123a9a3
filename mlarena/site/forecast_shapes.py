"""What the forecasts' answers look like, for shapes.py."""

from __future__ import annotations

from mlarena.site.shaping import (
    INTEGER,
    NUMBER,
    TEXT,
    TIME,
    YES_OR_NO,
    Schema,
    array,
    one_of,
    or_null,
    ref,
    thing,
)

_TEAM = {"id": INTEGER, "name": TEXT, "league_id": INTEGER}
_SHARES = {"home": NUMBER, "draw": NUMBER, "away": NUMBER}
_OUTCOME = or_null(one_of("home", "draw", "away"))
_STATUS = one_of("scheduled", "live", "finished", "postponed", "cancelled", "awarded")
_FIGURES = dict.fromkeys(("rps", "log_loss", "brier", "accuracy", "ece"), NUMBER)
_FORECAST = {
    **_SHARES,
    "match_id": INTEGER,
    "entered_at": TIME,
    "changed_at": TIME,
    "score": {
        **or_null(NUMBER),
        "description": "100 × (RPS of the house − one's own), once it is settled",
    },
    "rps": or_null(NUMBER),
    "house_rps": or_null(NUMBER),
    "log_loss": or_null(NUMBER),
    "brier": or_null(NUMBER),
}
# Of a match that the house has said nothing of, a list's row has only the match.
_PREDICTION = {
    "match_id": INTEGER,
    **{name: or_null(NUMBER) for name in _SHARES},
    "confidence": or_null(NUMBER),
    "revealed": {**YES_OR_NO, "description": "After one's own first forecast, or kick-off"},
    "model_version": INTEGER,
    "made_at": TIME,
    "moved_by": {"type": "object"},
}
_LEAGUE = {
    "id": INTEGER,
    "code": TEXT,
    "name": TEXT,
    "country": TEXT,
    "simulated": YES_OR_NO,
    "season": or_null(thing({"id": INTEGER, "year": INTEGER, "name": TEXT})),
}
_NAMED = thing({"id": INTEGER, "name": TEXT})
_POSITION = or_null(one_of("goalkeeper", "defender", "midfielder", "attacker"))
_PLAYER = {
    "id": INTEGER,
    "name": TEXT,
    "full_name": or_null(TEXT),
    "team_id": INTEGER,
    "position": _POSITION,
    "born": {**or_null(TEXT), "description": "A day: 2001-02-03"},
    "nationality": or_null(TEXT),
    "injury_status": or_null(one_of("fit", "doubtful", "out")),
    "injury_reason": or_null(TEXT),
    "market_value": {**or_null(INTEGER), "description": "In euros"},
}
_SEASON = {
    **dict.fromkeys(
        ("appearances", "minutes", "goals", "assists", "shots", "on_target"), or_null(INTEGER)
    ),
    "rating": or_null(NUMBER),
}

FORECASTS: dict[str, Schema] = {
    "League": thing(_LEAGUE),
    "Team": thing(_TEAM, {"league": ref("League")}),
    "Forecast": thing(_FORECAST, {"prediction": or_null(ref("Prediction"))}),
    "Prediction": thing(_PREDICTION),
    "PredictedMatch": thing(
        {
            "match": thing(
                {
                    "id": INTEGER,
                    "league_id": INTEGER,
                    "kickoff": TIME,
                    "status": _STATUS,
                    "home": ref("Team"),
                    "away": ref("Team"),
                    "outcome": _OUTCOME,
                }
            )
        },
        _PREDICTION,
    ),
    "Match": thing(
        {
            "id": INTEGER,
            "league_id": INTEGER,
            "season": INTEGER,
            "round": or_null(INTEGER),
            "kickoff": TIME,
            "status": _STATUS,
            "home": ref("Team"),
            "away": ref("Team"),
            "home_goals": or_null(INTEGER),
            "away_goals": or_null(INTEGER),
            "minute": {**or_null(INTEGER), "description": "How far it has come, while it is live"},
            "half_time": or_null(array(INTEGER)),
            "outcome": _OUTCOME,
            "open": YES_OR_NO,
            "forecast": or_null(ref("Forecast")),
            "prediction": or_null(ref("Prediction")),
        },
        {
            "stats": {"type": "object"},
            "crowd": or_null(thing({"n": INTEGER, **_SHARES})),
            "goals": array(thing({"minute": INTEGER, "team_id": INTEGER, "player": _NAMED})),
            "absent": array(
                thing(
                    {
                        "player": _NAMED,
                        "team_id": INTEGER,
                        "position": _POSITION,
                        "status": one_of("out", "doubtful"),
                        "reason": or_null(TEXT),
                    }
                )
            ),
        },
    ),
    "TableLine": thing(
        {
            **dict.fromkeys(
                (
                    *("rank", "played", "won", "drawn", "lost", "goals_for", "goals_against"),
                    *("goal_difference", "points", "deducted"),
                ),
                INTEGER,
            ),
            "team": ref("Team"),
            "form": array(one_of("W", "D", "L")),
        }
    ),
    "Player": thing(_PLAYER, {"season": or_null(thing(_SEASON))}),
    "TopScorer": thing(
        {
            "rank": INTEGER,
            "player": ref("Player"),
            "team": ref("Team"),
            "goals": INTEGER,
            "assists": or_null(INTEGER),
            "appearances": or_null(INTEGER),
            "counted": {**YES_OR_NO, "description": "From the goals themselves, not by a source"},
        }
    ),
    "Document": thing(
        {
            "id": INTEGER,
            "title": TEXT,
            "passage": TEXT,
            "url": or_null(TEXT),
            "published_at": TIME,
            "sentiment": {**or_null(NUMBER), "description": "From -1, all bad news, to 1"},
            "teams": array(_NAMED),
            "players": array(_NAMED),
        },
        {"found_by": array(one_of("words", "meaning"))},
    ),
    "TeamForm": thing(
        {
            "team": ref("Team"),
            "last_5": TEXT,
            "last_10": TEXT,
            "points_5": INTEGER,
            "points_10": INTEGER,
            "matches": array(thing({"match_id": INTEGER, "result": one_of("W", "D", "L")})),
        }
    ),
    "ModelPerformance": thing(
        {
            "model_version": INTEGER,
            "family": one_of("real", "simulated"),
            "trained_at": TIME,
            "in_use": YES_OR_NO,
            "matches": INTEGER,
            "artifact": TEXT,
            "trained": thing({"n": INTEGER}, _FIGURES),
            "ledger": thing({"n": INTEGER}, _FIGURES),
        }
    ),
    "PredictionAccuracy": thing(
        {
            "days": INTEGER,
            "n": INTEGER,
            "by_league": array(thing({"league_id": INTEGER, "league": TEXT, "n": INTEGER})),
            "by_month": array(thing({"month": TEXT, "n": INTEGER}, _FIGURES)),
            "calibration": array(
                thing(dict.fromkeys(("n", "said", "happened", "low", "high"), NUMBER))
            ),
            "base_rates": or_null(thing({"n": INTEGER}, _FIGURES)),
        },
        _FIGURES,
    ),
}

FORECAST_DATA: dict[tuple[str, str], tuple[int, Schema]] = {
    ("GET", "/leagues"): (200, array(ref("League"))),
    ("GET", "/leagues/{league_id}"): (200, ref("League")),
    ("GET", "/leagues/{league_id}/standings"): (200, array(ref("TableLine"))),
    ("GET", "/leagues/{league_id}/fixtures"): (200, array(ref("Match"))),
    ("GET", "/teams"): (200, array(ref("Team"))),
    ("GET", "/teams/{team_id}"): (200, ref("Team")),
    ("GET", "/teams/{team_id}/form"): (200, ref("TeamForm")),
    ("GET", "/teams/{team_id}/players"): (200, array(ref("Player"))),
    ("GET", "/leagues/{league_id}/top-scorers"): (200, array(ref("TopScorer"))),
    ("GET", "/teams/{team_id}/fixtures"): (200, array(ref("Match"))),
    ("GET", "/matches"): (200, array(ref("Match"))),
    ("GET", "/matches/live"): (200, array(ref("Match"))),
    ("GET", "/matches/{match_id}"): (200, ref("Match")),
    ("PUT", "/matches/{match_id}/forecast"): (200, ref("Forecast")),
    ("GET", "/users/me/forecasts"): (200, array(ref("Match"))),
    ("GET", "/predictions/upcoming"): (200, array(ref("PredictedMatch"))),
    ("GET", "/predictions/today"): (200, array(ref("PredictedMatch"))),
    ("GET", "/predictions/match/{match_id}"): (200, or_null(ref("Prediction"))),
    ("GET", "/predictions/league/{league_id}"): (200, array(ref("PredictedMatch"))),
    ("GET", "/predictions/history"): (200, array(ref("PredictedMatch"))),
    ("GET", "/documents/search"): (200, array(ref("Document"))),
    ("POST", "/documents"): (201, ref("Document")),
    ("GET", "/analytics/model-performance"): (200, array(ref("ModelPerformance"))),
    ("GET", "/analytics/prediction-accuracy"): (200, ref("PredictionAccuracy")),
}
