"""What the tests of security share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mlarena.app import create_app
from mlarena.core.config import Settings
from mlarena.core.db import db
from mlarena.core.security import limiter
from tests.security.things import Things, everybody, made_later, made_now


@pytest.fixture(scope="module")
def limited_app(migrated_app: Any, settings: Settings) -> Iterator[Any]:
    """The same house on the same database, with its rate limits on."""
    app = create_app(settings.model_copy(update={"ratelimit_enabled": True}))
    app.test_client_class = migrated_app.test_client_class
    limiter.enabled = False
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def limited(app: Any, limited_app: Any) -> Iterator[Any]:
    """limited.test_client() knocks at doors that count. The counts begin at nothing."""
    limiter.enabled = True
    yield limited_app
    limiter.enabled = False
    with limited_app.app_context():
        db.engine.dispose()


@pytest.fixture
def people(make_user: Any) -> Any:
    return everybody(make_user)


@pytest.fixture
def things(people: Any, quest: Any) -> Things:
    """What the owner has: a submission, a token; and the ids that a path may ask for."""
    found = Things(made_now(people, quest), {})
    found.later = made_later(found, people)
    return found
