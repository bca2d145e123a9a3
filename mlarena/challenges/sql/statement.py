"""What an attempt may be: one statement that reads.

This module explains; it does not guard. Whatever sqlglot cannot read goes on to the engine, which
enforces the same rules by its own means: SQLite's authorizer, DuckDB's statement types and locks,
PostgreSQL's read-only transaction under a role that owns nothing.

sqlglot is imported where it is first used: it takes longer than all else that a web process loads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp
    from sqlglot.tokens import Token

MOST_BYTES = 64 * 1024
MOST_PARSED = 16 * 1024  # characters; reading more would keep a web server busy for too long
FIRST_WORDS = {
    "sqlite": ("SELECT", "WITH", "VALUES"),
    "duckdb": ("SELECT", "WITH", "VALUES", "FROM", "TABLE", "PIVOT", "UNPIVOT"),
    "postgres": ("SELECT", "WITH", "VALUES", "TABLE"),
}
# Statements that do not read, by their first word: why each may not be.
OTHER_WORDS = {
    **dict.fromkeys(
        ("INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE", "UPSERT", "TRUNCATE"),
        "it changes data, and a query may only read",
    ),
    **dict.fromkeys(
        ("CREATE", "ALTER", "DROP", "RENAME", "COMMENT", "REINDEX", "CLUSTER", "REFRESH"),
        "it changes the schema, and a query may only read",
    ),
    **dict.fromkeys(
        ("PRAGMA", "SET", "RESET", "SHOW", "DISCARD", "USE"),
        "it is about settings of the engine, and a query may only read tables",
    ),
    **dict.fromkeys(
        ("ATTACH", "DETACH", "COPY", "EXPORT", "IMPORT", "LOAD", "INSTALL", "LISTEN", "NOTIFY"),
        "it reaches outside the challenge's tables",
    ),
    **dict.fromkeys(
        ("CALL", "DO", "EXECUTE", "PREPARE", "DEALLOCATE", "DECLARE", "FETCH"),
        "it runs code, and a query may only read",
    ),
    **dict.fromkeys(
        ("BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE", "LOCK"),
        "it is about transactions; your query runs in one anyway",
    ),
    **dict.fromkeys(
        ("VACUUM", "ANALYZE", "CHECKPOINT", "GRANT", "REVOKE", "SECURITY"),
        "it administers the database, and a query may only read",
    ),
    **dict.fromkeys(
        ("EXPLAIN", "DESCRIBE", "DESC", "SUMMARIZE"),
        "it tells about a query or a table; write the query itself (its plan is shown on demand)",
    ),
}
_OUTSIDE = {
    "sqlite": re.compile(r"load_extension|readfile|writefile|edit|lsdir|fsdir|fts3_tokenizer"),
    "duckdb": re.compile(
        r"read_\w+|parquet_\w+|\w+_scan|sniff_csv|glob|getenv|http_\w+|which_secret|duckdb_secrets"
    ),
    "postgres": re.compile(
        r"pg_(read|ls|stat)_(binary_)?\w*(file|dir)\w*|pg_ls_\w+|lo_\w+|dblink\w*|set_config|"
        r"pg_(terminate|cancel)_backend|pg_reload_conf|pg_rotate_logfile|pg_notify|"
        r"pg_logical_emit_message|pg_export_snapshot|pg_(try_)?advisory_\w+"
    ),
}
_CHANGES = {"INSERT", "UPDATE", "DELETE", "MERGE"}
_WORD = re.compile(r"\w+")
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


class Refusal(ValueError):
    """The text is no attempt; the message names the rule it breaks, for the learner."""


@dataclass(frozen=True)
class Attempt:
    """A statement that may be tried: its text without what follows it, and its words."""

    text: str
    engine: str
    tokens: tuple[Token, ...] = ()

    @cached_property
    def tree(self) -> exp.Expr | None:
        """The statement as sqlglot reads it; None where it cannot, or for a text of many pages."""
        from sqlglot import parse_one
        from sqlglot.errors import SqlglotError

        if len(self.text) > MOST_PARSED:
            return None
        try:
            return parse_one(self.text, dialect=self.engine)
        except (SqlglotError, RecursionError):
            return None

    @cached_property
    def sorts(self) -> bool:
        """Whether its outermost SELECT has an ORDER BY."""
        if not any(_kind(token) == "ORDER_BY" for token in self.tokens):
            return False  # no need to read the whole statement
        if self.tree is not None:
            return outermost(self.tree).args.get("order") is not None
        return any(_kind(token) == "ORDER_BY" for token in self.outside_parentheses())

    def outside_parentheses(self) -> Iterator[Token]:
        depth = 0
        for token in self.tokens:
            depth += {"L_PAREN": 1, "R_PAREN": -1}.get(_kind(token), 0)
            if depth == 0:
                yield token


def outermost(tree: exp.Expr) -> exp.Expr:
    """The SELECT or set operation that gives the rows: parentheses around it are looked through."""
    while tree.key in ("subquery", "paren") and not tree.args.get("order"):
        tree = tree.this
    return tree


def read_attempt(query: str | bytes, engine: str) -> str:
    """The statement in `query`, without comments and semicolons behind it. Raises Refusal.

    For the door: call it before an attempt is accepted. judge() calls it again.
    """
    return attempt(as_text(query), engine).text


def as_text(query: str | bytes) -> str:
    """`query` as text of a bearable size. Raises Refusal."""
    try:
        data = query.encode() if isinstance(query, str) else query
        text = data.decode()
    except UnicodeError:
        raise Refusal("The query is not valid UTF-8 text.") from None
    if len(data) > MOST_BYTES:
        raise Refusal(
            f"The query is {len(data) / 1024:,.0f} KiB long; at most {MOST_BYTES >> 10} KiB are "
            "allowed."
        )
    if "\0" in text:
        raise Refusal("The query contains a NUL character.")
    if not text.strip():
        raise Refusal("The query is empty.")
    return text


@lru_cache(maxsize=256)
def attempt(text: str, engine: str) -> Attempt:
    """`text` read as one statement of `engine`'s dialect. Raises Refusal."""
    from sqlglot import tokenize
    from sqlglot.errors import SqlglotError

    try:
        tokens = tokenize(text, dialect=engine)
    except SqlglotError:
        return _unreadable(text, engine)
    if not tokens:
        raise Refusal("The query is only a comment.")
    statement = _only_statement(tokens)
    _check_first_word(next((t.text for t in statement if t.text != "("), ""), engine)
    _check_functions(statement, engine)
    _check_changes(statement)
    found = Attempt(text[statement[0].start : statement[-1].end + 1], engine, tuple(statement))
    if engine == "postgres":
        _check_clauses(found)
    return found


def _unreadable(text: str, engine: str) -> Attempt:
    """What cannot even be taken into words, such as a quote that is not closed: the engine's to say."""
    body = _COMMENT.sub(" ", text).strip(" \t\r\n(")
    if not body.strip("; \t\r\n"):
        raise Refusal("The query is only a comment.")
    first = _WORD.match(body)
    _check_first_word(first[0] if first else "", engine)
    return Attempt(text.strip().rstrip("; \t\r\n"), engine)


def _kind(token: Token) -> str:
    """The name of a token's type."""
    return token.token_type.name


def _only_statement(tokens: list[Token]) -> list[Token]:
    statements: list[list[Token]] = [[]]
    for token in tokens:
        if _kind(token) == "SEMICOLON":
            statements.append([])
        else:
            statements[-1].append(token)
    filled = [one for one in statements if one]
    if not filled:
        raise Refusal("The query is empty.")
    if len(filled) > 1:
        raise Refusal(
            f"Only one statement is allowed; here a second one begins with {filled[1][0].text[:40]}."
        )
    return filled[0]


def _check_first_word(word: str, engine: str) -> None:
    first = word.split()[0].upper() if word.split() else ""
    if first in FIRST_WORDS[engine]:
        return
    allowed = FIRST_WORDS[engine]
    reason = OTHER_WORDS.get(first)
    if reason:
        raise Refusal(f"{first} is not allowed: {reason}.")
    raise Refusal(f"A query begins with {', '.join(allowed[:-1])} or {allowed[-1]}.")


def _check_functions(tokens: list[Token], engine: str) -> None:
    for token, after in pairwise(tokens):
        if _kind(after) == "L_PAREN" and _OUTSIDE[engine].fullmatch(token.text.lower()):
            raise Refusal(
                f"{token.text}() is not allowed: it reaches outside the challenge's tables."
            )


def _check_changes(tokens: list[Token]) -> None:
    """Data changed inside WITH: a parenthesis, or the end of the list, and then INSERT and so on."""
    for before, token, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if _kind(token) not in _CHANGES or after.text.upper() in ("(", ",", ")", ".", "AS"):
            continue  # the name of a function or of a column
        if _kind(before) in ("L_PAREN", "R_PAREN"):
            raise _changes(token.text)


def _check_clauses(found: Attempt) -> None:
    """Clauses of a SELECT that do more than read."""
    words = list(found.outside_parentheses())
    for token, after in pairwise(words):
        if _kind(token) == "INTO":
            raise Refusal("SELECT INTO is not allowed: it makes a table; a query may only read.")
        if _kind(token) == "FOR" and after.text.upper() in (
            "UPDATE",
            "SHARE",
            "NO",
            "KEY",
        ):
            raise Refusal("FOR UPDATE and FOR SHARE are not allowed: a query may only read.")


def _changes(word: str) -> Refusal:
    return Refusal(
        f"{word.upper()} is not allowed, inside WITH neither: it changes data, and a query may only "
        "read."
    )


def normalise(query: str, engine: str) -> str:
    """`query` without comments, line breaks and case differences that mean nothing.

    Two attempts with the same text here are the same attempt. Never raises: what cannot be read is
    returned with its white space folded.
    """
    from sqlglot import tokenize
    from sqlglot.errors import SqlglotError

    try:
        tokens = tokenize(query, dialect=engine)
    except (SqlglotError, RecursionError):
        return " ".join(query.split())
    words = [query[token.start : token.end + 1] for token in tokens if _kind(token) != "SEMICOLON"]
    # What is quoted begins with a quote and keeps its case; a bare word has none in any engine.
    return " ".join(word.lower() if _WORD.fullmatch(word) else word for word in words)
