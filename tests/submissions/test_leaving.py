"""A deleted account takes its submissions and uploads with it, and nobody else's."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from mlarena.accounts import service
from mlarena.core.db import db
from mlarena.core.errors import NotFound
from mlarena.core.storage import storage
from mlarena.submissions.models import Submission
from tests.conftest import PASSWORD


def test_uploads_go_with_the_account_but_a_shared_file_stays(
    app: Any, user: Any, make_user: Any, bearer: Any, quest: Any, good_model: Any, upload: Any
) -> None:
    from sklearn.linear_model import LogisticRegression

    other = make_user("grace")
    own, shared = good_model(), good_model(estimator=LogisticRegression(max_iter=1000))
    upload(bearer(user), quest, own)
    upload(bearer(user), quest, shared)
    upload(bearer(other), quest, shared)
    names = {row.user_id: row.blob_sha256 for row in db.session.scalars(sa.select(Submission))}
    lost = db.session.scalar(
        sa.select(Submission.blob_sha256)
        .where(Submission.user_id == user.id)
        .order_by(Submission.attempt_no)
        .limit(1)
    )
    service.delete_account(user, PASSWORD)
    assert db.session.scalars(sa.select(Submission.user_id)).all() == [other.id]
    assert storage().read(names[other.id]) == shared
    with pytest.raises(NotFound):
        storage().read(lost)
