"""The public parts of a data set as files. The hidden parts have no function here."""

from __future__ import annotations

from typing import Literal

from flask import Response, request, stream_with_context

from mlarena.core.storage import storage
from mlarena.quests.models import Dataset


def csv(dataset: Dataset, part: Literal["train", "sample"]) -> Response:
    """Stream `train` (with the target) or `sample` (features only)."""
    sha256 = dataset.train_blob if part == "train" else dataset.sample_blob
    response = Response(stream_with_context(storage().open(sha256)), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{dataset.name}_{part}.csv"'
    response.set_etag(sha256)
    return response.make_conditional(request)  # type: ignore[return-value]
