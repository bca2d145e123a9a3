"""Drafts that wait for their checks: two publishers at once publish each of them once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from mlarena.challenges import authoring, waiting
from mlarena.challenges.models import Challenge, ChallengeVersion
from mlarena.core.db import db
from tests.challenges.conftest import QUIZ


def test_a_publisher_who_comes_second_finds_what_the_first_has_saved(
    app: Any, make_challenge: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_challenge(QUIZ, publish=False)
    made.publish_when_checked = True
    db.session.commit()
    update = authoring.update

    def publish() -> int | None:
        with app.app_context():
            return waiting.publish_next(0)

    def overtaken(*args: Any, **more: Any) -> Any:
        """Another worker publishes it between our reading of the challenge and of its version."""
        monkeypatch.setattr(authoring, "update", update)
        with ThreadPoolExecutor(1) as other:
            assert other.submit(publish).result() == made.id
        return update(*args, **more)

    monkeypatch.setattr(authoring, "update", overtaken)
    assert waiting.publish_next(0) == made.id
    db.session.expire_all()
    challenge = db.session.get_one(Challenge, made.id)
    assert (challenge.status, challenge.publish_when_checked) == ("published", False)
    numbers = db.session.scalars(select(ChallengeVersion.number)).all()
    assert numbers == [challenge.version]
    assert waiting.publish_next(0) is None
