"""`flask packs ...`: check and import packs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask.cli import AppGroup

# What reads packs (YAML, the makers of data sets) is imported by the command that needs it: every
# process of the arena knows these commands, and none of them should start later for it.

packs = AppGroup("packs", help="Folders of tasks.")

Folder = click.Path(exists=True, path_type=Path)


@packs.command("check")
@click.argument("folder", type=Folder)
def check(folder: Path) -> None:
    """Read the pack in FOLDER, a folder or a zip, and say what is wrong with it, by file and line."""
    from mlarena.packs.reader import PackError, read_pack
    from mlarena.rewards.badges import known_conditions

    try:
        with _opened(folder) as (root, left_out):
            pack = read_pack(root, condition_types=known_conditions())
    except PackError as error:
        raise click.ClickException(str(error)) from None
    many = (
        f"{len(pack.quests)} quests, {len(pack.challenges)} challenges, "
        f"{len(pack.contests)} competitions"
    )
    for line in left_out:
        click.echo(f"left out: {line}")
    click.echo(f"{pack.info.title}: {many}, nothing wrong as far as reading can tell")


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Path, list[str]]]:
    """The folder of a pack, be it one or a zip, and what was left out to make it one."""
    from mlarena.packs import uploads, zipped

    if path.is_dir():
        yield path, []
        return
    made = uploads.convert(path.read_bytes())
    with zipped.unpacked(zipped.packed(made.files)) as root:
        yield root, made.left_out


@packs.command("import")
@click.argument("folder", type=Folder)
@click.option("--if-changed", is_flag=True, help="Skip a pack that was imported as it is now.")
@click.option("--later", is_flag=True, help="New challenges are checked and published by a worker.")
def import_(folder: Path, if_changed: bool, later: bool) -> None:
    """Import the pack in FOLDER: tasks are created or updated by slug, submissions are kept.

    FOLDER may be a zip, too: of a pack, of CTFd, or a bundle of Codabench or CodaLab.
    """
    from sqlalchemy import select

    from mlarena.core.db import db
    from mlarena.core.installation import Note
    from mlarena.packs.importer import fingerprint, import_pack, summary
    from mlarena.packs.reader import PackError
    from mlarena.quests.derived import any_stale

    if folder.is_file():
        _import_zip(folder)
        return
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


def _import_zip(path: Path) -> None:
    from mlarena.core.db import db
    from mlarena.packs import uploads
    from mlarena.packs.importer import summary
    from mlarena.packs.reader import PackError

    try:
        done = uploads.import_zip(path.read_bytes())
    except PackError as error:
        db.session.rollback()
        raise click.ClickException(str(error)) from None
    for line in (*done.said, *(f"left out: {line}" for line in done.left_out)):
        click.echo(line)
    click.echo(f"imported {summary(done.imported)}, {done.accounts} accounts")


@packs.command("export")
@click.argument("target", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@click.option(
    "--slug", "slugs", multiple=True, help="A quest, challenge or competition; else everything."
)
def export(target: Path, slugs: tuple[str, ...]) -> None:
    """Write TARGET, a zip of everything, or of the tasks of the given slugs."""
    from sqlalchemy import select

    from mlarena.core.db import db
    from mlarena.packs import exporting, zipped
    from mlarena.submissions.models import Task

    chosen = exporting.Chosen(everything=not slugs)
    fields = {"quest": chosen.quests, "competition": chosen.competitions}
    for slug in slugs:
        task = db.session.scalar(select(Task).where(Task.slug == slug))
        if task is None:
            raise click.ClickException(f"there is no task `{slug}`")
        fields.get(task.kind, chosen.challenges).append(task.id)
    files = exporting.export(chosen, slugs[0] if len(slugs) == 1 else "export")
    target.write_bytes(zipped.packed(files))
    db.session.commit()
    click.echo(f"{len(files)} files in {target}")
