"""What the command palette finds of the challenges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import url_for

from mlarena.challenges.offer import offered
from mlarena.core.search import Hit, rank

WORDS = {"sql": "SQL challenge", "coding": "coding challenge", "knowledge": "quiz"}


def find(asked: str, viewer: Any) -> Iterator[Hit]:
    """Published challenges by name, category and kind."""
    for entry in offered(viewer).entries:
        more = f"{entry.summary} {entry.category_name} {WORDS[entry.kind]}"
        found = rank(asked, entry.title, more)
        if found is not None:
            address = url_for("challenges.show", challenge_id=entry.id)
            yield Hit(entry.title, WORDS[entry.kind], address, found)
