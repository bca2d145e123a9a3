"""How well documents are found: recall among the first ten, by words, by meaning, and fused."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import current_app
from sqlalchemy import delete

from mlarena.core.db import db
from mlarena.forecasts.documents import cleaning, meaning
from mlarena.forecasts.documents.evaluation_set import questions, texts
from mlarena.forecasts.documents.models import Document, DocumentVector
from mlarena.forecasts.documents.search import DEPTH, by_words, fuse
from mlarena.forecasts.progress import Say, silent

FIRST = 10
_DAY = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Measured:
    """`recall` is by the name of a search its mean R@10 and the standard error of that; None where it is not
    installed."""

    documents: int
    questions: int
    recall: dict[str, tuple[float, float] | None]


def measured(say: Say = silent) -> Measured:
    """R@10 on the shipped set. What it writes is taken back: other writers wait for it meanwhile."""
    try:
        return _measured(say)
    finally:
        db.session.rollback()
        current_app.extensions.pop("document_space", None)


def _measured(say: Say) -> Measured:
    # Other documents must not be found, nor change how rare a word is.
    db.session.execute(delete(Document))
    answers: dict[tuple[str, int], set[int]] = defaultdict(set)
    rows: list[Document] = []
    for team, kind, text in texts():
        folded = cleaning.fold(text)
        row = Document(
            title=text[:60], text=text, folded=folded, fingerprint=cleaning.fingerprint(folded),
            published_at=_DAY,
        )  # fmt: skip
        db.session.add(row)
        db.session.flush()
        answers[team, kind].add(row.id)
        rows.append(row)
    model = meaning.embedder()
    if model is not None:
        vectors = meaning.unit(model.documents([row.text for row in rows]))
        for row, vector in zip(rows, vectors, strict=True):
            db.session.add(
                DocumentVector(document_id=row.id, model=model.name, vector=vector.tobytes())
            )
        db.session.flush()
    asked = list(questions())
    found: dict[str, list[float]] = {"words": [], "meaning": [], "fusion": []}
    searches: dict[str, Callable[[str], list[int]]] = {"words": by_words}
    if model is not None:
        searches["meaning"] = lambda question: meaning.nearest(question, DEPTH)
    for team, kind, question in asked:
        lists = {name: search(question) for name, search in searches.items()}
        if len(lists) > 1:
            lists["fusion"] = fuse(*lists.values())
        right = answers[team, kind]
        for name, ids in lists.items():
            found[name].append(len(right & set(ids[:FIRST])) / len(right))
        say(question, len(asked))
    return Measured(len(rows), len(asked), {name: _mean(shares) for name, shares in found.items()})


def _mean(shares: list[float]) -> tuple[float, float] | None:
    if not shares:
        return None
    mean = sum(shares) / len(shares)
    spread = sum((share - mean) ** 2 for share in shares) / max(1, len(shares) - 1)
    return mean, math.sqrt(spread / len(shares))
