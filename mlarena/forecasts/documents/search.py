"""Search of documents: by words with what the database has for it, by meaning where that is installed, both
fused by reciprocal rank (Cormack, Clarke and Büttcher 2009)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
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
# Scores by words that are no further apart than this share are one place when they are fused: within it they
# differ by the length of a text rather than by what of the question is in it.
ALIKE = 0.3
# Words of a question that are looked for; what is beyond is not.
MOST_WORDS = 24
AROUND = 160

# What SQLite does not leave out by itself: Snowball's list for English, which PostgreSQL has built in. In
# short news a "who" or "how" is rare, and would count for much.
_STOP = """
a about above after again against all am an and any are as at be because been before being below between
both but by can did do does doing dont down during each few for from further had has have having he her
here hers herself him himself his how i if in into is it its itself just me more most my myself no nor
not now of off on once only or other our ours ourselves out over own same she should so some such than
that the their theirs them themselves then there these they this those through to too under until up very
was we were what when where which while who whom why will with you your yours yourself yourselves
"""
STOP_WORDS = frozenset(_STOP.split())

# Okapi BM25 (Robertson and others 1994); SQLite's is negative.
_SQLITE = text(
    "SELECT rowid, -bm25(documents_words) AS score FROM documents_words "
    "WHERE documents_words MATCH :asked ORDER BY score DESC, rowid LIMIT :many"
)
# PostgreSQL's ranks do not know how rare a word is. So each is weighed as BM25 weighs it; ts_rank says how
# often it is there (less and less each time), and 1 has long texts not win by their length.
_POSTGRESQL = text(
    """WITH asked AS (
        SELECT quote_literal(lexeme)::tsquery AS word
        FROM unnest(tsvector_to_array(to_tsvector('english', :asked))) AS lexeme),
    known AS (SELECT count(*) AS every FROM documents),
    weighed AS (
        SELECT word, ln(1 + (every - many + 0.5) / (many + 0.5)) AS rare FROM asked, known,
        LATERAL (SELECT count(*) AS many FROM documents WHERE words @@ word) AS held)
    SELECT id, sum(rare * ts_rank(words, word, 1)) AS score
    FROM weighed JOIN documents ON words @@ word
    GROUP BY id ORDER BY score DESC, id LIMIT :many"""
)


def by_words(asked: str, many: int = DEPTH) -> list[tuple[int, float]]:
    """The documents that have words of the question with their scores, the best first. Any word may be
    missing; rare ones count for more."""
    every = list(dict.fromkeys(cleaning.words(cleaning.fold(asked))))
    looked_for = [word for word in every if word not in STOP_WORDS][:MOST_WORDS]
    looked_for = looked_for or every[:MOST_WORDS]
    if not looked_for:
        return []
    # Only letters and digits are left of the question: nothing of it can be read as an operator.
    if db.engine.dialect.name == "postgresql":
        query, terms = _POSTGRESQL, " ".join(looked_for)
    else:
        query, terms = _SQLITE, " OR ".join(f'"{word}"' for word in looked_for)
    found = db.session.execute(query, {"asked": terms, "many": many})
    return [(id_, float(score)) for id_, score in found]


def places(scored: Sequence[tuple[int, float]]) -> dict[int, int]:
    """Which place each has in a list by score; those nearly equal to the first of a place share it."""
    found: dict[int, int] = {}
    place, leads = 0, 0.0
    for number, (id_, score) in enumerate(scored, 1):
        if not place or score < leads * (1 - ALIKE):
            place, leads = number, score
        found[id_] = place
    return found


def fuse(*lists: Mapping[int, int]) -> list[int]:
    """One list of several, each telling places: a place counts 1 / (60 + place). Equals stay as they come."""
    points: dict[int, float] = defaultdict(float)
    for found in lists:
        for id_, place in found.items():
            points[id_] += 1 / (FLAT + place)
    return sorted(points, key=lambda id_: -points[id_])


def in_order(ids: Iterable[int]) -> dict[int, int]:
    return {id_: place for place, id_ in enumerate(ids, 1)}


def search(
    asked: str, start: int, many: int, team: int | None = None, player: int | None = None
) -> tuple[list[dict[str, Any]], int]:
    """A stretch of what is found, and how many are; of a team's or a player's documents only where asked."""
    words, near = places(by_words(asked)), in_order(meaning.nearest(asked, DEPTH))
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
