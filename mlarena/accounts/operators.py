"""What an operator does with `flask …` has a line in the audit log, like what is done by page."""

from __future__ import annotations

from functools import wraps
from typing import Any

import click
from flask import Flask

from mlarena.accounts.audit import AuditEntry
from mlarena.core.db import db

OPERATOR = "operator"
# What only looks, or is done by the clock all the time, or again at every start.
QUIET = {
    "cli": ("run", "shell", "routes", "db", "release"),
    "submissions": ("sweep",),
    "packs": ("check", "export"),
    "sandbox": ("probe",),
    "forecasts": ("walk-forward", "evaluate-model"),
}
# May carry a key in an address, or a secret.
UNTOLD = ("password", "source", "token", "key", "secret")
LONGEST = 200


def note_commands(app: Flask) -> None:
    """Have every command of the rooms noted when it has done its work. Called once they are all there."""
    for name, group in app.cli.commands.items():
        if name in QUIET["cli"] or not isinstance(group, click.Group):
            continue
        for verb, command in group.commands.items():
            if verb not in QUIET.get(name, ()) and command.callback is not None:
                command.callback = _noted(app, f"{name}.{verb}", command.callback)


def _noted(app: Flask, action: str, callback: Any) -> Any:
    if getattr(callback, "noted", False):  # another app of this process has seen to it
        return callback

    @wraps(callback)
    def noted(*args: Any, **given: Any) -> Any:
        done = callback(*args, **given)
        if given.get("if_changed"):  # the starter content, at every start
            return done
        details = {
            name: str(value)[:LONGEST]
            for name, value in given.items()
            if value not in (None, False, "") and not any(word in name for word in UNTOLD)
        }
        with click.get_current_context().scope(), _context(app):
            db.session.add(
                AuditEntry(actor_name=OPERATOR, action=f"flask.{action}"[:64], details=details)
            )
            db.session.commit()
        return done

    noted.noted = True  # type: ignore[attr-defined]
    return noted


def _context(app: Flask) -> Any:
    """The command's own context, where it has one still; else one of the app."""
    from contextlib import nullcontext

    from flask import current_app

    return nullcontext() if current_app else app.app_context()
