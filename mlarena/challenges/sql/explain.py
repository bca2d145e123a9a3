"""The plan of a query, on demand."""

from __future__ import annotations

from mlarena.challenges.sql import statement
from mlarena.challenges.sql.engines import Engines
from mlarena.challenges.sql.engines.ran import PlanFailed
from mlarena.challenges.sql.prepared import Group, Prepared
from mlarena.challenges.sql.results import PlanNode


def explain(
    prepared: Prepared, query: str, engines: Engines, case_id: int | None = None
) -> PlanNode:
    """The engine's plan for `query` on a visible case (the first when not given).

    Without such a case it is the plan for empty tables. Raises Refusal for a text that is no
    attempt or that the engine cannot plan (the message is for the learner), EngineUnavailable when
    there is no engine.
    """
    attempt = statement.attempt(statement.as_text(query), prepared.engine)
    visible = prepared.of("visible")
    places = [place for place, case in enumerate(visible) if case_id in (None, case.id)]
    group: Group = "visible" if places else "schema"
    try:
        return engines.get(prepared.engine).plan(
            attempt.text, prepared.images(group), places[0] if places else 0
        )
    except PlanFailed as failed:
        raise statement.Refusal(str(failed)) from None
