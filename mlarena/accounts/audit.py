"""What instructors and admins have done: one line an action, written with it, never changed.

A verb notes what it does in its own transaction. What passes a door that is guarded by a role and notes
nothing by itself is noted as the door saw it, so no action goes without a line.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import structlog
from flask import Flask, Response, current_app, g, message_flashed, request
from flask_login import current_user
from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column
from werkzeug.exceptions import HTTPException

from mlarena.accounts.models import User
from mlarena.core.clock import rfc3339, utcnow
from mlarena.core.db import Base, Json, UtcDateTime, db

log = structlog.get_logger(__name__)

LOOKING = {"GET", "HEAD", "OPTIONS"}


class AuditEntry(Base):
    """Who did what to which thing. `actor_name` stays when its user has left."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index(None, "about", "id"), Index(None, "actor_id", "id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow, index=True)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    actor_name: Mapped[str] = mapped_column(String(64))
    # "cohort.create", "grade.override": the thing and the verb.
    action: Mapped[str] = mapped_column(String(64), index=True)
    # "cohort:3": what it was done to, by the same names as boards have; "" for what has none.
    about: Mapped[str] = mapped_column(String(64), default="")
    details: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "at": rfc3339(self.at),
            "actor_id": self.actor_id,
            "actor": self.actor_name,
            "action": self.action,
            "about": self.about,
            "details": self.details,
        }


def note(actor: User, action: str, about: str = "", **details: Any) -> None:
    """One line in the caller's transaction. `details` is small and JSON-able; no secrets."""
    g.noted = True
    db.session.add(
        AuditEntry(
            actor_id=actor.id,
            actor_name=actor.username,
            action=action,
            about=about,
            details=details,
        )
    )


def init_app(app: Flask) -> None:
    @message_flashed.connect_via(app)
    def heard(_app: Flask, category: str, **_told: Any) -> None:
        g.setdefault("said", set()).add(category)

    @app.after_request
    def note_the_door(response: Response) -> Response:
        """A guarded door that something passed through, and whose verb noted nothing."""
        if request.method in LOOKING or response.status_code >= 400 or g.pop("noted", False):
            return response
        if g.pop("said", None) == {"error"}:  # refused, on the page that it leads back to
            return response
        view = app.view_functions.get(request.endpoint or "")
        if not getattr(view, "for_role", None) or not current_user.is_authenticated:
            return response
        try:
            name, given = request.endpoint or "", request.view_args or {}
            note(
                current_user,
                name.replace("_api.", "."),
                _named(given) or _made(response),
                **{k: str(v) for k, v in given.items()},
            )
            db.session.commit()
        except SQLAlchemyError:
            db.session.rollback()
            log.exception("an action was not noted", endpoint=request.endpoint)
        return response


def _named(given: dict[str, Any]) -> str:
    """The first thing that an address names by its id: "challenge:3"."""
    return next((f"{key[:-3]}:{value}" for key, value in given.items() if key[-3:] == "_id"), "")


def _made(response: Response) -> str:
    """What was just made, which no address named yet: where a page leads to, or the id in an answer."""
    if response.location:
        try:
            target = current_app.create_url_adapter(request).match(  # type: ignore[union-attr]
                urlsplit(response.location).path, method="GET"
            )
        except HTTPException:
            return ""
        return _named(dict(target[1]))
    answer = response.get_json(silent=True) if response.is_json else None
    row = answer.get("data") if isinstance(answer, dict) else None
    number = row.get("id") if isinstance(row, dict) else None
    collection = request.path.rstrip("/").rpartition("/")[2].removesuffix("s")
    return f"{collection}:{number}" if isinstance(number, int) else ""
