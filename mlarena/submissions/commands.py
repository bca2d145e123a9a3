"""`flask submissions ...`: what an operator does by hand."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from mlarena.sandbox import probe as probe_layers
from mlarena.sandbox.probing import refusal
from mlarena.submissions.sweep import sweep as sweep_now

submissions = AppGroup("submissions", help="Submissions in flight.")


@submissions.command("sweep")
def sweep() -> None:
    """Re-dispatch what the queue lost, end what nobody can evaluate. The clock does this too."""
    for name, count in sweep_now().items():
        click.echo(f"{name}: {count}")


sandbox = AppGroup("sandbox", help="The jail that runs learners' code.")


@sandbox.command("probe")
def probe() -> None:
    """Try each layer of the jail by its effect, and say which hold on this machine."""
    layers = probe_layers()
    for name, holds in layers.items():
        click.echo(f"{name}: {'in force' if holds is True else f'missing: {holds}'}")
    why = refusal(layers)
    if why:
        raise click.ClickException(why)
