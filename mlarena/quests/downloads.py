"""The public files of a quest. The hidden parts of a data set have no function here."""

from __future__ import annotations

from typing import Literal

from flask import Response, request, stream_with_context, url_for

from mlarena.core.errors import NotFound
from mlarena.core.storage import storage
from mlarena.quests import lesson
from mlarena.quests.models import Dataset, Quest

PROGRAMS = {
    "py": (lesson.script, "text/x-python"),
    "ipynb": (lesson.notebook, "application/x-ipynb+json"),
}


def csv(dataset: Dataset, part: Literal["train", "sample"]) -> Response:
    """Stream `train` (with the target) or `sample` (features only)."""
    sha256 = dataset.train_blob if part == "train" else dataset.sample_blob
    return _blob(sha256, f"{dataset.name}_{part}.csv", "text/csv")


def program(quest: Quest, form: Literal["py", "ipynb"]) -> Response:
    """The quest to work on at home, as a script or a notebook."""
    write, mimetype = PROGRAMS[form]
    address = url_for("quests.show", quest_id=quest.id, _external=True)
    response = Response(write(quest, address), mimetype=mimetype)
    response.headers["Content-Disposition"] = f'attachment; filename="{quest.slug}.{form}"'
    return response


def sample_model(dataset: Dataset, form: Literal["joblib", "skops"]) -> Response:
    """A fitted model that has learned nothing, to try an upload with; raises NotFound."""
    sha256 = dataset.sample_joblib_blob if form == "joblib" else dataset.sample_skops_blob
    if sha256 is None:
        raise NotFound("There is no sample model of this data set yet.")
    return _blob(sha256, f"{dataset.name}_sample.{form}", "application/octet-stream")


def _blob(sha256: str, filename: str, mimetype: str) -> Response:
    response = Response(stream_with_context(storage().open(sha256)), mimetype=mimetype)
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    response.set_etag(sha256)
    return response.make_conditional(request)  # type: ignore[return-value]
