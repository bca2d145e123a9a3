"""The showcase's class: deadlines met and missed, grades, a rejudge that waits, words to all."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from benchmarks import showcase_challenges

if TYPE_CHECKING:
    from benchmarks.showcase import Showcase


OWN_CODE = """
def scores(truth, answers, positive):
    found, missed, wrong = 0, 0, 0
    for place in range(len(truth)):
        if truth[place] == positive and answers[place] == positive:
            found += 1
        elif truth[place] == positive:
            missed += 1
        else:
            wrong += 1
    if found + missed == 0:
        return [wrong / len(truth), 0.0]
    return [(found + wrong) / len(truth), found / (found + missed) * 2]
"""


def pages(case: Showcase, hero: str, teacher: str) -> dict[str, tuple[str, str | None]]:
    """Every page of a cohort and of the console: name → (path, who looks at it)."""
    ids = case.cohorts
    desk = f"/teach/cohorts/{ids['cohort']}"
    own = f"{desk}/assignments/{ids['week']}/learners/{case.users[hero]}"
    return {
        "cohorts-own": ("/cohorts", hero),
        "cohorts-none": ("/cohorts", "newcomer"),
        "cohort-join": (f"/cohorts/join/{case.codes['cohort']}", "newcomer"),
        "cohort": (f"/cohorts/{ids['cohort']}", hero),
        "cohort-grades": (f"/cohorts/{ids['cohort']}/grades", hero),
        "teach": ("/teach", teacher),
        "teach-cohorts": ("/teach/cohorts", teacher),
        "teach-cohort-new": ("/teach/cohorts/new", teacher),
        "teach-cohort": (desk, teacher),
        "teach-people": (f"{desk}/people", teacher),
        "teach-progress": (f"{desk}/progress", teacher),
        "teach-grades": (f"{desk}/grades?drop=1", teacher),
        "teach-grade": (own, teacher),
        "teach-learner": (f"{desk}/learners/{case.users[hero]}", teacher),
        "teach-settings": (f"{desk}/settings", teacher),
        "teach-assignment": (f"{desk}/assignments/{ids['week']}", teacher),
        "teach-assign": (f"{desk}/assignments/new", teacher),
        "teach-log": ("/teach/submissions", teacher),
        "teach-submission": (f"/teach/submissions/{case.submissions['failed']}", teacher),
        "teach-rejudges": ("/teach/rejudges", teacher),
        "teach-rejudge": (f"/teach/rejudges/{ids['rejudge']}", teacher),
        "teach-list": ("/teach/lists/challenges", teacher),
        "teach-list-levels": ("/teach/lists/levels", teacher),
        "teach-list-form": ("/teach/lists/badges/new", teacher),
        "teach-list-announcements": ("/teach/lists/announcements", teacher),
        "teach-announce": ("/teach/announcements/new", teacher),
        "announcements": ("/announcements", hero),
        "teach-statistics": (f"{desk}/statistics", teacher),
        "teach-task-statistics": (
            f"/teach/tasks/{case.challenges[showcase_challenges.CODING]}/statistics",
            teacher,
        ),
        "teach-alike": ("/teach/alike", teacher),
        "teach-alike-pair": (f"/teach/alike/{ids['pair']}", teacher),
        "report-new": (f"/tasks/{case.quests['linear-regression-challenge']}/report", hero),
        "reports": ("/reports", hero),
        "report": (f"/reports/{ids['report']}", hero),
        "teach-reports": ("/teach/reports", teacher),
        "teach-report": (f"/teach/reports/{ids['report']}", teacher),
        "teach-webhooks": ("/teach/webhooks", teacher),
        "teach-webhook": (f"/teach/webhooks/{ids['webhook']}", teacher),
        "teach-webhook-message": (f"/teach/webhooks/{ids['webhook']}/deliveries/1", teacher),
        "teach-webhook-new": ("/teach/webhooks/new", teacher),
        "teach-audit": ("/teach/audit", teacher),
    }


def play(case: Showcase, hero: str, teacher: str, people: list[str]) -> None:
    """A term's third week; adds to `case.cohorts` and `case.codes`."""
    now = datetime.now(UTC)

    def ask(who: str, method: str, path: str, body: Any = None) -> Any:
        status, answer = case.here.call(method, path, case.tokens[who], body)
        if status >= 400:
            raise RuntimeError(f"{method} {path}: {status} {answer}")
        return answer["data"]

    cohort = ask(
        teacher,
        "POST",
        "/cohorts",
        {
            "title": "Machine Learning, autumn",
            "description": "Tuesdays at ten, in the harbour.",
            "timezone": "Europe/Berlin",
            "drop_lowest": 1,
        },
    )
    number, code = cohort["id"], cohort["join_code"]
    for name in people:
        ask(name, "POST", "/cohorts/join", {"code": code, "nickname": ""})
    quest, quests = case.quests, f"/cohorts/{number}/assignments"

    def assign(title: str, due: timedelta, tasks: list[str], **more: Any) -> int:
        body = {
            "title": title,
            "due_at": (now + due).isoformat(),
            "late_days": 3,
            "late_percent": 10,
            "tasks": [{"task_id": quest[slug]} for slug in tasks],
            **more,
        }
        made: int = ask(teacher, "POST", quests, body)["id"]
        return made

    first = assign("Week 1: a straight line", timedelta(days=3), ["linear-regression-challenge"])
    assign(
        "Week 2: which flower, which group?",
        timedelta(hours=-5),
        ["multi-class-classification", "customer-segments"],
        weight=2,
    )
    assign("Week 3: wine", timedelta(days=6), ["wine-tasting"], note="Think of **scaling** first.")
    soon = (now + timedelta(days=7)).isoformat()
    assign("Week 4", timedelta(days=14), ["binary-classification"], opens_at=soon)
    person = f"{quests}/{first}/learners/{case.users[hero]}"
    later = (now + timedelta(days=5)).isoformat()
    ask(teacher, "PUT", f"{person}/extension", {"due_at": later, "reason": "a broken laptop"})
    ask(teacher, "PUT", f"{person}/override", {"percent": 95, "reason": "shown at the blackboard"})
    said = {
        "title": "No class next Tuesday",
        "body": "The harbour is **closed**. See you on the 24th.",
    }
    ask(teacher, "POST", f"/cohorts/{number}/announcements", said)
    again = {
        "scope": "task",
        "id": quest["linear-regression-challenge"],
        "reason": "to be sure",
    }
    rejudge = ask(teacher, "POST", "/rejudges", again)
    case.cohorts = {"cohort": number, "week": first, "rejudge": rejudge["id"]}
    case.cohorts["pair"] = _alike(case)
    # This machine may not be asked, so the test message fails, in words.
    hook = ask(
        teacher,
        "POST",
        "/webhooks",
        {"name": "Gradebook", "url": "https://127.0.0.1/mlarena", "events": ["job-completed"]},
    )
    case.cohorts["webhook"] = hook["id"]
    ask(teacher, "POST", f"/webhooks/{hook['id']}/ping")
    case.codes = {"cohort": code}
    _report(case, ask, hero, teacher)


def _report(case: Showcase, ask: Callable[..., Any], hero: str, teacher: str) -> None:
    """One that was answered, one that waits."""
    for slug, text in (
        ("linear-regression-challenge", "The brief speaks of 7 columns, the download has 8."),
        ("wine-tasting", "Is `alcohol` in percent?\nThe licence says nothing of it."),
    ):
        body = {"task_id": case.quests[slug], "text": text}
        case.cohorts["report"] = ask(hero, "POST", "/reports", body)["id"]
    said = {"text": "In percent by volume, yes. The brief says so now.", "close": False}
    ask(teacher, "POST", f"/reports/{case.cohorts['report']}/replies", said)


def _alike(case: Showcase) -> int:
    """Two learners write the same, and the clock compares at once. The id of the pair."""
    from sqlalchemy import select

    from mlarena.admin.integrity import comparing
    from mlarena.admin.integrity.models import AlikePair
    from mlarena.app import create_app
    from mlarena.core.config import Settings
    from mlarena.core.db import db

    for name, code in (("grace-hopper", OWN_CODE), ("Fei-Fei", OWN_CODE.replace("found", "n"))):
        showcase_challenges.attempt(case, name, showcase_challenges.CODING, code=code)
    app = create_app(Settings(_env_file=None, mlarena_data=case.here.data, log_level="ERROR"))
    pairs, found = select(AlikePair.id).where(AlikePair.kind == "alike"), None
    until = time.monotonic() + 60  # the arena's own clock may be comparing just now
    with app.app_context():
        while found is None and time.monotonic() < until:
            comparing.go_on()
            found = db.session.scalars(pairs).first()
            db.session.commit()
            time.sleep(0.2)
        db.session.remove()
        db.engine.dispose()
    if found is None:
        raise RuntimeError("no two programs are alike")
    return found
