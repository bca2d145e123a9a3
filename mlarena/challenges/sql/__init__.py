"""SQL judging: everything between the text of a query and its results on each case.

It imports neither Flask nor the application's database: settings come in, dataclasses come out.

    engines = Engines(...)                      once per worker and web process; close() at its end
    checked = check(spec, engines)              when a challenge is saved
    judge(checked.prepared, query, engines)     each attempt; `cases="visible"` for a mere run
    rank(prepared, query, engines)              an accepted attempt's cost, for the board
"""

from mlarena.challenges.sql.describe import describe
from mlarena.challenges.sql.engines import Engines, EngineUnavailable
from mlarena.challenges.sql.explain import explain
from mlarena.challenges.sql.judge import judge
from mlarena.challenges.sql.prepared import Prepared
from mlarena.challenges.sql.ranking import rank
from mlarena.challenges.sql.results import (
    CaseResult,
    Checked,
    Column,
    Cost,
    Description,
    ForeignKey,
    Grid,
    Judged,
    PlanNode,
    TableInfo,
)
from mlarena.challenges.sql.saving import check
from mlarena.challenges.sql.spec import SqlCase, SqlSpec
from mlarena.challenges.sql.statement import Refusal, normalise, read_attempt

__all__ = [
    "CaseResult",
    "Checked",
    "Column",
    "Cost",
    "Description",
    "EngineUnavailable",
    "Engines",
    "ForeignKey",
    "Grid",
    "Judged",
    "PlanNode",
    "Prepared",
    "Refusal",
    "SqlCase",
    "SqlSpec",
    "TableInfo",
    "check",
    "describe",
    "explain",
    "judge",
    "normalise",
    "rank",
    "read_attempt",
]
