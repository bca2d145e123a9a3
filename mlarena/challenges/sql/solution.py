"""The solution taken apart: how it sorts, where it cuts, and queries that are almost it.

Nothing here runs a query. What sqlglot cannot take apart is left out, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from mlarena.challenges.sql.lossless import is_lossless
from mlarena.challenges.sql.statement import Attempt, outermost

TIE = "mlarena_tie"
MOST_MUTANTS = 16
CHANGING = {
    *("now", "current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"),
    *(
        "random",
        "randomblob",
        "clock_timestamp",
        "gen_random_uuid",
        "uuid",
        "today",
        "get_current_time",
    ),
}


@dataclass(frozen=True)
class Cut:
    """LIMIT and OFFSET of the outermost SELECT. `count` is None when it is no plain number."""

    offset: int | None
    count: int | None
    with_ties: bool = False


@dataclass(frozen=True)
class Mutant:
    """A query that is almost the solution: what was done to it, in words."""

    done: str
    query: str


def cut_of(attempt: Attempt) -> Cut | None:
    """How the outermost SELECT is cut, if it is."""
    if attempt.tree is None:
        return None
    top = outermost(attempt.tree)
    limit, offset = top.args.get("limit"), top.args.get("offset")
    if limit is None and offset is None:
        return None
    skipped = 0 if offset is None else _number(offset.expression)
    if isinstance(limit, exp.Fetch):
        options = limit.args.get("limit_options")
        ties = bool(options is not None and options.args.get("with_ties"))
        return Cut(skipped, None if ties else _number(limit.args.get("count")), ties)
    return Cut(skipped, None if limit is None else _number(limit.expression))


def _number(node: exp.Expr | None) -> int | None:
    if isinstance(node, exp.Literal) and node.is_int:
        return int(node.this)
    return None


def cuts_anywhere(attempt: Attempt) -> bool:
    """Whether some SELECT in it, the outermost or not, takes only some of its rows."""
    if attempt.tree is None:
        return any(token.text.upper() in ("LIMIT", "FETCH", "OFFSET") for token in attempt.tokens)
    return attempt.tree.find(exp.Limit, exp.Fetch, exp.Offset) is not None


def depends_on_time(attempt: Attempt) -> bool:
    """Whether it uses the clock or chance, as far as words tell."""
    return any(token.text.lower() in CHANGING for token in attempt.tokens)


def uncut(attempt: Attempt) -> str | None:
    """The solution without its LIMIT and OFFSET."""
    if attempt.tree is None:
        return None
    tree = attempt.tree.copy()
    _without_cut(outermost(tree))
    return tree.sql(dialect=attempt.engine)


def _without_cut(top: exp.Expr) -> None:
    top.set("limit", None)
    top.set("offset", None)


def ranked(attempt: Attempt, columns: list[str]) -> Iterator[str]:
    """Queries that may give the solution's rows, uncut and with one more column: the number of the
    group of rows that tie on its ORDER BY.

    The engine itself says what ties, by its own collations and places for NULL: DENSE_RANK over the
    same keys. Not every engine takes every form; the first that runs will do.
    """
    if attempt.tree is None:
        return
    top = outermost(attempt.tree)
    order = top.args.get("order")
    if order is None:
        return
    places = [_place(key.this, columns) for key in order.expressions]
    if isinstance(top, exp.Select):
        for substituted in (False, True):
            keys = [
                _inline_key(key, place, top, substituted)
                for key, place in zip(order.expressions, places, strict=True)
            ]
            if all(key is not None for key in keys):
                yield _inline(attempt, [key for key in keys if key is not None])
    if all(place is not None and columns.count(columns[place]) == 1 for place in places):
        keys_out = [
            _output_key(key, columns[place])
            for key, place in zip(order.expressions, places, strict=True)
            if place is not None
        ]
        yield _wrapped(attempt, keys_out)


def _place(key: exp.Expr, columns: list[str]) -> int | None:
    """The place of the output column that an ORDER BY key names, by number or by name."""
    if isinstance(key, exp.Literal):
        number = _number(key)
        return number - 1 if number is not None and 1 <= number <= len(columns) else None
    if isinstance(key, exp.Column) and not key.table:
        named = [place for place, name in enumerate(columns) if _same_name(name, key.name)]
        if len(named) == 1:
            return named[0]
    return None


def _same_name(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _inline_key(
    key: exp.Expr, place: int | None, top: exp.Select, substituted: bool
) -> exp.Expr | None:
    """The key as an expression that may stand inside a window: no numbers, no aliases."""
    found = key.copy()
    if place is not None:
        projections = top.expressions
        if isinstance(key.this, exp.Literal):
            if place >= len(projections) or any(one.is_star for one in projections[: place + 1]):
                return None
            found.set("this", projections[place].unalias().copy())
            return found
        for projection in projections:
            if isinstance(projection, exp.Alias) and _same_name(projection.alias, key.this.name):
                found.set("this", projection.this.copy())
                return found
        return found
    if substituted:
        aliases = {
            one.alias.casefold(): one.this for one in top.expressions if isinstance(one, exp.Alias)
        }
        for column in list(found.find_all(exp.Column)):
            if not column.table and column.name.casefold() in aliases:
                column.replace(exp.paren(aliases[column.name.casefold()].copy()))
    return found


def _inline(attempt: Attempt, keys: list[exp.Expr]) -> str:
    assert attempt.tree is not None  # noqa: S101 - ranked() has looked
    tree = attempt.tree.copy()
    top = outermost(tree)
    _without_cut(top)
    top.append("expressions", exp.alias_(_dense_rank(keys), TIE))
    return tree.sql(dialect=attempt.engine)


def _output_key(key: exp.Expr, name: str) -> exp.Expr:
    found = key.copy()
    found.set("this", exp.column(name, table="solution", quoted=True))
    return found


def _wrapped(attempt: Attempt, keys: list[exp.Expr]) -> str:
    assert attempt.tree is not None  # noqa: S101 - ranked() has looked
    inner = outermost(attempt.tree).copy()
    _without_cut(inner)
    inner.set("order", None)
    rank = _dense_rank(keys).sql(dialect=attempt.engine)
    return (
        f"SELECT solution.*, {rank} AS {TIE} FROM ({inner.sql(dialect=attempt.engine)}) "  # noqa: S608
        f"AS solution ORDER BY {TIE}"
    )


def _dense_rank(keys: list[exp.Expr]) -> exp.Window:
    return exp.Window(this=exp.DenseRank(), order=exp.Order(expressions=keys))


def mutants(attempt: Attempt, tables: Sequence[dict[str, Any]]) -> list[Mutant]:
    """Typical mistakes: cases that let one of them pass are too weak. `tables` as an engine's reader
    tells them: what their keys make no mistake is left out."""
    if attempt.tree is None:
        return []
    found = []
    for change in (_no_where, _no_having, _no_distinct):
        found += list(change(attempt))
    found += list(_other_join(attempt, tables))
    for change in (_all, _swapped):
        found += list(change(attempt))
    return found[:MOST_MUTANTS]


def _each(attempt: Attempt, *kinds: type[exp.Expr]) -> Iterator[tuple[exp.Expr, exp.Expr]]:
    """For each node of these kinds: a fresh copy of the tree, and that node in it."""
    assert attempt.tree is not None  # noqa: S101 - mutants() has looked
    for number in range(len(list(attempt.tree.find_all(*kinds)))):
        tree = attempt.tree.copy()
        yield tree, list(tree.find_all(*kinds))[number]


def _written(node: exp.Expr, attempt: Attempt) -> str:
    text = node.sql(dialect=attempt.engine)
    return text if len(text) <= 60 else text[:60] + "…"


def _no_where(attempt: Attempt) -> Iterator[Mutant]:
    for tree, node in _each(attempt, exp.Where):
        said = _written(node, attempt)
        if isinstance(node.parent, exp.Filter):
            continue
        node.pop()
        yield Mutant(f"without {said}", tree.sql(dialect=attempt.engine))


def _no_having(attempt: Attempt) -> Iterator[Mutant]:
    for tree, node in _each(attempt, exp.Having):
        said = _written(node, attempt)
        node.pop()
        yield Mutant(f"without {said}", tree.sql(dialect=attempt.engine))


def _no_distinct(attempt: Attempt) -> Iterator[Mutant]:
    for tree, node in _each(attempt, exp.Distinct):
        if node.args.get("on"):
            continue
        parent = node.parent
        if isinstance(parent, exp.Select):
            node.pop()
        elif len(node.expressions) == 1:
            node.replace(node.expressions[0])
        else:
            continue
        yield Mutant("without DISTINCT", tree.sql(dialect=attempt.engine))


def _other_join(attempt: Attempt, tables: Sequence[dict[str, Any]]) -> Iterator[Mutant]:
    for tree, node in _each(attempt, exp.Join):
        if not (node.args.get("on") or node.args.get("using")) or node.args.get("method"):
            continue
        table = node.this.alias_or_name
        side, kind = node.args.get("side") or "", node.args.get("kind") or ""
        if not side and kind in ("", "INNER"):
            if isinstance(node, exp.Join) and is_lossless(node, tables):
                continue
            node.set("side", "LEFT")
            node.set("kind", None)
            done = f"with LEFT JOIN {table} instead of JOIN"
        elif side == "LEFT" and not kind:
            node.set("side", None)
            done = f"with JOIN {table} instead of LEFT JOIN"
        else:
            continue
        yield Mutant(done, tree.sql(dialect=attempt.engine))


def _all(attempt: Attempt) -> Iterator[Mutant]:
    for tree, node in _each(attempt, exp.SetOperation):
        if node.args.get("distinct"):
            node.set("distinct", False)
            yield Mutant(f"with {node.key.upper()} ALL", tree.sql(dialect=attempt.engine))


def _swapped(attempt: Attempt) -> Iterator[Mutant]:
    assert attempt.tree is not None  # noqa: S101 - mutants() has looked
    tree = attempt.tree.copy()
    top = outermost(tree)
    if not isinstance(top, exp.Select) or len(top.expressions) < 2:
        return
    if any(one.is_star for one in top.expressions[:2]):
        return
    if top.args.get("order") and any(
        isinstance(key.this, exp.Literal) for key in top.args["order"].expressions
    ):
        return  # the numbers would mean other columns
    first, second, *rest = top.expressions
    top.set("expressions", [second, first, *rest])
    yield Mutant("with its first two columns swapped", tree.sql(dialect=attempt.engine))


def without_foreign_keys(script: str, engine: str) -> str:
    """`script` with the foreign keys of its tables left out; unchanged where it cannot be read."""
    from sqlglot import parse
    from sqlglot.errors import SqlglotError

    if "references" not in script.lower():
        return script
    try:
        statements = [one for one in parse(script, dialect=engine) if one is not None]
    except (SqlglotError, RecursionError):
        return script
    for statement in statements:
        for key in list(statement.find_all(exp.ForeignKey)):
            constraint = key.parent
            (constraint if isinstance(constraint, exp.Constraint) else key).pop()
        for reference in list(statement.find_all(exp.Reference)):
            constraint = reference.parent
            if isinstance(constraint, exp.ColumnConstraint):
                constraint.pop()
    return ";\n".join(one.sql(dialect=engine) for one in statements)
