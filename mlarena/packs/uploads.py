"""What is uploaded in the console: a pack, or what is made into one; looked at first, then imported."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import BinaryIO

from sqlalchemy import delete, select

from mlarena.accounts import audit
from mlarena.accounts.models import User
from mlarena.core import apart
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.core.errors import NotFound
from mlarena.core.installation import Note
from mlarena.packs import codabench, ctfd, people, zipped
from mlarena.packs.folder import PackError, Problem
from mlarena.packs.importer import Imported, import_pack
from mlarena.packs.planning import Plan, plan
from mlarena.packs.reader import read_pack
from mlarena.rewards.badges import known_conditions

KEPT_HOURS = 24
_PREFIX = "pack upload:"
_STAMP = "%Y%m%dT%H%M%S"


@dataclass
class Looked:
    """What was found in an upload: what it is, what would happen, and what is left out of it."""

    what: str
    title: str = ""
    plan: Plan = field(default_factory=Plan)
    left_out: list[str] = field(default_factory=list)
    people: people.People = field(default_factory=people.People)


def keep(user: User, file: BinaryIO) -> str:
    """Keep an upload for a day; the name to ask for it by. Raises TooLarge. Commits."""
    forget_old()
    name = secrets.token_urlsafe(16)
    blob = apart.keep(file, zipped.LARGEST_ZIP)
    value = f"{user.id} {utcnow():{_STAMP}} {blob}"
    db.session.add(Note(name=f"{_PREFIX}{name}", value=value))
    db.session.commit()
    return name


def _kept(user: User, name: str) -> tuple[Note, str]:
    note = db.session.get(Note, f"{_PREFIX}{name[:60]}")
    if note is None or note.value.split()[0] != str(user.id):
        raise NotFound("This upload is not kept any more. Upload it again.")
    return note, note.value.split()[2]


def look(user: User, name: str) -> Looked:
    """The dry run. Raises NotFound."""
    _, blob = _kept(user, name)
    return look_at(apart.read(blob))


def look_at(content: bytes) -> Looked:
    """What is in it and what an import would do; faults are in the plan. Writes nothing that stays."""
    looked = Looked("pack")
    try:
        made = convert(content)
        looked.what, looked.left_out = made.what, made.left_out
        looked.people = people.plan(made.people)
        with zipped.unpacked(zipped.packed(made.files)) as folder:
            pack = read_pack(folder, condition_types=known_conditions())
            looked.title, looked.plan = pack.info.title, plan(pack)
    except PackError as error:
        looked.plan.problems = error.problems
    return looked


@dataclass
class Done:
    imported: Imported
    accounts: int
    left_out: list[str]
    said: list[str]


def import_kept(user: User, name: str) -> Done:
    """Import what was looked at, and forget the upload. Raises NotFound, PackError. Commits."""
    note, blob = _kept(user, name)
    done = import_zip(apart.read(blob), by_workers=True)
    apart.forget(blob)
    db.session.execute(delete(Note).where(Note.name == note.name))
    audit.note(user, "pack.import", "", **vars(done.imported), accounts=done.accounts)
    db.session.commit()
    return done


def import_zip(content: bytes, by_workers: bool = False) -> Done:
    """Raises PackError. Commits."""
    made = convert(content)
    said: list[str] = []
    with zipped.unpacked(zipped.packed(made.files)) as folder:
        imported = import_pack(folder, say=said.append, by_workers=by_workers)
    accounts = people.make(people.plan(made.people))
    return Done(imported, accounts, made.left_out, said)


def convert(content: bytes) -> ctfd.Made:
    """The files of a pack, whatever kind of zip it is. Raises PackError."""
    files = zipped.members(content)
    if "pack.yaml" in files:
        return ctfd.Made("pack", files, [], [])
    if "db/challenges.json" in files:
        return ctfd.convert(files)
    if codabench.is_bundle(files):
        return codabench.convert(files)
    words = (
        "there is neither a pack.yaml in it, nor an export of CTFd (db/challenges.json), nor a Codabench "
        "or CodaLab bundle (competition.yaml)"
    )
    raise PackError([Problem("the zip", words)])


def forget_old() -> int:
    """Uploads of more than a day ago that nobody imported; how many. No commit."""
    old, gone = f"{utcnow() - timedelta(hours=KEPT_HOURS):{_STAMP}}", 0
    for note in db.session.scalars(select(Note).where(Note.name.startswith(_PREFIX))).all():
        _, at, blob = note.value.split()
        if at < old:
            apart.forget(blob)
            db.session.delete(note)
            gone += 1
    return gone
