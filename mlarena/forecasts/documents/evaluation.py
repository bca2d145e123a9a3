"""How well documents are found: recall among the first ten, by words, by meaning, and fused."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import current_app
from sqlalchemy import delete

from mlarena.core.db import db
from mlarena.forecasts.documents import cleaning, meaning
from mlarena.forecasts.documents.evaluation_set import questions, texts
from mlarena.forecasts.documents.models import Document, DocumentVector
from mlarena.forecasts.documents.search import DEPTH, by_words, fuse, in_order, places
from mlarena.forecasts.progress import Say, silent

FIRST = 10
_DAY = datetime(2026, 1, 1, tzinfo=UTC)
SEARCHES = ("words", "meaning", "fusion")


@dataclass(frozen=True)
class Measured:
    """`shares` is by search and by kind of question what was found of each among the first ten; empty for a
    search that is not installed."""

    documents: int
    shares: dict[str, dict[str, list[float]]]

    @property
    def kinds(self) -> list[str]:
        return list(self.shares["words"])

    def of(self, search: str, kind: str | None = None) -> list[float]:
        """Question by question, of one kind or all."""
        found = self.shares[search]
        return found.get(kind, []) if kind else [one for each in found.values() for one in each]

    def recall(self, search: str, kind: str | None = None) -> tuple[float, float] | None:
        """R@10 and its standard error; None where the search is not installed."""
        return mean(self.of(search, kind))

    def better(self, search: str, kind: str | None = None) -> tuple[float, float] | None:
        """By how much fusion finds more than this one, by question, with its standard error."""
        pairs = zip(self.of("fusion", kind), self.of(search, kind), strict=False)
        return mean([one - other for one, other in pairs])


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
    rows: list[Document] = []
    for text in texts():
        # As ingest.take has a text that comes without a title.
        title = text[:80]
        folded = cleaning.fold(f"{title}\n{text}")
        rows.append(
            Document(
                title=title, text=text, folded=folded, fingerprint=cleaning.fingerprint(folded),
                published_at=_DAY,
            )
        )  # fmt: skip
    db.session.add_all(rows)
    db.session.flush()
    number = {row.id: at for at, row in enumerate(rows)}
    model = meaning.embedder()
    if model is not None:
        for start in range(0, len(rows), meaning.AT_ONCE):
            batch = rows[start : start + meaning.AT_ONCE]
            vectors = meaning.unit(
                model.documents([meaning.read(row.title, row.text) for row in batch])
            )
            for row, vector in zip(batch, vectors, strict=True):
                db.session.add(
                    DocumentVector(document_id=row.id, model=model.name, vector=vector.tobytes())
                )
            say(f"{start + len(batch)} texts", -(-len(rows) // meaning.AT_ONCE))
        db.session.flush()
    shares: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in SEARCHES}
    for question in questions():
        scored = by_words(question.text)
        lists = {"words": [id_ for id_, _ in scored]}
        if model is not None:
            lists["meaning"] = meaning.nearest(question.text, DEPTH)
            lists["fusion"] = fuse(places(scored), in_order(lists["meaning"]))
        for name, ids in lists.items():
            right = question.answers & {number[id_] for id_ in ids[:FIRST]}
            shares[name][question.by].append(len(right) / min(FIRST, len(question.answers)))
    return Measured(len(rows), shares)


def mean(shares: list[float]) -> tuple[float, float] | None:
    """With its standard error; None of nothing."""
    if not shares:
        return None
    middle = sum(shares) / len(shares)
    spread = sum((share - middle) ** 2 for share in shares) / max(1, len(shares) - 1)
    return middle, math.sqrt(spread / len(shares))
