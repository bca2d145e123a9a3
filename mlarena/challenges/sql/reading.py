"""A challenge as written, read before anything runs; and its tables, read once it does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from mlarena.challenges.sql import statement
from mlarena.challenges.sql.engines.ran import Built
from mlarena.challenges.sql.spec import (
    ENGINES,
    MOST_CASES,
    MOST_TIME_LIMIT_MS,
    SqlSpec,
)
from mlarena.scoring.differences import shown
from mlarena.scoring.tables import Table

MOST_SCRIPT = 8 << 20
LEAST_TIME_LIMIT_MS = 50
SAMPLE_ROWS = 5


def read_spec(spec: SqlSpec) -> dict[str, list[str]]:
    """What is wrong with the texts and numbers themselves: field -> messages."""
    errors: dict[str, list[str]] = defaultdict(list)
    if spec.engine not in ENGINES:
        errors["engine"].append(f"Choose one of {', '.join(ENGINES)}.")
        return errors
    if spec.type not in ("FE", "LE"):
        errors["type"].append("Choose FE (fastest) or LE (longest).")
    if not LEAST_TIME_LIMIT_MS <= spec.time_limit_ms <= MOST_TIME_LIMIT_MS:
        errors["time_limit_ms"].append(
            f"Between {LEAST_TIME_LIMIT_MS} and {MOST_TIME_LIMIT_MS:,} milliseconds."
        )
    _read_script(errors, "init", spec.init)
    if not spec.init.strip():
        errors["init"].append("Write the statements that make the tables.")
    try:
        statement.attempt(statement.as_text(spec.solution), spec.engine)
    except statement.Refusal as refusal:
        errors["solution"].append(str(refusal))
    _read_cases(errors, spec)
    return errors


def _read_cases(errors: dict[str, list[str]], spec: SqlSpec) -> None:
    if not 1 <= len(spec.cases) <= MOST_CASES:
        errors["test_cases"].append(f"Between 1 and {MOST_CASES} cases are needed.")
    if sum(case.is_benchmark for case in spec.cases) > 1:
        errors["test_cases"].append("Only one case can be the benchmark.")
    if len({case.id for case in spec.cases}) < len(spec.cases):
        errors["test_cases"].append("Two cases have the same id.")
    for number, case in enumerate(spec.cases):
        _read_script(errors, f"test_cases.{number}.data", case.data)


def _read_script(errors: dict[str, list[str]], field: str, script: str) -> None:
    try:
        size = len(script.encode())
    except UnicodeError:
        errors[field].append("This is not valid Unicode text.")
        return
    if size > MOST_SCRIPT:
        errors[field].append(
            f"This is longer than {MOST_SCRIPT >> 20} MB. Large tables can be filled by a query, "
            "such as a recursive WITH."
        )
    if "\0" in script:
        errors[field].append("This contains a NUL character.")


def sample_tables(
    spec: SqlSpec, built: list[Built], ask: Callable[[str, int], Table | None]
) -> list[dict[str, Any]]:
    """The tables of the first visible case, with their first rows; without one, no rows."""
    visible = [number for number, case in enumerate(spec.cases) if case.is_visible]
    tables: list[dict[str, Any]] = built[visible[0] if visible else 0].about["tables"]
    if not visible:
        return [{**table, "rows": None, "sample": None} for table in tables]
    return [{**table, "sample": _sample(ask(_first_rows(table), visible[0]))} for table in tables]


def _first_rows(table: dict[str, Any]) -> str:
    name = ".".join('"' + part.replace('"', '""') + '"' for part in table["path"])
    return f"SELECT * FROM {name} LIMIT {SAMPLE_ROWS}"  # noqa: S608


def _sample(result: Table | None) -> dict[str, Any] | None:
    if result is None:
        return None
    return {"columns": result.columns, "rows": [shown(row) for row in result.rows]}
