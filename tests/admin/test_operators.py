"""What is done on the command line stands in the audit log, without secrets."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from mlarena.accounts.audit import AuditEntry
from mlarena.core.db import db

PASSWORD = "correct horse battery"


def lines() -> list[tuple[str, str, dict[str, Any]]]:
    db.session.expire_all()
    rows = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    return [(one.actor_name, one.action, one.details) for one in rows]


def test_commands_that_change_something_are_noted(
    runner: Any, make_user: Any, signed_in: Any
) -> None:
    made = runner.invoke(
        args=["users", "create", "ada", "ada@example.org", "--password-stdin"], input=PASSWORD
    )
    assert made.exit_code == 0, made.output
    runner.invoke(args=["users", "set-role", "ada", "instructor"])
    runner.invoke(args=["users", "set-role", "nobody", "instructor"])  # refused: nothing was done
    runner.invoke(args=["submissions", "sweep"])
    found = lines()
    assert [one[:2] for one in found] == [
        ("operator", "flask.users.create"),
        ("operator", "flask.users.set-role"),
    ]
    assert found[1][2] == {"username": "ada", "role": "instructor"}
    assert PASSWORD not in repr(found)
    page = signed_in(make_user("root", role="admin")).get("/teach/audit?who=operator").text
    assert "flask.users.set-role" in page
