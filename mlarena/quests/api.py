"""The quests' JSON door."""

from __future__ import annotations

from typing import Any, BinaryIO, cast

from flask import Response, request
from flask_login import current_user

from mlarena.accounts.permissions import api_login_required
from mlarena.core.api import PageQuery, api_blueprint, ok, page_meta, paged
from mlarena.core.errors import Invalid, WrongType
from mlarena.core.security import limiter
from mlarena.core.uploads import takes_upload
from mlarena.quests import downloads, service
from mlarena.quests.catalogue import published
from mlarena.quests.schemas import DatasetQuery, ModelUpload, QuestsQuery, TrainingCode
from mlarena.submissions.listing import submissions_query

blueprint = api_blueprint("quests", "Quests")


def asker() -> Any:
    """Who asks, or None for anyone."""
    return current_user if current_user.is_authenticated else None


@blueprint.get("/quests")
@blueprint.input(QuestsQuery, location="query")
def list_quests(query_data: QuestsQuery) -> tuple[Response, int]:
    """Published quests, in the order of the path, as the asker sees them."""
    quests = [
        quest
        for quest in published().values()
        if query_data.level is None or quest.level_id == query_data.level
    ]
    start = query_data.offset
    page = quests[start : start + query_data.per_page]
    shown = [view.shown() for view in service.views(page, asker())]
    return ok(shown, **page_meta(query_data.page, query_data.per_page, len(quests)))


@blueprint.get("/quests/<id:quest_id>")
def show_quest(quest_id: int) -> tuple[Response, int]:
    """One quest."""
    return ok(service.view(quest_id, asker()).shown())


@blueprint.get("/quests/<id:quest_id>/dataset")
@api_login_required
@blueprint.input(DatasetQuery, location="query")
@blueprint.doc(responses={200: "The rows as CSV"})
def download(quest_id: int, query_data: DatasetQuery) -> Response:
    """The training data as CSV; `?part=sample` gives label-free rows like the hidden ones."""
    view = service.opened(quest_id, current_user)
    return downloads.csv(view.quest.dataset, query_data.part)


@blueprint.post("/quests/<id:quest_id>/submit")
@takes_upload
@api_login_required
@limiter.limit(service.SUBMIT_LIMIT)
@blueprint.input(ModelUpload, location="files", validation=False)
@blueprint.doc(responses={202: "Taken in; its verdict comes by socket and at /submissions/{id}"})
def submit(quest_id: int, files_data: Any = None) -> tuple[Response, int]:
    """Hand a model in: multipart/form-data with the one file `model_file`."""
    quest = service.open_quest(quest_id, current_user)
    if request.mimetype != "multipart/form-data":
        raise WrongType("Send the model as multipart/form-data, in the field `model_file`.")
    unknown = sorted({*request.files, *request.form} - {"model_file", "csrf_token"})
    if unknown:
        raise Invalid(
            "There are fields here that this door does not know.",
            {name: ["Unknown field."] for name in unknown},
        )
    file = request.files.get("model_file")
    if file is None:
        raise Invalid.field("model_file", "Attach the model as a file in the field `model_file`.")
    content = cast(BinaryIO, file.stream)
    submission = service.submit_model(current_user, quest, file.filename or "", content)
    return ok(submission.shown(), 202)


@blueprint.post("/quests/<id:quest_id>/train")
@api_login_required
@limiter.limit(service.TRAIN_LIMIT)
@blueprint.input(TrainingCode, location="json")
@blueprint.doc(responses={202: "Taken in; its verdict comes by socket and at /submissions/{id}"})
def train(quest_id: int, json_data: TrainingCode) -> tuple[Response, int]:
    """Hand code in: Python that defines `train(X, y)` and lets it return the fitted model.

    X is the table of the training features, y the target (None for clustering). An optional
    `features(X)` prepares the columns, for `train` and for the rows to be predicted alike.
    """
    submission = service.train_model(current_user, quest_id, json_data.code)
    return ok(submission.shown(), 202)


@blueprint.get("/quests/<id:quest_id>/submissions")
@api_login_required
@blueprint.input(PageQuery, location="query")
def own_submissions(quest_id: int, query_data: PageQuery) -> tuple[Response, int]:
    """The asker's own submissions to this quest, newest first."""
    quest = service.view(quest_id, current_user).quest
    query = submissions_query(user_id=current_user.id, task_id=quest.id)
    return paged(query, query_data, lambda submission: submission.shown())
