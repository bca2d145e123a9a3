"""The organiser's JSON door: write, give answers, open, correct, export."""

from __future__ import annotations

import io
from typing import Any, BinaryIO, cast

from flask import Response, request
from flask_login import current_user

from mlarena.accounts.permissions import role_required
from mlarena.competitions import authoring, exports, service
from mlarena.competitions.api import Answer, attached
from mlarena.competitions.models import Competition
from mlarena.competitions.schemas import (
    AnswersUpload,
    BaselineUpload,
    CompetitionIn,
    CompetitionPatch,
    DataUpload,
)
from mlarena.core.api import api_blueprint, ok
from mlarena.core.config import settings
from mlarena.core.errors import Invalid
from mlarena.core.uploads import takes_file

blueprint = api_blueprint("competition_desk", "Competitions")


def _largest() -> int:
    return settings().max_data_bytes


@blueprint.post("/competitions")
@role_required("instructor")
@blueprint.input(CompetitionIn, location="json")
@blueprint.doc(responses={201: "The competition"})
def create(json_data: CompetitionIn) -> Answer:
    """Write a competition. With `answers` they are checked at once, with `publish` it opens, or is refused
    with reasons and stays a draft."""
    fields = json_data.model_dump(exclude={"answers", "sample", "publish"})
    competition = authoring.create(current_user, fields)
    try:
        if json_data.answers is not None:
            sample = io.BytesIO(json_data.sample.encode()) if json_data.sample else None
            authoring.set_answers(competition, io.BytesIO(json_data.answers.encode()), sample)
        if json_data.publish:
            authoring.open_(competition)
    except Exception:
        authoring.remove(competition)
        raise
    return _whole(competition, 201)


@blueprint.patch("/competitions/<id:competition_id>")
@role_required("instructor")
@blueprint.input(CompetitionPatch, location="json")
def change(competition_id: int, json_data: CompetitionPatch) -> Answer:
    """Change some fields; `publish` opens it (true) or withdraws it (false)."""
    competition = service.find(competition_id, current_user)
    fields = json_data.model_dump(exclude_unset=True, exclude={"publish"})
    competition = authoring.update(competition, _required(fields), current_user)
    if json_data.publish and competition.status == "archived":
        authoring.reopen(competition)
    elif json_data.publish:
        authoring.open_(competition)
    elif json_data.publish is False:
        authoring.close(competition)
    return _whole(competition)


@blueprint.delete("/competitions/<id:competition_id>")
@role_required("instructor")
def delete(competition_id: int) -> Answer:
    """Delete a draft for good. What people have seen is withdrawn instead."""
    authoring.remove(service.find(competition_id, current_user))
    return ok(None)


@blueprint.post("/competitions/<id:competition_id>/answers")
@takes_file(most=_largest)
@role_required("instructor")
@blueprint.input(AnswersUpload, location="files", validation=False)
def set_answers(competition_id: int, files_data: Any = None) -> Answer:
    """The answer file as `answers_file`, and if you like a `sample_file`. Of an open competition every entry
    is scored again."""
    competition = service.find(competition_id, current_user)
    file = attached("answers_file", "sample_file")
    sample = request.files.get("sample_file")
    facts = authoring.set_answers(
        competition,
        cast(BinaryIO, file.stream),
        cast(BinaryIO, sample.stream) if sample else None,
    )
    return ok(facts)


@blueprint.post("/competitions/<id:competition_id>/files")
@takes_file(most=_largest)
@role_required("instructor")
@blueprint.input(DataUpload, location="files", validation=False)
@blueprint.doc(responses={201: "The competition"})
def add_file(competition_id: int, files_data: Any = None) -> Answer:
    """A file of the data page as `data_file`, in place of one of the same name; with a `note`."""
    competition = service.find(competition_id, current_user)
    file = attached("data_file", "note")
    authoring.add_file(
        competition,
        file.filename or "",
        cast(BinaryIO, file.stream),
        request.form.get("note", ""),
    )
    return _whole(competition, 201)


@blueprint.delete("/competitions/<id:competition_id>/files/<id:file_id>")
@role_required("instructor")
def remove_file(competition_id: int, file_id: int) -> Answer:
    """Take a file off the data page."""
    competition = service.find(competition_id, current_user)
    authoring.remove_file(competition, file_id)
    return _whole(competition)


@blueprint.post("/competitions/<id:competition_id>/baselines")
@takes_file()
@role_required("instructor")
@blueprint.input(BaselineUpload, location="files", validation=False)
@blueprint.doc(responses={202: "Taken in; it stands on the board once it is scored"})
def add_baseline(competition_id: int, files_data: Any = None) -> Answer:
    """Predictions in the name of the house: `predictions_file` and a `name`."""
    competition = service.find(competition_id, current_user)
    file = attached("predictions_file", "name")
    name = request.form.get("name", "")
    if not name:
        raise Invalid.field("name", "Give the baseline a name.")
    taken = authoring.add_baseline(competition, name, cast(BinaryIO, file.stream))
    return ok({"name": name, "taken": taken}, 202)


@blueprint.get("/competitions/<id:competition_id>/export/submissions")
@role_required("instructor")
@blueprint.doc(responses={200: "The rows as CSV"})
def export_submissions(competition_id: int) -> Response:
    """All submissions as CSV. Private scores are in it once the competition is over."""
    return exports.submissions(service.find(competition_id, current_user))


@blueprint.get("/competitions/<id:competition_id>/export/board")
@role_required("instructor")
@blueprint.doc(responses={200: "The rows as CSV"})
def export_board(competition_id: int) -> Response:
    """The board as CSV: the public one until the end, then the private one."""
    return exports.board(service.find(competition_id, current_user))


def _required(fields: dict[str, Any]) -> dict[str, Any]:
    """A field that must have a value cannot be set to null."""
    empty = [name for name in ("starts_at", "ends_at") if name in fields and fields[name] is None]
    if empty:
        raise Invalid.field(empty[0], "This must have a value.")
    return {name: value for name, value in fields.items() if name != "slug"}


def _whole(competition: Competition, status: int = 200) -> Answer:
    return ok(service.view(competition.id, current_user).whole(), status)
