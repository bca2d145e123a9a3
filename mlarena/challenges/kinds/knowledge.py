"""Knowledge challenges: no jail, a comparison."""

from __future__ import annotations

from typing import Any

from mlarena.challenges.contents import KnowledgeContent
from mlarena.challenges.kinds import Checking, Tell, score_of, verdict_of
from mlarena.challenges.models import Challenge, ChallengeVersion
from mlarena.challenges.versions import content_of
from mlarena.scoring.quiz import credit, read_answer
from mlarena.submissions.intake import attempts_used
from mlarena.submissions.models import Submission
from mlarena.submissions.verdict import Verdict


def check(content: KnowledgeContent) -> Checking:
    """The shape says it all."""
    return Checking(content)


def grade(
    challenge: Challenge, version: ChallengeVersion, submission: Submission, tell: Tell
) -> Verdict:
    """Each question's credit. The right answers are told once nothing more is to be won by them."""
    content = content_of(version)
    assert isinstance(content, KnowledgeContent)  # noqa: S101
    given: dict[str, Any] = submission.payload["answers"]
    cases = []
    for row, asked in zip(version.cases, content.questions, strict=True):
        question = asked.question(row.position)
        answer = read_answer(question, given.get(str(row.position)))
        earned = credit(question, answer)
        cases.append(
            {
                "test_case_id": row.id,
                "question_id": row.position,
                "is_visible": True,
                "status": "COMPLETED",
                "passed": earned == 1,
                "execution_ms": None,
                "score": round(100 * earned, 4),
                "weight": row.weight,
                "expected_result": None,
                "actual_result": answer,
                "error": None,
                "explanation": asked.explanation,
            }
        )
    over = score_of(cases) >= challenge.pass_mark or _was_the_last(challenge, submission)
    if over:
        for case, asked in zip(cases, content.questions, strict=True):
            case["expected_result"] = asked.answer
    return verdict_of(challenge, cases, {"answers_shown": over}, 0.0)


def _was_the_last(challenge: Challenge, submission: Submission) -> bool:
    most, user_id = challenge.attempts_allowed, submission.user_id
    return most is not None and user_id is not None and attempts_used(user_id, challenge.id) >= most


def run(version: ChallengeVersion, payload: dict[str, Any]) -> dict[str, Any]:
    raise NotImplementedError("a quiz has nothing to run; the door says so")
