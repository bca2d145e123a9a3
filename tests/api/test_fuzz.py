"""Random requests made from the OpenAPI document: never a 5xx, never an answer it does not describe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from mlarena.accounts import passwords, tokens
from mlarena.core.db import db
from mlarena.submissions.models import Submission, VerdictRow

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
# Its bearer is a refresh token, which no random request has.
ALWAYS_401 = {"POST /api/v1/auth/refresh"}


@pytest.fixture
def learner(user: Any, quest: Any) -> Any:
    """A learner with submissions in several states."""
    for attempt, status in enumerate(("queued", "scored", "failed"), start=1):
        submission = Submission(
            user_id=user.id, task_id=quest.id, attempt_no=attempt, status=status
        )
        if status == "scored":
            submission.score, submission.passed = 0.9375, True
        if status != "queued":
            submission.verdict = VerdictRow(status=status, report={}, cases=[])
        db.session.add(submission)
    db.session.commit()
    return user


@pytest.fixture
def headers_for(learner: Any, bearer: Any) -> Callable[[str], dict[str, str]]:
    """By operation: an access token, but to log out a personal token, whose login does not end."""
    access = bearer(learner)
    # The documents' example is the suite's password, and with it the fuzzer deletes its own account.
    learner.password_hash = passwords.hash_password("one that no example has")
    _, text = tokens.issue(learner, "fuzzer", None)
    db.session.commit()
    personal = {"Authorization": f"Bearer {text}"}
    return lambda label: personal if label.endswith("/auth/logout") else access


@pytest.fixture
def api(app: Any) -> Any:
    def each_request_on_its_own(
        environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        # As in life; the context that the `app` fixture holds open would hand on who is signed in.
        with app.app_context():
            return app(environ, start_response)

    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", each_request_on_its_own)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_request_breaks_the_contract(
    api: Any, headers_for: Callable[[str], dict[str, str]], mode: GenerationMode
) -> None:
    broken = []
    answers: dict[str, Counter[int]] = {}
    for result in api.get_all_operations():
        operation = result.ok()
        seen = answers.setdefault(operation.label, Counter())
        headers = headers_for(operation.label)
        try:
            _fuzz(operation, mode, headers, seen)
        except (AssertionError, BaseExceptionGroup) as failure:
            broken.append(f"{operation.label}: {failure}")
    assert not broken, "\n\n".join(broken)
    # Or the fuzzer has locked itself out, and everything after that proves nothing.
    locked_out = {label for label, seen in answers.items() if set(seen) == {401}}
    assert locked_out <= ALWAYS_401
    assert sum(len(seen) > 0 for seen in answers.values()) >= 20


def _fuzz(
    operation: Any, mode: GenerationMode, headers: dict[str, str], seen: Counter[int]
) -> None:
    @seed(2026)
    @settings(
        max_examples=10,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def hold(case: schemathesis.Case) -> None:
        answer = case.call(headers=headers)
        seen[answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS, headers=headers)
        assert b"Traceback" not in answer.content

    # Takes nothing, so there is nothing wrong to send.
    with suppress(Unsatisfiable):
        hold()
