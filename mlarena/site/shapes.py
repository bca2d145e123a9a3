"""What `data` looks like in the answers, as JSON Schema, for the OpenAPI document.

The contract test sends random requests and holds every answer against these.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

INTEGER: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
TEXT: Schema = {"type": "string"}
YES_OR_NO: Schema = {"type": "boolean"}
TIME: Schema = {"type": "string", "format": "date-time", "description": "RFC 3339, UTC, with `Z`"}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def array(of: Schema) -> Schema:
    return {"type": "array", "items": of}


def or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def one_of(*words: str) -> Schema:
    return {"type": "string", "enum": list(words)}


def thing(fields: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    """An object: `fields` are always there, `optional` ones may be, later versions may add more."""
    return {
        "type": "object",
        "properties": {**fields, **(optional or {})},
        "required": list(fields),
    }


_USER = {"id": INTEGER, "username": TEXT, "full_name": TEXT, "created_at": TIME}
_PRIVATE = {
    "email": TEXT,
    "role": one_of("learner", "instructor", "admin"),
    "timezone": TEXT,
    "kaggle_username": TEXT,
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

SCHEMAS: dict[str, Schema] = {
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
    "Badge": thing(_BADGE),
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
            "status": one_of("new", "started", "submitted", "completed"),
            "best_score": or_null(NUMBER),
            "locked": YES_OR_NO,
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
        },
        {"quest_id": INTEGER},
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
    ("POST", "/quests/{quest_id}/submit"): (202, ref("Submission")),
    ("GET", "/quests/{quest_id}/submissions"): (200, array(ref("Submission"))),
    ("GET", "/submissions"): (200, array(ref("Submission"))),
    ("GET", "/submissions/{submission_id}"): (200, ref("Submission")),
    ("GET", "/leaderboard"): (200, array(ref("BoardRow"))),
}

# What is not JSON: (method, path below /api/v1) → media type.
FILES = {("GET", "/quests/{quest_id}/dataset"): "text/csv"}
