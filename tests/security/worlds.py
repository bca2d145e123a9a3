"""What there has to be before somebody can be refused it."""

from __future__ import annotations

import base64
import io
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from mlarena.accounts.models import User
from mlarena.admin.integrity.models import AlikePair
from mlarena.cohorts import announcements, assignments
from mlarena.cohorts import service as cohorts
from mlarena.competitions import authoring as organise
from mlarena.competitions import service as contest
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.core.installation import InstallationSecret
from mlarena.forecasts import leagues
from mlarena.forecasts.documents import ingest
from mlarena.forecasts.models import TeamAlias
from mlarena.forecasts.record import record
from mlarena.forecasts.sources.found import Found
from mlarena.lti.models import Link, Platform
from mlarena.notifications import routing
from mlarena.notifications.models import Notification
from mlarena.notifications.service import About, heads, notify
from mlarena.quests.desk import writing
from mlarena.reports import service as reports
from mlarena.submissions import revisions
from mlarena.submissions.models import Submission
from mlarena.submissions.rejudging.models import Rejudge
from mlarena.webhooks.models import Delivery, Webhook

# Columns that hold what opens something, or what could be tried against a guess.
SECRETS = {
    *("password_hash", "token_hash", "secret_hash", "code_hash", "salt", "old_salt"),
    "claim_token",
}


def secrets_kept() -> list[tuple[str, bytes]]:
    """Whatever the database holds now that no answer may: where it stands, and how it would be read."""
    found = [("a private key", b"PRIVATE KEY")]
    for table in db.metadata.sorted_tables:
        columns = [column for column in table.columns if column.name in SECRETS]
        rows = db.session.execute(sa.select(*columns)).all() if columns else []
        for row in rows:
            for column, value in zip(columns, row, strict=True):
                if value is not None and len(value) >= 8:
                    raw = value if isinstance(value, bytes) else str(value).encode()
                    found.append((str(column), raw))
    for secret in db.session.scalars(sa.select(InstallationSecret)):
        name = f"the secret {secret.name}"
        shapes = (secret.value, secret.value.hex().encode(), base64.b64encode(secret.value))
        found += [(name, shape) for shape in shapes]
    return found


def match_to_come() -> int:
    """A match of tomorrow, in league 1 between teams 1 and 2. Its id."""
    leagues.seed_leagues()
    league = db.session.get(leagues.League, 1)
    record(league, "csv", [Found(2026, "Home", "Away", utcnow() + timedelta(days=1))])
    return 1


def waiting_name() -> int:
    """A name of a team in league 1 that nobody has mapped. Its id."""
    alias = TeamAlias(league_id=1, source="openfootball", name="Homely")
    db.session.add(alias)
    db.session.commit()
    return alias.id


def feed() -> int:
    """A feed at an address that is never asked. Its id."""
    return ingest.add_feed("http://127.0.0.1:9/rss").id


def held(organiser: Any, entrant: Any) -> int:
    """A competition that goes on, with a file; `entrant` takes part, alone. Its id."""
    at = utcnow()
    fields = {"title": "Held", "description": "Predict.", "metric": "rmse", "team_size": 3}
    dates = {"starts_at": at - timedelta(days=1), "ends_at": at + timedelta(days=1)}
    competition = organise.create(organiser, fields | dates)
    organise.add_file(competition, "train.csv", io.BytesIO(b"id,x\n1,2\n"))
    competition.answers_blob = competition.sample_blob = competition.files[0].blob
    competition.facts = {
        **{"rows": 1, "public": 1, "private": 0, "id": "id", "columns": ["y"]},
        **{"sample_size": 9, "sample_score": 1.0},
    }
    organise.open_(competition)
    contest.register(entrant, competition)
    return int(competition.id)


def told(user: Any) -> int:
    """Something that stands in the user's list. Its id."""
    notify(user, "badge", About("badge:1", "A badge"))
    db.session.commit()
    routing.route_all()
    return int(db.session.scalars(heads(user.id).where(Notification.kind == "badge")).one().id)


def rejudged() -> int:
    """A rejudge of the first cohort's work, which waits for a decision. Its id."""
    made = Rejudge(
        about="cohort:1", title="A class", reason="a wrong case", status="judged", by_name="lead"
    )
    db.session.add(made)
    db.session.commit()
    return made.id


def alike_pair(submission: Submission, other: User) -> int:
    """A pair of `submission` and the same of another learner. Its id."""
    copy = Submission(
        user_id=other.id, task_id=submission.task_id, attempt_no=1, payload=submission.payload
    )
    db.session.add(copy)
    db.session.flush()
    pair = AlikePair(
        task_id=submission.task_id,
        earlier_id=submission.id,
        later_id=copy.id,
        kind="identical",
    )
    db.session.add(pair)
    db.session.commit()
    return pair.id


def class_of(learner: Any, task: Any) -> dict[str, Any]:
    """A cohort that somebody else leads, with `learner` in it and an assignment extended for them."""
    lead = User(
        username="lead", username_key="lead", email="l@example.org", email_key="l@example.org",
        password_hash="!", role="instructor",
    )  # fmt: skip
    db.session.add(lead)
    db.session.commit()
    cohort = cohorts.create(lead, {"title": "A class"})
    cohorts.join(learner, cohort.join_code or "")
    due = utcnow() + timedelta(days=1)
    fields = {"title": "Week 1", "due_at": due}
    assignment = assignments.create(lead, cohort, fields, {task.id: 1.0})
    assignments.extend(lead, cohort, assignment, learner.id, due + timedelta(days=1), "")
    said = announcements.announce(lead, cohort, "Hear", "")
    return {
        "cohort_id": cohort.id,
        "assignment_id": assignment.id,
        "announcement_id": said.id,
        "code": cohort.join_code,
    }


def report_of(user: User, task: Any) -> int:
    """Something that they say is wrong with it."""
    return reports.report(user, task, "It cannot be passed.").id


def revision_of(quest: Any) -> int:
    """What the quest says, kept as a version. Its id."""
    revisions.note(None, quest, writing.written(quest))
    db.session.commit()
    return revisions.latest_id(quest)


def webhook_of(username: str) -> dict[str, int]:
    """A webhook that is theirs, with a message that was given up."""
    owner = db.session.query(User).filter_by(username=username).one()
    made = Webhook(
        owner_id=owner.id,
        name="Mine",
        url="https://hooks.example/",
        events=["job-init"],
        salt="a salt of theirs",
    )
    db.session.add(made)
    db.session.flush()
    sent = Delivery(webhook_id=made.id, name="ping_x", kind="ping", status="dead")
    db.session.add(sent)
    db.session.commit()
    return {"webhook_id": made.id, "delivery_id": sent.id}


def lms_of(username: str) -> dict[str, int]:
    """An LMS that they have entered, with a link that opens nothing yet."""
    owner = db.session.query(User).filter_by(username=username).one()
    made = Platform(
        owner_id=owner.id, name="Theirs", issuer="https://lms.example", client_id="tool",
        deployments=["d1"], auth_url="https://lms.example/auth",
        token_url="https://lms.example/token", keys_url="https://lms.example/keys",
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    link = Link(platform_id=made.id, deployment_id="d1", resource_link_id="l1")
    db.session.add(link)
    db.session.commit()
    return {"lms_id": made.id, "link_id": link.id}
