"""`flask competitions ...`: what an operator does by hand, and the clock does by itself."""

from __future__ import annotations

import click
from flask.cli import AppGroup
from sqlalchemy import select

from mlarena.competitions.models import Competition
from mlarena.core.db import db

competitions = AppGroup("competitions", help="Competitions: Kaggle's boards, and ratings.")


@competitions.command("sync")
@click.argument("slug")
def sync(slug: str) -> None:
    """Read dates and board of the mirrored competition SLUG from Kaggle; what has ended is finished."""
    from mlarena.competitions.kaggle import ends, manners
    from mlarena.competitions.kaggle.faults import KaggleFault
    from mlarena.competitions.kaggle.models import KaggleCompetition
    from mlarena.competitions.kaggle.sync import sync as read_board

    found = _found(slug)
    if not isinstance(found, KaggleCompetition):
        raise click.ClickException(f"{slug} is held here; there is nothing to read from Kaggle.")
    if wait := manners.quiet_for():
        raise click.ClickException(f"Kaggle asked us to wait; {wait:.0f} s of that are left.")
    try:
        changed = int(ends.refresh(found.id))
        if found.phase() == "ongoing":
            changed = read_board(found.id)
    except KaggleFault as fault:
        raise click.ClickException(str(fault)) from None
    db.session.refresh(found)
    click.echo(f"{found.title}: {found.phase()}, {changed or 'no'} changes")


@competitions.command("rate")
@click.argument("slug")
def rate(slug: str) -> None:
    """Make the ratings again from the competition SLUG on. One that has ended is finished first."""
    from mlarena.competitions import finish, rating

    found = _found(slug)
    if not found.revealed and found.hosted:
        finish.finish(found.id)
        db.session.refresh(found)
    if not found.revealed:
        why = "Read it from Kaggle first: flask competitions sync" if not found.hosted else "Wait"
        raise click.ClickException(f"{found.title} is {found.phase()} and not finished. {why}.")
    rating.ask(found)
    db.session.commit()
    click.echo(f"{rating.catch_up()} changes made from {found.title} on")


def _found(slug: str) -> Competition:
    """By its address here or at Kaggle."""
    from mlarena.competitions.kaggle.models import KaggleCompetition

    for query in (
        select(Competition).where(Competition.slug == slug),
        select(KaggleCompetition).where(KaggleCompetition.kaggle_slug == slug),
    ):
        found = db.session.scalar(query)
        if found is not None:
            return found
    raise click.ClickException(f"There is no competition {slug}.")
