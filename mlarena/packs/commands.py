"""`flask packs ...`: check and import packs."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import AppGroup

# What reads packs (YAML, the makers of data sets) is imported by the command that needs it: every
# process of the arena knows these commands, and none of them should start later for it.

packs = AppGroup("packs", help="Folders of tasks.")

Folder = click.Path(exists=True, file_okay=False, path_type=Path)


@packs.command("check")
@click.argument("folder", type=Folder)
def check(folder: Path) -> None:
    """Read the pack in FOLDER and say what is wrong with it, by file and line."""
    from mlarena.packs.reader import PackError, read_pack
    from mlarena.rewards.badges import known_conditions

    try:
        pack = read_pack(folder, condition_types=known_conditions())
    except PackError as error:
        raise click.ClickException(str(error)) from None
    many = (
        f"{len(pack.quests)} quests, {len(pack.challenges)} challenges, "
        f"{len(pack.contests)} competitions"
    )
    click.echo(f"{pack.info.title}: {many}, nothing wrong as far as reading can tell")


@packs.command("import")
@click.argument("folder", type=Folder)
@click.option("--if-changed", is_flag=True, help="Skip a pack that was imported as it is now.")
@click.option("--later", is_flag=True, help="New challenges are checked and published by a worker.")
def import_(folder: Path, if_changed: bool, later: bool) -> None:
    """Import the pack in FOLDER: tasks are created or updated by slug, submissions are kept."""
    from sqlalchemy import select

    from mlarena.core.db import db
    from mlarena.core.installation import Note
    from mlarena.packs.importer import fingerprint, import_pack, summary
    from mlarena.packs.reader import PackError
    from mlarena.quests.derived import any_stale

    name, found = f"pack:{folder.resolve().name}", fingerprint(folder)
    known = db.session.scalar(select(Note.value).where(Note.name == name))
    if if_changed and known == found and not any_stale():
        return
    try:
        imported = import_pack(folder, say=click.echo, later=later)
    except PackError as error:
        raise click.ClickException(str(error)) from None
    db.session.merge(Note(name=name, value=found))
    db.session.commit()
    click.echo(f"imported {summary(imported)}")
