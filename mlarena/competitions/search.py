"""What the command palette finds of the competitions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import url_for
from sqlalchemy import select

from mlarena.competitions.models import Competition
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.core.search import Hit, rank

# The latest are looked through; who looks for one of years ago has the list.
MOST = 300
WORDS = {"upcoming": "to come", "ongoing": "going on", "completed": "over"}


def find(asked: str, _viewer: Any) -> Iterator[Hit]:
    """Published competitions by title; what goes on comes before what is over."""
    now = utcnow()
    rows = db.session.execute(
        select(
            Competition.id,
            Competition.title,
            Competition.summary,
            Competition.starts_at,
            Competition.ends_at,
        )
        .where(Competition.status == "published")
        .order_by(Competition.ends_at.desc())
        .limit(MOST)
    )
    for competition_id, title, summary, starts_at, ends_at in rows:
        place = rank(asked, title, f"competition {summary}")
        if place is not None:
            phase = "upcoming" if now < starts_at else "ongoing" if now < ends_at else "completed"
            address = url_for("competitions.show", competition_id=competition_id)
            yield Hit(title, f"Competition · {WORDS[phase]}", address, place)
