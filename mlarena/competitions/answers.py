"""The answers, in the worker only: checked when an organiser saves them, kept by their content's name."""

from __future__ import annotations

import hmac
import io
import tempfile
from functools import lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from mlarena.competitions.models import Competition
from mlarena.core.db import db
from mlarena.core.installation import installation_secret
from mlarena.core.storage import storage
from mlarena.scoring.metrics import METRICS, MetricError

if TYPE_CHECKING:
    from mlarena.scoring.predictions.reading import Layout
    from mlarena.scoring.predictions.solution import Solution

# The organiser's own files: this only stops an accident.
LARGEST = 2 << 30
_IN_MEMORY = 16 << 20
OTHER_ROWS = (
    "The competition is open, and this file has other ids or columns than before: what has been handed in "
    "would no longer fit. Correct the answers row by row."
)


def load(competition: Competition) -> tuple[Solution, Layout]:
    """The solution and the layout of predictions. Not to be changed by the caller: they are shared."""
    from mlarena.scoring.predictions.reading import Layout

    assert competition.answers_blob and competition.metric  # noqa: S101 – it would not be published
    solution = _solution(competition.answers_blob, competition.metric)
    return solution, Layout.of(solution, competition.facts["columns"])


@lru_cache(maxsize=8)
def _solution(sha256: str, metric: str) -> Solution:
    from mlarena.scoring.predictions.solution import read_solution

    with opened(sha256) as file:
        return read_solution(file, METRICS[metric], b"", 0.5)  # it has a column Usage


def opened(sha256: str) -> BinaryIO:
    """A stored file to be read from its beginning, on disk if it is large. Close it."""
    file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 – the caller's
    for piece in storage().open(sha256):
        file.write(piece)
    file.seek(0)
    return cast(BinaryIO, file)


def check(competition_id: int, answers: str, sample: str | None) -> dict[str, Any]:
    """Check a stored answer file, and a sample if the organiser brought one.

    {"errors": {field: [..]}} or what is to be kept: {"answers", "sample"} (blobs) and "facts". A sample is
    made where none was brought; in any case it must score, on the public and on the private rows. Commits.
    """
    from mlarena.scoring.predictions import faults, reading, solution
    from mlarena.scoring.predictions.table import read_header

    competition = db.session.get_one(Competition, competition_id)
    metric = METRICS[competition.metric or ""]
    secret = _secret(competition)
    try:
        with opened(answers) as file:
            found = solution.read_solution(file, metric, secret, competition.public_share)
    except faults.FileFault as fault:
        return {"errors": {"answers_file": [str(one) for one in fault.faults]}}
    if competition.status == "published" and not _fits(found, load(competition)[0]):
        return {"errors": {"answers_file": [OTHER_ROWS]}}
    try:
        layout, content = _sample(found, sample)
        with io.BytesIO(content) as file:
            header = read_header(file)
            predictions = reading.read_predictions(file, found, layout)
        scores = _score(metric, found, layout, predictions)
    except faults.FileFault as fault:
        return {"errors": {"sample_file": [str(one) for one in fault.faults]}}
    except MetricError as error:
        return {"errors": {"answers_file": [f"The sample submission cannot be scored: {error}"]}}
    kept = storage().put(io.BytesIO(solution.to_csv(found)), LARGEST)
    shown = storage().put(io.BytesIO(content), LARGEST)
    db.session.commit()
    return {
        "answers": kept.sha256,
        "sample": shown.sha256,
        "facts": {
            "rows": len(found),
            "public": len(found.public),
            "private": len(found.private),
            "id": header[0] if header[0] == found.id else found.id,
            "columns": list(layout.columns),
            "takes": found.takes,
            "labels": list(found.labels[:50]),
            "sample_score": scores,
            "sample_size": shown.size,
        },
    }


def _fits(found: Solution, known: Solution) -> bool:
    """Whether files for the answers that are known fit those that were found: the same ids and columns."""
    import numpy as np

    return (
        (found.id, found.targets, found.ids.dtype) == (known.id, known.targets, known.ids.dtype)
        and len(found) == len(known)
        and np.array_equal(np.sort(found.ids), np.sort(known.ids))
    )


def _sample(found: Solution, sample: str | None) -> tuple[Layout, bytes]:
    from mlarena.scoring.predictions import reading
    from mlarena.scoring.predictions.table import read_header

    if sample is None:
        layout = reading.Layout.of(found)
        return layout, reading.sample(found, layout)
    content = storage().read(sample)
    columns = [name for name in read_header(io.BytesIO(content)) if name != found.id]
    return reading.Layout.of(found, columns), content


def _score(metric: Any, found: Any, layout: Any, predictions: Any) -> float:
    """The public score of the sample; raises MetricError where either part has none."""
    from mlarena.scoring.predictions.score import score

    scores = score(metric, found, layout, predictions)
    if scores.private is None:
        raise MetricError("the private rows alone cannot be scored with this metric.")
    return scores.public


def _secret(competition: Competition) -> bytes:
    """The key of this competition's split: of the installation's secret, so that no file tells it."""
    return hmac.digest(installation_secret("competitions"), str(competition.id).encode(), "sha256")
