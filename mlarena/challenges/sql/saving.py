"""What saving a challenge checks: that its solution runs, and that its cases can tell it apart."""

from __future__ import annotations

from mlarena.challenges.sql.engines import Engines
from mlarena.challenges.sql.reading import read_spec
from mlarena.challenges.sql.results import Checked
from mlarena.challenges.sql.spec import SqlSpec


def check(spec: SqlSpec, engines: Engines) -> Checked:
    """Build every case, run the solution on it, and say what is wrong with `spec`.

    Takes from 50 ms (small cases) to some seconds (a benchmark case): a button, not a key press.
    Raises EngineUnavailable only when a configured engine breaks down in the middle.
    """
    errors = read_spec(spec)
    if not errors:
        missing = engines.missing(spec.engine)
        if missing:
            errors["engine"].append(f"This engine cannot be used here: {missing}")
    if errors:
        return Checked(errors=dict(errors))
    from mlarena.challenges.sql.checking import Checking, Stop  # with it comes all of sqlglot

    checking = Checking(spec, engines.get(spec.engine))
    try:
        prepared = checking.prepare()
    except Stop:
        return Checked(dict(checking.errors), checking.warnings, ran=checking.ran)
    return Checked(warnings=checking.warnings, prepared=prepared, ran=checking.ran)
