"""The showcase's LMS: a Moodle with three links, grades that arrived and some that did not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.showcase import Showcase

DAYS = 10 * 86400
# The answer to an LMS sends itself off, and none is there: who looks at the page does without this script.
SENDS_OFF = re.compile(r"/js/lti\b")


def pages(case: Showcase, teacher: str) -> dict[str, tuple[str, str | None]]:
    ids = case.cohorts
    return {
        "teach-lti": ("/teach/lti", teacher),
        "teach-lti-new": ("/teach/lti/new", teacher),
        "teach-lti-one": (f"/teach/lti/{ids['lms']}", teacher),
        "teach-lti-link": (f"/teach/lti/links/{ids['lms-link']}", teacher),
        "lti-pick": (f"/lti/pick/{case.codes['lms-pick']}?cohort={ids['cohort']}", None),
        "lti-answer": (
            f"/lti/pick/{case.codes['lms-pick']}/answer?choice=cohort:{ids['cohort']}",
            None,
        ),
    }


def play(case: Showcase, teacher: str, learners: list[str]) -> None:
    """Adds to `case.cohorts` and `case.codes`, by the verbs: scripts have no door to an LMS."""
    from mlarena.accounts.models import User
    from mlarena.app import create_app
    from mlarena.core.config import Settings
    from mlarena.core.db import db
    from mlarena.lti import once, platforms
    from mlarena.lti.models import Link, Score

    cohort, week = case.cohorts["cohort"], case.cohorts["week"]
    app = create_app(Settings(_env_file=None, mlarena_data=case.here.data, log_level="ERROR"))
    with app.app_context():
        by = db.session.get_one(User, case.users[teacher])
        moodle = "https://moodle.harbour.example"
        made = platforms.create(
            by,
            {
                "name": "The harbour’s Moodle",
                "issuer": moodle,
                "client_id": "k7mTqZ1v0aWbLxd",
                "deployments": "3",
                "auth_url": f"{moodle}/mod/lti/auth.php",
                "token_url": f"{moodle}/mod/lti/token.php",
                "keys_url": f"{moodle}/mod/lti/certs.php",
            },
        )
        common = {
            "platform_id": made.id,
            "deployment_id": "3",
            "context_id": "12",
            "context_title": "Machine Learning, autumn",
            "line_item": f"{moodle}/mod/lti/services.php/12/lineitems/4/lineitem",
        }
        links = [
            Link(**common, resource_link_id="1", title="Week 1: a straight line",
                 target="assignment", cohort_id=cohort, assignment_id=week, kept_by=by.id),
            Link(**common, resource_link_id="2", title="The arena", target="cohort",
                 cohort_id=cohort, kept_by=by.id),
            Link(**common, resource_link_id="3", title="For the keen", kept_by=by.id),
        ]  # fmt: skip
        db.session.add_all(links)
        db.session.flush()
        # Not to be computed or sent while the pages are looked at.
        still = {"asked": 0, "seen": 1}
        for number, name in enumerate(learners):
            sent = {"percent": 90.0, "sent_percent": 90.0, "status": "sent"}
            refused = {
                **{"percent": 72.5, "status": "dead", "attempts": 8},
                "said": "The LMS does not take the score: it answers 404. User is not enrolled.",
            }
            db.session.add(
                Score(
                    link_id=links[0].id,
                    user_id=case.users[name],
                    sub=str(number),
                    **still,
                    **(refused if number == 0 else sent),
                )
            )
        db.session.commit()
        case.cohorts |= {"lms": made.id, "lms-link": links[0].id}
        case.codes["lms-pick"] = once.keep(
            "pick",
            {
                **{"platform": made.id, "user": by.id, "back": f"{moodle}/mod/lti/return.php"},
                **{"data": None, "deployment": "3", "context": "12", "scored": True},
            },
            DAYS,
        )
        db.session.remove()
        db.engine.dispose()
