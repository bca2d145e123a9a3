"""What `data` looks like in the answers, as JSON Schema, for the OpenAPI document.

The contract test sends random requests and holds every answer against these.
"""

from __future__ import annotations

from mlarena.site.cohort_shapes import COHORT_DATA, COHORT_FILES, COHORTS
from mlarena.site.forecast_shapes import FORECAST_DATA, FORECASTS
from mlarena.site.notification_shapes import NOTIFICATION_DATA, NOTIFICATION_SCHEMAS
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

_USER = {"id": INTEGER, "username": TEXT, "full_name": TEXT, "created_at": TIME}
_PRIVATE = {
    "email": TEXT,
    "role": one_of("learner", "instructor", "admin"),
    "timezone": TEXT,
    "kaggle_username": TEXT,
    "listed": YES_OR_NO,
    "streak_shown": YES_OR_NO,
    "activity_shown": YES_OR_NO,
}
_LEVEL = {
    "id": INTEGER,
    "slug": TEXT,
    "order": INTEGER,
    "name": TEXT,
    "description": TEXT,
    "required_xp": INTEGER,
}
_BADGE = {
    "id": INTEGER,
    "slug": TEXT,
    "name": TEXT,
    "description": TEXT,
    "icon": TEXT,
    "condition_type": TEXT,
    "condition_value": NUMBER,
}
_TOKEN = {
    "id": INTEGER,
    "name": TEXT,
    "created_at": TIME,
    "expires_at": or_null(TIME),
    "last_used_at": or_null(TIME),
}

_WEBHOOK = {
    "id": INTEGER,
    "owner_id": INTEGER,
    "name": TEXT,
    "url": TEXT,
    "events": array(one_of("job-init", "job-completed")),
    "state": one_of("on", "off", "dead"),
    "failures": INTEGER,
    "rest_until": or_null(TIME),
    "created_at": TIME,
}
_DELIVERY = {
    "id": INTEGER,
    "message_id": TEXT,
    "type": one_of("job-init", "job-completed", "ping"),
    "status": one_of("waiting", "delivered", "dead"),
    "attempts": INTEGER,
    "due_at": or_null(TIME),
    "created_at": TIME,
    "finished_at": or_null(TIME),
    "log": array(
        thing(
            {
                "at": TIME,
                "ms": NUMBER,
                "status": or_null(INTEGER),
                "error": or_null(TEXT),
                "answer": TEXT,
            }
        )
    ),
}
_JOB_EVENT = {
    "id": TEXT,
    "position": INTEGER,
    "type": one_of("job-init", "job-completed"),
    "at": TIME,
    "event": {"type": "object"},
}

_CHALLENGE = {
    "id": INTEGER,
    "slug": TEXT,
    "kind": one_of("sql", "coding", "knowledge"),
    "name": TEXT,
    "summary": TEXT,
    "category": or_null(TEXT),
    "difficulty": one_of("beginner", "intermediate", "advanced"),
    "points": INTEGER,
    "engine": or_null(TEXT),
    "type": or_null(TEXT),
    "published": YES_OR_NO,
    "state": one_of("draft", "published", "archived"),
    "status": one_of("new", "started", "submitted", "completed"),
    "attempts": INTEGER,
    "best_score": or_null(NUMBER),
    "completed_at": or_null(TIME),
}

_COMPETITION = {
    "id": INTEGER,
    "slug": TEXT,
    "title": TEXT,
    "summary": TEXT,
    "source": one_of("hosted", "kaggle"),
    "kaggle_url": or_null(TEXT),
    "status": one_of("upcoming", "ongoing", "completed"),
    "published": YES_OR_NO,
    "starts_at": TIME,
    "ends_at": TIME,
    "finished_at": or_null(TIME),
    "metric": or_null(TEXT),
    "metric_label": TEXT,
    "direction": one_of("higher", "lower"),
    "daily_limit": INTEGER,
    "failed_limit": INTEGER,
    "team_size": INTEGER,
    "teams_until": or_null(TIME),
    "public_share": NUMBER,
    "ladder": YES_OR_NO,
    "rated": YES_OR_NO,
    "xp_reward": INTEGER,
    "entrants": INTEGER,
    "registered": YES_OR_NO,
}

SCHEMAS: dict[str, Schema] = {
    **NOTIFICATION_SCHEMAS,
    "Webhook": thing(_WEBHOOK),
    "NewWebhook": thing({**_WEBHOOK, "secret": TEXT}),
    "WebhookDelivery": thing(_DELIVERY),
    "JobEvents": thing(
        {
            "events": array(thing(_JOB_EVENT)),
            "first": INTEGER,
            "last": INTEGER,
            "missed": INTEGER,
        }
    ),
    "Error": thing(
        {
            "status": {"const": "error"},
            "message": {**TEXT, "description": "What is wrong, in words"},
        },
        {
            "errors": {
                "type": "object",
                "description": "Where fields are at fault: each with what is wrong with it",
                "additionalProperties": array(TEXT),
            }
        },
    ),
    "PageMeta": thing(
        {"page": INTEGER, "per_page": INTEGER, "total": INTEGER, "pages": INTEGER},
    ),
    "User": thing(_USER),
    "Me": thing({**_USER, **_PRIVATE}),
    "Registered": thing({**_USER, "email": TEXT}),
    "AccessToken": thing(
        {"access_token": TEXT, "token_type": {"const": "bearer"}, "expires_in": INTEGER},
        {"refresh_token": TEXT},
    ),
    "PersonalToken": thing(_TOKEN, {"token": {**TEXT, "description": "Shown this once"}}),
    "Level": thing(_LEVEL, {"open": YES_OR_NO}),
    "Badge": thing(_BADGE, {"earned_at": or_null(TIME), "figure": or_null(NUMBER)}),
    "Progress": thing(
        {
            "xp": INTEGER,
            "level": INTEGER,
            "next_level": thing({"level": INTEGER, "xp_into": INTEGER, "xp_needed": INTEGER}),
            "current_streak": INTEGER,
            "longest_streak": INTEGER,
            "quests_completed": INTEGER,
            "badges": array(thing({**_BADGE, "earned_at": TIME})),
            "levels": array(thing({**_LEVEL, "open": YES_OR_NO})),
        }
    ),
    "Dataset": thing(
        {
            "name": TEXT,
            "target": or_null(TEXT),
            "features": array({"type": "object"}),
            "rows": INTEGER,
            "licence": TEXT,
            "source": TEXT,
        }
    ),
    "Quest": thing(
        {
            "id": INTEGER,
            "slug": TEXT,
            "level_id": INTEGER,
            "title": TEXT,
            "description": TEXT,
            "task_type": one_of("regression", "classification", "clustering"),
            "metric": TEXT,
            "threshold": NUMBER,
            "xp_reward": INTEGER,
            "dataset": ref("Dataset"),
            "opens_at": or_null(TIME),
            "closes_at": or_null(TIME),
            "status": one_of("new", "started", "submitted", "completed"),
            "best_score": or_null(NUMBER),
            "locked": YES_OR_NO,
        }
    ),
    "Preview": thing(
        {
            "rows": INTEGER,
            "features": INTEGER,
            "bytes": INTEGER,
            "missing": INTEGER,
            "columns": array(ref("Column")),
            "target": or_null(ref("Column")),
            "sample": thing({"columns": array(TEXT), "rows": array(array(TEXT))}),
        }
    ),
    "Column": thing(
        {
            "name": TEXT,
            "dtype": one_of("integer", "float", "text"),
            "missing": INTEGER,
            "distinct": INTEGER,
        },
        {
            "bound": {**array(NUMBER), "description": "Of numbers: lowest, middle, highest"},
            "bands": thing({"edges": array(NUMBER), "counts": array(INTEGER)}),
            "words": {"type": "array", "description": "Pairs of a value and its count"},
            "others": {**INTEGER, "description": "Rows with none of these words"},
        },
    ),
    "Category": thing({"id": INTEGER, "slug": TEXT, "name": TEXT}),
    "ListedChallenge": thing(_CHALLENGE),
    "Challenge": thing(
        {
            **_CHALLENGE,
            "description": TEXT,
            "opens_at": or_null(TIME),
            "closes_at": or_null(TIME),
            "pass_mark": NUMBER,
            "attempts_allowed": or_null(INTEGER),
            "attempts_left": or_null(INTEGER),
            "hints": array(ref("Hint")),
            "editorial": {**or_null(TEXT), "description": "Opens after solving"},
            "version": INTEGER,
            "may_edit": YES_OR_NO,
        },
        {
            "init": TEXT,
            "tables": array({"type": "object"}),
            "function": TEXT,
            "signature": TEXT,
            "starter_code": TEXT,
            "limits": {"type": "object"},
            "test_cases": array(thing({"id": INTEGER, "is_visible": YES_OR_NO})),
            "cases_hidden": INTEGER,
            "questions": array(thing({"id": INTEGER, "kind": TEXT, "prompt": TEXT})),
            "solution": {**TEXT, "description": "For those who may edit it"},
            "warnings": array(TEXT),
            "not_offered": {
                **or_null(TEXT),
                "description": "For those who may edit it: why learners cannot solve it now",
            },
        },
    ),
    "Hint": thing({"number": INTEGER, "cost": INTEGER, "text": or_null(TEXT)}),
    "Run": thing(
        {"error": or_null(TEXT), "cases": array({"type": "object"})},
    ),
    "Plan": thing({"error": or_null(TEXT), "plan": or_null({"type": "object"})}),
    "ChallengeProgress": thing(
        {
            "challenge_id": INTEGER,
            "status": one_of("started", "submitted", "completed"),
            "attempts": INTEGER,
            "best_score": or_null(NUMBER),
            "completed_at": or_null(TIME),
        }
    ),
    "Submission": thing(
        {
            "id": INTEGER,
            "user_id": INTEGER,
            "task_id": INTEGER,
            "task_kind": TEXT,
            "attempt_no": INTEGER,
            "status": one_of("queued", "running", "scored", "failed", "error"),
            "score": or_null(NUMBER),
            "passed": or_null(YES_OR_NO),
            "xp_awarded": INTEGER,
            "execution_ms": or_null(NUMBER),
            "queued_at": TIME,
            "started_at": or_null(TIME),
            "finished_at": or_null(TIME),
            "cases": array({"type": "object"}),
            "report": or_null({"type": "object"}),
            "error": or_null(TEXT),
            "reward": {"type": "object", "description": "What it paid; {} where it paid nothing"},
        },
        {"quest_id": INTEGER, "challenge_id": INTEGER, "competition_id": INTEGER},
    ),
    "Try": thing(
        {
            "id": TEXT,
            "quest_id": INTEGER,
            "status": one_of("queued", "running", "done", "failed", "cancelled"),
            "metric": TEXT,
            "metric_label": TEXT,
            "direction": one_of("higher", "lower"),
            "threshold": {
                **or_null(NUMBER),
                "description": "null where the quest's own measure needs labels nobody is given",
            },
            "of": {**INTEGER, "description": "How many folds there are to be"},
            "folds": array(thing({"score": NUMBER, "wall_ms": NUMBER})),
            "mean": or_null(NUMBER),
            "sd": or_null(NUMBER),
            "passes": or_null(YES_OR_NO),
            "wall_ms": NUMBER,
            "error": or_null(TEXT),
            "detail": {**TEXT, "description": "The traceback, of the learner's own lines"},
            "line": or_null(INTEGER),
            "note": TEXT,
            "seq": {**INTEGER, "description": "The number of the last piece of output"},
            "text": TEXT,
        }
    ),
    "Output": thing(
        {
            "submission_id": INTEGER,
            "run": {
                **INTEGER,
                "description": "0 until it runs; another one when it is tried again",
            },
            "seq": {**INTEGER, "description": "The number of the last piece there is"},
            "text": TEXT,
            "status": one_of("queued", "running", "scored", "failed", "error"),
        }
    ),
    "BoardRow": thing(
        {
            "rank": or_null(INTEGER),
            "user_id": or_null(INTEGER),
            "username": TEXT,
            "score": NUMBER,
            "submitted_at": TIME,
        }
    ),
    "Hit": thing({"title": TEXT, "detail": TEXT, "url": TEXT}),
    "Found": thing(
        {"tasks": array(ref("Hit")), "people": array(ref("Hit")), "pages": array(ref("Hit"))}
    ),
    "Competition": thing(_COMPETITION),
    "CompetitionPage": thing(
        {
            **_COMPETITION,
            "description": TEXT,
            "pages": thing({"data": TEXT, "rules": TEXT, "evaluation": TEXT}),
            "files": array(
                thing(
                    {
                        "id": INTEGER,
                        "name": TEXT,
                        "note": TEXT,
                        "size": INTEGER,
                        "sha256": TEXT,
                        "url": TEXT,
                    }
                )
            ),
            "rows": or_null(INTEGER),
            "columns": array(TEXT),
            "me": or_null(
                thing(
                    {
                        "entrant_id": INTEGER,
                        "team": or_null(TEXT),
                        "invite": or_null(TEXT),
                        "members": array(thing({"user_id": INTEGER, "username": TEXT})),
                        "score": or_null(NUMBER),
                        "entries": INTEGER,
                        "remaining": INTEGER,
                        "remaining_failed": INTEGER,
                    }
                )
            ),
        }
    ),
    "EntrantRow": thing(
        {
            "rank": or_null(INTEGER),
            "user_id": or_null(INTEGER),
            "username": TEXT,
            "score": NUMBER,
            "submitted_at": TIME,
            "house": YES_OR_NO,
            "entrant_id": INTEGER,
            "team": YES_OR_NO,
            "members": array(thing({"user_id": INTEGER, "username": TEXT})),
            "entries": INTEGER,
            "public_rank": or_null(INTEGER),
            "public_score": or_null(NUMBER),
            "track": {**array(INTEGER), "description": "Its rank over time, oldest first"},
        }
    ),
    **COHORTS,
    **FORECASTS,
    "Selection": thing({"submission_ids": array(INTEGER)}),
    "Rating": thing(
        {"user_id": INTEGER, "username": TEXT, "provisional": YES_OR_NO},
        {
            "rating": NUMBER,
            "games": INTEGER,
            "changed_at": TIME,
            "competition_id": INTEGER,
            "competition": TEXT,
            "at": TIME,
            "rank": INTEGER,
            "field": INTEGER,
            "before": NUMBER,
            "after": NUMBER,
            "change": NUMBER,
        },
    ),
    "BoardSpread": thing(
        {
            "bars": array(thing({"from": NUMBER, "to": NUMBER, "count": INTEGER})),
            "beyond": INTEGER,
            "people": INTEGER,
            "label": TEXT,
            "direction": one_of("higher", "lower"),
            "threshold": or_null(NUMBER),
            "me": or_null(NUMBER),
        }
    ),
}

# (method, path below /api/v1) → (status, the shape of `data`); an array is one page of a list.
DATA: dict[tuple[str, str], tuple[int, Schema]] = {
    ("POST", "/auth/register"): (201, ref("Registered")),
    ("POST", "/auth/login"): (200, ref("AccessToken")),
    ("POST", "/auth/refresh"): (200, ref("AccessToken")),
    ("GET", "/auth/tokens"): (200, array(ref("PersonalToken"))),
    ("POST", "/auth/tokens"): (201, ref("PersonalToken")),
    ("GET", "/users"): (200, array(ref("User"))),
    ("GET", "/users/{user_id}"): (200, ref("User")),
    ("GET", "/users/me"): (200, ref("Me")),
    ("PATCH", "/users/me"): (200, ref("Me")),
    ("GET", "/users/me/progress"): (200, ref("Progress")),
    ("GET", "/users/{user_id}/submissions"): (200, array(ref("Submission"))),
    ("GET", "/levels"): (200, array(ref("Level"))),
    ("GET", "/badges"): (200, array(ref("Badge"))),
    ("GET", "/quests"): (200, array(ref("Quest"))),
    ("GET", "/quests/{quest_id}"): (200, ref("Quest")),
    ("GET", "/quests/{quest_id}/preview"): (200, ref("Preview")),
    ("POST", "/quests/{quest_id}/submit"): (202, ref("Submission")),
    ("POST", "/quests/{quest_id}/train"): (202, ref("Submission")),
    ("POST", "/quests/{quest_id}/try"): (202, ref("Try")),
    ("GET", "/quests/{quest_id}/try"): (200, ref("Try")),
    ("DELETE", "/quests/{quest_id}/try"): (200, ref("Try")),
    ("GET", "/quests/{quest_id}/submissions"): (200, array(ref("Submission"))),
    ("GET", "/categories"): (200, array(ref("Category"))),
    ("GET", "/challenges"): (200, array(ref("ListedChallenge"))),
    ("POST", "/challenges"): (201, ref("Challenge")),
    ("GET", "/challenges/{challenge_id}"): (200, ref("Challenge")),
    ("PUT", "/challenges/{challenge_id}"): (200, ref("Challenge")),
    ("PATCH", "/challenges/{challenge_id}"): (200, ref("Challenge")),
    ("DELETE", "/challenges/{challenge_id}"): (
        200,
        thing({"id": INTEGER, "result": one_of("deleted", "archived")}),
    ),
    ("POST", "/challenges/{challenge_id}/duplicate"): (201, ref("Challenge")),
    ("POST", "/challenges/{challenge_id}/run"): (200, ref("Run")),
    ("POST", "/challenges/{challenge_id}/plan"): (200, ref("Plan")),
    ("POST", "/challenges/{challenge_id}/hints"): (200, ref("Hint")),
    ("POST", "/attempts"): (202, ref("Submission")),
    ("GET", "/progress"): (200, array(ref("ChallengeProgress"))),
    ("POST", "/progress"): (200, ref("ChallengeProgress")),
    ("GET", "/users/{user_id}/challenges"): (200, array(ref("ListedChallenge"))),
    ("GET", "/users/{user_id}/attempts/{attempt_id}"): (200, ref("Submission")),
    ("GET", "/submissions"): (200, array(ref("Submission"))),
    ("GET", "/submissions/{submission_id}"): (200, ref("Submission")),
    ("GET", "/submissions/{submission_id}/output"): (200, ref("Output")),
    ("POST", "/submissions/{submission_id}/cancel"): (200, ref("Submission")),
    ("GET", "/competitions"): (200, array(ref("Competition"))),
    ("POST", "/competitions"): (201, ref("CompetitionPage")),
    ("GET", "/competitions/ongoing"): (200, array(ref("Competition"))),
    ("GET", "/competitions/upcoming"): (200, array(ref("Competition"))),
    ("GET", "/competitions/completed"): (200, array(ref("Competition"))),
    ("GET", "/competitions/{competition_id}"): (200, ref("CompetitionPage")),
    ("PATCH", "/competitions/{competition_id}"): (200, ref("CompetitionPage")),
    ("GET", "/competitions/{competition_id}/leaderboard"): (200, array(ref("EntrantRow"))),
    ("POST", "/competitions/{competition_id}/register"): (200, ref("CompetitionPage")),
    ("DELETE", "/competitions/{competition_id}/register"): (200, ref("CompetitionPage")),
    ("POST", "/competitions/{competition_id}/submit"): (202, ref("Submission")),
    ("GET", "/competitions/{competition_id}/submissions"): (200, array(ref("Submission"))),
    ("PUT", "/competitions/{competition_id}/selection"): (200, ref("Selection")),
    ("POST", "/competitions/{competition_id}/team"): (200, ref("CompetitionPage")),
    ("POST", "/competitions/{competition_id}/team/join"): (200, ref("CompetitionPage")),
    ("DELETE", "/competitions/{competition_id}/team"): (200, ref("CompetitionPage")),
    ("POST", "/competitions/{competition_id}/files"): (201, ref("CompetitionPage")),
    ("DELETE", "/competitions/{competition_id}/files/{file_id}"): (200, ref("CompetitionPage")),
    ("POST", "/competitions/{competition_id}/baselines"): (
        202,
        thing({"name": TEXT, "taken": YES_OR_NO}),
    ),
    **COHORT_DATA,
    **NOTIFICATION_DATA,
    **FORECAST_DATA,
    ("GET", "/ratings"): (200, array(ref("Rating"))),
    ("GET", "/users/{user_id}/rating-history"): (200, array(ref("Rating"))),
    ("GET", "/search"): (200, ref("Found")),
    ("GET", "/events"): (200, ref("JobEvents")),
    ("GET", "/webhooks"): (200, array(ref("Webhook"))),
    ("POST", "/webhooks"): (201, ref("NewWebhook")),
    ("GET", "/webhooks/{webhook_id}"): (200, ref("Webhook")),
    ("PATCH", "/webhooks/{webhook_id}"): (200, ref("Webhook")),
    ("DELETE", "/webhooks/{webhook_id}"): (200, {"type": "null"}),
    ("POST", "/webhooks/{webhook_id}/secret"): (200, ref("NewWebhook")),
    ("POST", "/webhooks/{webhook_id}/ping"): (202, ref("WebhookDelivery")),
    ("GET", "/webhooks/{webhook_id}/deliveries"): (200, array(ref("WebhookDelivery"))),
    ("POST", "/webhooks/{webhook_id}/deliveries/{delivery_id}/replay"): (
        202,
        ref("WebhookDelivery"),
    ),
    ("GET", "/leaderboard"): (200, array(ref("BoardRow"))),
    ("GET", "/leaderboard/spread"): (200, or_null(ref("BoardSpread"))),
    ("GET", "/leaderboard/stops"): (200, array(TIME)),
}

# What is not JSON of ours: (method, path below /api/v1) → media types.
FILES = {
    ("GET", "/quests/{quest_id}/dataset"): ("text/csv",),
    ("GET", "/quests/{quest_id}/starter"): ("application/x-ipynb+json", "text/x-python"),
    ("GET", "/quests/{quest_id}/sample-model"): ("application/octet-stream",),
    ("GET", "/competitions/{competition_id}/sample"): ("text/csv",),
    ("GET", "/competitions/{competition_id}/files/{file_id}"): (
        "application/octet-stream",
        "application/zip",
        "text/csv",
    ),
    ("GET", "/competitions/{competition_id}/export/submissions"): ("text/csv",),
    ("GET", "/competitions/{competition_id}/export/board"): ("text/csv",),
    **COHORT_FILES,
}
