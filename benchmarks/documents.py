"""How well news is found: `python -m benchmarks.documents [--database postgresql://…]`.

R@10 of search by words, by meaning and of both fused, on the set of forecasts/documents/evaluation_set.py, by
kind of question, and by how much fusion finds more than either, question by question. Without `make semantic`
by words alone. A database that is named has to be empty: it is brought up to date, and what is written there
is taken back.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from flask_migrate import upgrade

from benchmarks.report import Figure, headline, show
from mlarena.app import create_app
from mlarena.core.config import Settings
from mlarena.core.db import db
from mlarena.forecasts.documents import evaluation, meaning

# Two standard errors: what is more than chance.
SURE = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mlarena-bench-") as folder:
        data = Path(folder)
        settings = Settings(
            _env_file=None, mlarena_env="testing", mlarena_data=data, secret_key="x" * 64, mail_url="memory:",
            database_url=asked.database or f"sqlite:///{data / 'bench.sqlite'}",
        )  # fmt: skip
        with create_app(settings).app_context():
            upgrade()
            headline("documents", database=db.engine.dialect.name)
            started = time.perf_counter()
            found = evaluation.measured()
            took = time.perf_counter() - started
            installed = meaning.embedder() is not None
            db.session.remove()
            db.engine.dispose()
    for name in evaluation.SEARCHES:
        show(*(_recall(found, name, kind) for kind in (None, *found.kinds) if found.of(name, kind)))
    if installed:
        show(*(_better(found, name) for name in ("words", "meaning")))
    else:
        print("   by meaning and fused: not installed (make semantic)")
    show(Figure(f"{found.documents:,} texts and all questions took", took, "s"))


def _recall(found: evaluation.Measured, name: str, kind: str | None) -> Figure:
    recall = found.recall(name, kind) or (0.0, 0.0)
    of = f"by {kind}" if kind else "all"
    many = len(found.of(name, kind))
    return Figure(
        f"{name}: R@10, {many:,} questions {of}", 100 * recall[0], "%", f"± {100 * recall[1]:.1f}"
    )


def _better(found: evaluation.Measured, name: str) -> Figure:
    gain, error = found.better(name) or (0.0, 0.0)
    against = f"± {100 * error:.2f}, question by question"
    return Figure(f"fusion finds more than {name}", 100 * gain, "%", against, gain > SURE * error)


if __name__ == "__main__":
    main()
