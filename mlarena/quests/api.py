"""The quests' JSON door."""

from __future__ import annotations

from typing import Any, BinaryIO, cast

from flask import Response, request
from flask_login import current_user

from mlarena.accounts.permissions import api_login_required
from mlarena.core.api import PageQuery, api_blueprint, ok, page_meta, paged
from mlarena.core.errors import Invalid, NotFound, WrongType
from mlarena.core.security import limiter
from mlarena.core.uploads import takes_upload
from mlarena.live import console
from mlarena.quests import downloads, service, tries
from mlarena.quests.catalogue import published
from mlarena.quests.derived import preview_of
from mlarena.quests.schemas import (
    DatasetQuery,
    ModelUpload,
    QuestsQuery,
    SampleModelQuery,
    StarterQuery,
    TrainingCode,
    TryQuery,
)
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
    service.start(current_user, view)
    return downloads.csv(view.quest.dataset, query_data.part)


@blueprint.get("/quests/<id:quest_id>/preview")
def show_preview(quest_id: int) -> tuple[Response, int]:
    """What the training data looks like: a drawing of each column and of the target, and some rows."""
    found = preview_of(service.view(quest_id, asker()).quest.dataset)
    if found is None:
        raise NotFound("This data set has not been drawn yet.")
    return ok(found)


@blueprint.get("/quests/<id:quest_id>/starter")
@api_login_required
@blueprint.input(StarterQuery, location="query")
@blueprint.doc(responses={200: "A Python program or a Jupyter notebook"})
def starter(quest_id: int, query_data: StarterQuery) -> Response:
    """The quest to work on at home: `?format=py` (with `# %%` cells) or `?format=ipynb`."""
    return downloads.program(service.opened(quest_id, current_user).quest, query_data.format)


@blueprint.get("/quests/<id:quest_id>/sample-model")
@api_login_required
@blueprint.input(SampleModelQuery, location="query")
@blueprint.doc(responses={200: "A fitted model"})
def sample_model(quest_id: int, query_data: SampleModelQuery) -> Response:
    """A model that has learned nothing, to try an upload with: `?format=joblib` or `?format=skops`."""
    quest = service.opened(quest_id, current_user).quest
    return downloads.sample_model(quest.dataset, query_data.format)


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


@blueprint.post("/quests/<id:quest_id>/try")
@api_login_required
@limiter.limit(service.TRY_LIMIT)
@blueprint.input(TrainingCode, location="json")
@blueprint.doc(responses={202: "Taken in; how it goes comes by socket and at GET of this address"})
def try_out(quest_id: int, json_data: TrainingCode) -> tuple[Response, int]:
    """Try code before it is submitted: cross-validated on the training data, seen by nobody else.

    The same code as for `train`. One at a time, 409 while another is on its way; kept for ten minutes.
    """
    tried = tries.start(current_user, quest_id, json_data.code)
    return _tried(tried, 202)


@blueprint.get("/quests/<id:quest_id>/try")
@api_login_required
@blueprint.input(TryQuery, location="query")
def read_try(quest_id: int, query_data: TryQuery) -> tuple[Response, int]:
    """The asker's try of this quest, and what it has printed behind piece `after` of the try `run`."""
    service.open_quest(quest_id, current_user)
    tried = tries.require(current_user.id, quest_id)
    return _tried(tried, after=query_data.after if query_data.run == tried.id else 0)


@blueprint.delete("/quests/<id:quest_id>/try")
@api_login_required
def cancel_try(quest_id: int) -> tuple[Response, int]:
    """End the asker's try of this quest. 409 when it is over already."""
    return _tried(tries.cancel(current_user, service.open_quest(quest_id, current_user)))


def _tried(tried: tries.Try, status: int = 200, after: int = 0) -> tuple[Response, int]:
    seq, text = console.read(tried.output, after)
    quest = service.open_quest(tried.quest_id, current_user)
    return ok({**tried.shown(quest), "seq": seq, "text": text}, status)


@blueprint.get("/quests/<id:quest_id>/submissions")
@api_login_required
@blueprint.input(PageQuery, location="query")
def own_submissions(quest_id: int, query_data: PageQuery) -> tuple[Response, int]:
    """The asker's own submissions to this quest, newest first."""
    quest = service.view(quest_id, current_user).quest
    query = submissions_query(user_id=current_user.id, task_id=quest.id)
    return paged(query, query_data, lambda submission: submission.shown())
