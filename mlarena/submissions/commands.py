"""`flask submissions ...`: what an operator does by hand."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from mlarena.submissions.sweep import sweep as sweep_now

submissions = AppGroup("submissions", help="Submissions in flight.")


@submissions.command("sweep")
def sweep() -> None:
    """Re-dispatch what the queue lost, end what nobody can evaluate. The clock does this too."""
    for name, count in sweep_now().items():
        click.echo(f"{name}: {count}")
