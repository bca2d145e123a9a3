from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from mlarena.accounts.models import User
from mlarena.core.db import db


@pytest.fixture
def make_learner(app: Any) -> Callable[..., User]:
    """make_learner(timezone="UTC") -> a new learner each time, without the cost of a password."""
    numbers = count(1)

    def make(**more: Any) -> User:
        name = f"learner{next(numbers)}"
        learner = User(
            username=name,
            username_key=name,
            email=f"{name}@example.org",
            email_key=f"{name}@example.org",
            password_hash="none",
            **more,
        )
        db.session.add(learner)
        db.session.commit()
        return learner

    return make
