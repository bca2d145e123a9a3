"""What the cohorts' and the console's answers look like, for shapes.py."""

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

NOTHING: Schema = {"type": "null"}
_COHORT = {
    "id": INTEGER,
    "title": TEXT,
    "description": TEXT,
    "timezone": TEXT,
    "names": one_of("usernames", "nicknames"),
    "drop_lowest": INTEGER,
    "archived": YES_OR_NO,
    "created_at": TIME,
}
_CODE = {"join_code": {**or_null(TEXT), "description": "For who leads it; null: closed"}}
_ASSIGNMENT = {
    "id": INTEGER,
    "title": TEXT,
    "note": TEXT,
    "opens_at": or_null(TIME),
    "due_at": or_null(TIME),
    "late_percent": NUMBER,
    "late_days": INTEGER,
    "counts": one_of("best", "last"),
    "partial": YES_OR_NO,
    "weight": NUMBER,
    "tasks": array(thing({"task_id": INTEGER, "kind": TEXT, "title": TEXT, "points": NUMBER})),
}
_OWN = {
    "extended": YES_OR_NO,
    "open": YES_OR_NO,
    "done": INTEGER,
    "progress": {"type": "object"},
}
_SAID = {"id": INTEGER, "title": TEXT, "body": TEXT}
_LEARNER = {
    "user_id": INTEGER,
    "username": TEXT,
    "full_name": TEXT,
    "email": TEXT,
    "nickname": TEXT,
    "joined_at": TIME,
    "left_at": or_null(TIME),
}
_PERCENT = or_null(NUMBER)
_GRADE = {
    "assignment_id": INTEGER,
    "title": TEXT,
    "weight": NUMBER,
    "due_at": or_null(TIME),
    "extended": YES_OR_NO,
    "state": one_of("not open", "not due", "missing", "graded", "overridden"),
    "percent": {**_PERCENT, "description": "null: it does not count yet"},
    "computed": _PERCENT,
    "override": or_null(thing({"percent": NUMBER, "reason": TEXT, "by": TEXT, "at": TIME})),
    "tasks": array(
        thing(
            {
                "task_id": INTEGER,
                "title": TEXT,
                "points": NUMBER,
                "attempts": INTEGER,
                "submitted_at": or_null(TIME),
                "submission_id": or_null(INTEGER),
                "score_percent": _PERCENT,
                "days_late": INTEGER,
                "percent": _PERCENT,
            }
        )
    ),
}

COHORTS: dict[str, Schema] = {
    "Cohort": thing(_COHORT, _CODE),
    "CohortPage": thing(
        {
            **_COHORT,
            "assignments": array(thing({**_ASSIGNMENT, **_OWN})),
            "announcements": array(thing({**_SAID, "created_at": TIME})),
        },
        _CODE,
    ),
    "Assignment": thing(_ASSIGNMENT),
    "CohortLearner": thing(_LEARNER, {"tasks": {"type": "object"}}),
    "Grades": thing(
        {
            "user_id": INTEGER,
            "username": TEXT,
            "full_name": TEXT,
            "total": _PERCENT,
            "dropped": array(INTEGER),
            "assignments": array(thing(_GRADE)),
        }
    ),
    "Rejudge": thing(
        {
            "id": INTEGER,
            "about": TEXT,
            "title": TEXT,
            "reason": TEXT,
            "status": one_of("judging", "judged", "unchanged", "applying", "applied", "discarded"),
            "total": INTEGER,
            "by": TEXT,
            "created_at": TIME,
            "finished_at": or_null(TIME),
            "counts": thing(
                dict.fromkeys(("waiting", "same", "changed", "error", "applied", "gone"), INTEGER)
            ),
        }
    ),
    "AuditEntry": thing(
        {
            "id": INTEGER,
            "at": TIME,
            "actor_id": or_null(INTEGER),
            "actor": TEXT,
            "action": TEXT,
            "about": TEXT,
            "details": {"type": "object"},
        }
    ),
    "RosterReport": thing(
        {
            "encoding": TEXT,
            **dict.fromkeys(("rows", "new", "joins", "returns", "already"), INTEGER),
            "problems": array(thing({"row": INTEGER, "message": TEXT})),
        }
    ),
}

_OF = "/cohorts/{cohort_id}"
_WORK = f"{_OF}/assignments/{{assignment_id}}"

COHORT_DATA: dict[tuple[str, str], tuple[int, Schema]] = {
    ("GET", "/cohorts"): (
        200,
        array(thing({**_COHORT, "members": INTEGER, "next_due_at": or_null(TIME)})),
    ),
    ("POST", "/cohorts/join"): (200, ref("Cohort")),
    ("GET", _OF): (200, ref("CohortPage")),
    ("GET", f"{_OF}/grades"): (200, ref("Grades")),
    ("POST", f"{_OF}/leave"): (200, NOTHING),
    ("GET", "/cohorts/led"): (200, array(ref("Cohort"))),
    ("POST", "/cohorts"): (201, ref("Cohort")),
    ("PATCH", _OF): (200, ref("Cohort")),
    ("POST", f"{_OF}/code"): (200, ref("Cohort")),
    ("DELETE", f"{_OF}/code"): (200, ref("Cohort")),
    ("POST", f"{_OF}/staff"): (200, array(thing({"id": INTEGER, "username": TEXT}))),
    ("DELETE", f"{_OF}/staff/{{user_id}}"): (200, NOTHING),
    ("GET", f"{_OF}/members"): (200, array(ref("CohortLearner"))),
    ("DELETE", f"{_OF}/members/{{user_id}}"): (200, NOTHING),
    ("POST", f"{_OF}/roster"): (200, ref("RosterReport")),
    ("POST", f"{_OF}/announcements"): (201, thing(_SAID)),
    ("POST", f"{_OF}/assignments"): (201, ref("Assignment")),
    ("PATCH", _WORK): (200, ref("Assignment")),
    ("DELETE", _WORK): (200, NOTHING),
    ("PUT", f"{_WORK}/learners/{{user_id}}/extension"): (200, NOTHING),
    ("DELETE", f"{_WORK}/learners/{{user_id}}/extension"): (200, NOTHING),
    ("PUT", f"{_WORK}/learners/{{user_id}}/override"): (200, NOTHING),
    ("GET", f"{_OF}/progress"): (200, array(ref("CohortLearner"))),
    ("GET", f"{_OF}/gradebook"): (200, array(ref("Grades"))),
    ("POST", "/rejudges"): (202, ref("Rejudge")),
    ("GET", "/rejudges/{rejudge_id}"): (200, ref("Rejudge")),
    ("POST", "/rejudges/{rejudge_id}/apply"): (200, ref("Rejudge")),
    ("POST", "/rejudges/{rejudge_id}/discard"): (200, ref("Rejudge")),
    ("GET", "/audit"): (200, array(ref("AuditEntry"))),
}
COHORT_FILES = {("GET", f"{_OF}/gradebook.csv"): ("text/csv",)}
