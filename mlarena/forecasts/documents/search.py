"""Search of documents: by words with what the database has for it, by meaning where that is installed, both
fused by reciprocal rank (Cormack, Clarke and Büttcher 2009)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select, text

from mlarena.core.clock import rfc3339
from mlarena.core.db import db
from mlarena.forecasts.documents import cleaning, meaning
from mlarena.forecasts.documents.models import Document, DocumentPlayer, DocumentTeam
from mlarena.forecasts.models import Team
from mlarena.forecasts.squads.models import Player

# So deep both searches look; the fused list is no longer than both together.
DEPTH = 100
# The constant of reciprocal rank fusion, as its authors found it.
FLAT = 60
# Words of a question that are looked for; what is beyond is not.
MOST_WORDS = 24
AROUND = 160

# Okapi BM25 (Robertson and others 1994), which gives smaller numbers to better documents.
_SQLITE = text(
    "SELECT rowid FROM documents_words WHERE documents_words MATCH :asked "
    "ORDER BY bm25(documents_words), rowid LIMIT :many"
)
# Lexemes close together count more (Clarke, Cormack and Tudhope 2000); 1: long texts do not win by length.
_POSTGRESQL = text(
    "SELECT id FROM documents WHERE words @@ to_tsquery('english', :asked) "
    "ORDER BY ts_rank_cd(words, to_tsquery('english', :asked), 1) DESC, id LIMIT :many"
)


def by_words(asked: str, many: int = DEPTH) -> list[int]:
    """The documents that have words of the question, the best first. Any word may be missing."""
    looked_for = list(dict.fromkeys(cleaning.words(cleaning.fold(asked))))[:MOST_WORDS]
    if not looked_for:
        return []
    # Only letters and digits are left of the question: nothing of it can be read as an operator.
    if db.engine.dialect.name == "postgresql":
        values = {"asked": " | ".join(looked_for), "many": many}
        return list(db.session.execute(_POSTGRESQL, values).scalars())
    values = {"asked": " OR ".join(f'"{word}"' for word in looked_for), "many": many}
    return list(db.session.execute(_SQLITE, values).scalars())


def fuse(*lists: Sequence[int]) -> list[int]:
    """One list of several: each place counts 1 / (60 + place)."""
    points: dict[int, float] = defaultdict(float)
    for found in lists:
        for place, id_ in enumerate(found, 1):
            points[id_] += 1 / (FLAT + place)
    return sorted(points, key=lambda id_: (-points[id_], id_))


def search(
    asked: str, start: int, many: int, team: int | None = None, player: int | None = None
) -> tuple[list[dict[str, Any]], int]:
    """A stretch of what is found, and how many are; of a team's or a player's documents only where asked."""
    words, near = by_words(asked), meaning.nearest(asked, DEPTH)
    found = _about(fuse(words, near), team, player)
    by: dict[int, list[str]] = {id_: [] for id_ in found}
    for name, ids in (("words", words), ("meaning", near)):
        for id_ in ids:
            if id_ in by:
                by[id_].append(name)
    page = found[start : start + many]
    return [row | {"found_by": by[row["id"]]} for row in shown(page, asked)], len(found)


def _about(ids: list[int], team: int | None, player: int | None) -> list[int]:
    for table, column, wanted in (
        (DocumentTeam, DocumentTeam.team_id, team),
        (DocumentPlayer, DocumentPlayer.player_id, player),
    ):
        if wanted is not None:
            query = select(table.document_id).where(column == wanted, table.document_id.in_(ids))
            about = set(db.session.scalars(query))
            ids = [id_ for id_ in ids if id_ in about]
    return ids


def latest(team_ids: Iterable[int], many: int = 10) -> list[dict[str, Any]]:
    """The newest documents about any of these teams; for a match or a team's page. In three queries."""
    query = (
        select(Document.id)
        .join(DocumentTeam, DocumentTeam.document_id == Document.id)
        .where(DocumentTeam.team_id.in_(list(team_ids)))
        .group_by(Document.id, Document.published_at)
        .order_by(Document.published_at.desc(), Document.id.desc())
        .limit(many)
    )
    return shown(list(db.session.scalars(query)))


def shown(ids: Sequence[int], asked: str = "") -> list[dict[str, Any]]:
    """These documents as everybody is told of them, in this order; `passage` is where the question's words
    are. In three queries."""
    if not ids:
        return []
    documents = {
        one.id: one for one in db.session.scalars(select(Document).where(Document.id.in_(ids)))
    }
    teams: dict[int, list[dict[str, Any]]] = defaultdict(list)
    players: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for table, column, named, into in (
        (DocumentTeam, DocumentTeam.team_id, Team, teams),
        (DocumentPlayer, DocumentPlayer.player_id, Player, players),
    ):
        query = (
            select(table.document_id, named.id, named.name)
            .join(named, named.id == column)
            .where(table.document_id.in_(ids))
            .order_by(table.mentions.desc(), named.name)
        )
        for document_id, id_, name in db.session.execute(query):
            into[document_id].append({"id": id_, "name": name})
    return [
        {
            "id": id_,
            "title": documents[id_].title,
            "passage": passage(documents[id_].text, asked),
            "url": documents[id_].url,
            "published_at": rfc3339(documents[id_].published_at),
            "sentiment": documents[id_].sentiment,
            "teams": teams[id_],
            "players": players[id_],
        }
        for id_ in ids
        if id_ in documents
    ]


def passage(whole: str, asked: str) -> str:
    """Some words of a text around the first one that was asked for."""
    flat = whole.replace("\n", " ")
    at = 0
    for word in cleaning.words(cleaning.fold(asked)):
        # Folding may change lengths a little; a passage need not begin to the letter.
        found = re.search(rf"\b{word}", cleaning.fold(flat))
        if found is not None:
            at = found.start()
            break
    start = max(0, at - AROUND)
    end = min(len(flat), at + 2 * AROUND)
    return f"{'…' if start else ''}{flat[start:end].strip()}{'…' if end < len(flat) else ''}"
