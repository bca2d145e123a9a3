"""The JSON door of those who write challenges: what the forms do, for scripts."""

from __future__ import annotations

from flask_login import current_user

from mlarena.accounts.permissions import role_required
from mlarena.challenges import authoring, service, shelving
from mlarena.challenges.api import Answer
from mlarena.challenges.models import Challenge
from mlarena.challenges.schemas import ChallengeIn, ChallengePatch
from mlarena.core.api import api_blueprint, ok
from mlarena.core.errors import Conflict
from mlarena.core.security import limiter

blueprint = api_blueprint("challenge_writing", "Challenges")


@blueprint.post("/challenges")
@role_required("instructor")
@blueprint.input(ChallengeIn, location="json")
@blueprint.doc(responses={201: "The challenge"})
def create_challenge(json_data: ChallengeIn) -> Answer:
    """Write a challenge. With `publish` it is checked and published at once, or refused with reasons."""
    fields = json_data.model_dump(exclude_unset=True, exclude={"kind", "publish"})
    about = json_data.model_dump(include=set(authoring.ABOUT))
    challenge = authoring.create(
        current_user, json_data.kind, fields | about, bool(json_data.publish)
    )
    return ok(service.view(challenge.id, current_user).shown(), 201)


@blueprint.post("/challenges/check")
@role_required("instructor")
@limiter.limit(authoring.SAVE_LIMIT)
@blueprint.input(ChallengeIn, location="json")
def check_challenge(json_data: ChallengeIn) -> Answer:
    """Run a challenge's solution on every case, and keep nothing of it: `errors` by field, `warnings`, and
    what came of each of the `cases`."""
    fields = json_data.model_dump(exclude_unset=True, exclude={"kind", "publish"})
    found = authoring.rehearse(json_data.kind, fields)
    return ok({name: found[name] for name in ("errors", "warnings", "cases")})


@blueprint.put("/challenges/<id:challenge_id>")
@role_required("instructor")
@blueprint.input(ChallengeIn, location="json")
def put_challenge(challenge_id: int, json_data: ChallengeIn) -> Answer:
    """Write the whole challenge anew. A published one is checked first, or stays as it is."""
    challenge = service.find_challenge(challenge_id, current_user)
    _require_kind(challenge, json_data.kind)
    fields = json_data.model_dump(exclude_unset=True, exclude={"kind", "publish"})
    about = json_data.model_dump(include=set(authoring.ABOUT) - {"slug"})
    authoring.replace(current_user, challenge, fields | about, json_data.publish)
    return ok(service.view(challenge_id, current_user).shown())


@blueprint.patch("/challenges/<id:challenge_id>")
@role_required("instructor")
@blueprint.input(ChallengePatch, location="json")
def patch_challenge(challenge_id: int, json_data: ChallengePatch) -> Answer:
    """Change some fields. A change of what is judged is a new version: what is on its way is judged by
    the one it was handed in for."""
    challenge = service.find_challenge(challenge_id, current_user)
    _require_kind(challenge, json_data.kind)
    fields = json_data.model_dump(exclude_unset=True, exclude={"kind", "publish"})
    authoring.update(current_user, challenge, fields, json_data.publish)
    return ok(service.view(challenge_id, current_user).shown())


@blueprint.delete("/challenges/<id:challenge_id>")
@role_required("instructor")
def delete_challenge(challenge_id: int) -> Answer:
    """Delete it; once anybody has handed something in, it is archived instead."""
    challenge = service.find_challenge(challenge_id, current_user)
    return ok({"id": challenge_id, "result": shelving.remove(challenge)})


@blueprint.post("/challenges/<id:challenge_id>/duplicate")
@role_required("instructor")
@blueprint.doc(responses={201: "The copy, a draft"})
def duplicate_challenge(challenge_id: int) -> Answer:
    """A draft like it."""
    challenge = service.find_challenge(challenge_id, current_user)
    copy = authoring.duplicate(current_user, challenge)
    return ok(service.view(copy.id, current_user).shown(), 201)


@blueprint.post("/challenges/<id:challenge_id>/archive")
@role_required("instructor")
def archive_challenge(challenge_id: int) -> Answer:
    """Take it out of every list; what is being judged is judged. `publish` brings it back."""
    shelving.archive(service.find_challenge(challenge_id, current_user))
    return ok(service.view(challenge_id, current_user).shown())


def _require_kind(challenge: Challenge, kind: str | None) -> None:
    if kind is not None and kind != challenge.kind:
        raise Conflict(f"This is a challenge of kind {challenge.kind}, and stays one.")
