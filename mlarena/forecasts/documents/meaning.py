"""Search by meaning, where the extra `[semantic]` is installed: texts become vectors, near ones mean alike.

The seam is `Embedder`: whatever turns texts into vectors can be set with `use`, which is what tests do.
Without one there is search by words alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from flask import Flask, current_app
from sqlalchemy import func, select

from mlarena.core.db import db
from mlarena.forecasts.documents.models import Document, DocumentVector
from mlarena.forecasts.progress import Say, silent

if TYPE_CHECKING:
    import numpy as np

EXTENSION = "document_embedder"
AT_ONCE = 64
# The model reads 256 word pieces; more would be cut there anyway.
READ = 2_000


class Embedder(Protocol):
    """`name` tells its vectors from another's. Both give a row a text; lengths do not matter."""

    name: str

    def documents(self, texts: Sequence[str]) -> np.ndarray: ...

    def query(self, text: str) -> np.ndarray: ...


def use(app: Flask, embedder: Embedder | None) -> None:
    """From now on this one, in this process; None for none."""
    app.extensions[EXTENSION] = embedder


def embedder() -> Embedder | None:
    """The one in use; None where the extra is not installed."""
    held = current_app.extensions
    if EXTENSION not in held:
        from mlarena.forecasts.documents import minilm

        at = minilm.folder()
        held[EXTENSION] = minilm.MiniLM(at) if at is not None else None
    found: Embedder | None = held[EXTENSION]
    return found


def read(title: str, text: str) -> str:
    """What of a document becomes its vector."""
    return f"{title}\n{text}"[:READ]


def embed_missing(say: Say = silent) -> int:
    """Store the vectors of documents that have none of the model in use; how many. Commits by batch, so that
    what is done is kept."""
    model = embedder()
    if model is None:
        return 0
    have = select(DocumentVector.document_id).where(DocumentVector.model == model.name)
    query = select(Document.id, Document.title, Document.text).where(Document.id.not_in(have))
    rows = db.session.execute(query.order_by(Document.id)).all()
    batches = range(0, len(rows), AT_ONCE)
    for start in batches:
        batch = rows[start : start + AT_ONCE]
        texts = [read(row.title, row.text) for row in batch]
        for row, vector in zip(batch, unit(model.documents(texts)), strict=True):
            db.session.add(
                DocumentVector(document_id=row.id, model=model.name, vector=vector.tobytes())
            )
        db.session.commit()
        say(f"{start + len(batch)} documents", len(batches))
    return len(rows)


@dataclass(frozen=True)
class Space:
    """All vectors of a model, kept in a process until there are others: `stamp` is how many, and the last."""

    stamp: tuple[str, int, datetime | None]
    ids: np.ndarray
    vectors: np.ndarray


def nearest(asked: str, many: int) -> list[int]:
    """The documents whose meaning is nearest, the nearest first; none where nothing is installed."""
    model = embedder()
    if model is None or not asked.strip():
        return []
    space = _space(model.name)
    if not len(space.ids):
        return []
    near = space.vectors @ unit(model.query(asked)[None, :])[0]
    order = (-near).argsort(kind="stable")[:many]
    return [int(id_) for id_ in space.ids[order]]


def _space(name: str) -> Space:
    import numpy as np

    held: Space | None = current_app.extensions.get("document_space")
    counted = select(func.count(), func.max(DocumentVector.made_at)).where(
        DocumentVector.model == name
    )
    many, last = db.session.execute(counted).one()
    stamp = (name, many, last)
    if held is not None and held.stamp == stamp:
        return held
    query = select(DocumentVector.document_id, DocumentVector.vector).where(
        DocumentVector.model == name
    )
    rows = db.session.execute(query.order_by(DocumentVector.document_id)).all()
    vectors = [np.frombuffer(row.vector, np.float32) for row in rows]
    space = Space(
        stamp,
        np.array([row.document_id for row in rows], int),
        np.stack(vectors) if vectors else np.zeros((0, 1), np.float32),
    )
    current_app.extensions["document_space"] = space
    return space


def unit(vectors: np.ndarray) -> np.ndarray:
    """Rows of length 1, as float32; a row of zeros stays one."""
    import numpy as np

    found = np.asarray(vectors, np.float32)
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    unit: np.ndarray = found / np.where(lengths > 0, lengths, 1)
    return unit
