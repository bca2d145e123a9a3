"""A class list as CSV: read it, say row by row what would happen, then do it in one transaction.

Whoever is not known by their e-mail address gets an account without a password: they set one by
“Forgot password?”, with a letter to that address. Nothing is written by looking.
"""

from __future__ import annotations

import csv
import io
import re
import secrets
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from mlarena.accounts import audit, names
from mlarena.accounts.models import User
from mlarena.cohorts.models import Cohort, CohortMember
from mlarena.core.clock import utcnow
from mlarena.core.db import db, insert
from mlarena.core.errors import Conflict, Invalid
from mlarena.live import publish

MOST_ROWS = 20_000
MOST_BYTES = 5 << 20
CHUNK = 500
# No hash of a password looks like this, so none opens the account (argon2 refuses to read it).
NO_PASSWORD = "!"  # noqa: S105
COLUMNS = {
    "email": ("email", "e-mail", "mail", "email address", "e-mail address", "sis login id"),
    "full_name": ("full_name", "full name", "name", "student", "student name", "learner"),
    "first": ("first name", "firstname", "given name", "vorname"),
    "last": ("last name", "lastname", "surname", "family name", "nachname"),
    "username": ("username", "user name", "user", "login"),
    "nickname": ("nickname", "nick name", "nick"),
}


@dataclass(frozen=True)
class Person:
    """One row that can be imported. `user_id` None: an account is made under `username`."""

    row: int
    email: str
    full_name: str
    username: str
    nickname: str
    user_id: int | None = None
    # "new", "joins", "returns", "is in already"
    what: str = "new"


@dataclass
class Report:
    """What a file would do, or has done. Problems are (row, words); row 1 is the header's."""

    encoding: str = ""
    rows: int = 0
    people: list[Person] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)

    def count(self, what: str) -> int:
        return sum(person.what == what for person in self.people)

    @property
    def changes(self) -> int:
        return len(self.people) - self.count("is in already")

    def shown(self) -> dict[str, Any]:
        return {
            "encoding": self.encoding,
            "rows": self.rows,
            "new": self.count("new"),
            "joins": self.count("joins"),
            "returns": self.count("returns"),
            "already": self.count("is in already"),
            "problems": [{"row": row, "message": words} for row, words in self.problems],
        }


def decoded(content: bytes) -> tuple[str, str]:
    """The file's text and the name of its encoding: UTF-8 and UTF-16 by their marks, UTF-8 without, else
    what spreadsheets on Western Windows write. Raises Invalid for what is no text."""
    if len(content) > MOST_BYTES:
        raise Invalid.field("roster_file", f"A class list has at most {MOST_BYTES >> 20} MB.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        order: tuple[str, ...] = ("UTF-16",)
    else:
        order = ("UTF-8-SIG", "Windows-1252", "Latin-1")
    for name in order:
        try:
            text = content.decode(name)
        except UnicodeDecodeError:
            continue
        if "\x00" in text or content.startswith(b"PK\x03\x04"):
            break
        return text, name.removesuffix("-SIG")
    raise Invalid.field(
        "roster_file", "This is no CSV file. In a spreadsheet, choose “Save as … CSV”."
    )


def read(cohort: Cohort, text: str, encoding: str = "UTF-8") -> Report:
    """What importing `text` would do, row by row. Raises Invalid where there is no class list in it."""
    report = Report(encoding)
    given = list(_rows(text, report))
    _find_people(cohort, given, report)
    report.problems.sort()
    return report


def import_(actor: User, cohort: Cohort, text: str, encoding: str = "UTF-8") -> Report:
    """Do what `read` says, all of it or nothing; rows with problems are left out. Commits.

    Raises Conflict where somebody took one of the names in this very moment.
    """
    report, now = read(cohort, text, encoding), utcnow()
    db.session.commit()  # the reading is over: what follows begins with a write
    try:
        ids = _make_accounts(person for person in report.people if person.user_id is None)
        rows = [
            {
                "cohort_id": cohort.id,
                "user_id": person.user_id or ids[names.email_key(person.email)],
                "nickname": person.nickname,
                "joined_at": now,
            }
            for person in report.people
            if person.what != "is in already"
        ]
        for some in _chunks(rows):
            fresh = insert(CohortMember).values(some)
            db.session.execute(
                fresh.on_conflict_do_update(
                    index_elements=["cohort_id", "user_id"], set_={"left_at": None}
                )
            )
        told = {name: value for name, value in report.shown().items() if name != "problems"}
        audit.note(actor, "cohort.import_roster", f"cohort:{cohort.id}", **told)
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        raise Conflict(
            "Somebody has just registered under a name or address of this list. Nothing was written: "
            "check the list once more."
        ) from None
    publish.board_changed(f"cohort:{cohort.id}")
    return report


def _rows(text: str, report: Report) -> Iterator[dict[str, Any]]:
    """The rows as {column: text, "row": number of the line as a spreadsheet shows it}."""
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = next((row for row in reader if any(cell.strip() for cell in row)), [])
        columns = _columns(header)
        for number, row in enumerate(reader, 2):
            if not any(cell.strip() for cell in row):
                continue
            report.rows += 1
            if report.rows > MOST_ROWS:
                raise Invalid.field("roster_file", f"A class list has at most {MOST_ROWS:,} rows.")
            cells = {
                name: row[place].strip() for name, place in columns.items() if place < len(row)
            }
            yield {"row": number, **cells}
    except csv.Error as wrong:
        raise Invalid.field("roster_file", f"The file cannot be read as CSV: {wrong}.") from None
    if not report.rows:
        raise Invalid.field("roster_file", "There is nobody in this list.")


def _columns(header: list[str]) -> dict[str, int]:
    plain = [" ".join(cell.strip().casefold().split()) for cell in header]
    found = {
        name: next(place for place, cell in enumerate(plain) if cell in words)
        for name, words in COLUMNS.items()
        if any(cell in words for cell in plain)
    }
    if "email" not in found:
        raise Invalid.field(
            "roster_file",
            "The first row has to name the columns, and one of them has to be “email”. "
            f"It has: {', '.join(cell for cell in header if cell)[:200] or 'nothing'}.",
        )
    return found


def _find_people(cohort: Cohort, given: list[dict[str, Any]], report: Report) -> None:
    seen: dict[str, int] = {}
    checked: list[tuple[str, dict[str, Any]]] = []
    for row in given:
        try:
            row["email"] = names.clean_email(row.get("email", ""))
            row["full_name"] = names.clean_full_name(_full_name(row))
            row["nickname"] = names.clean_full_name(row.get("nickname", ""))[:40]
            if row.get("username"):
                row["username"] = names.clean_username(row["username"])
        except ValueError as wrong:
            report.problems.append((row["row"], f"{row.get('email') or 'No e-mail'}: {wrong}"))
            continue
        key = names.email_key(row["email"])
        if key in seen:
            report.problems.append(
                (row["row"], f"{row['email']} is in row {seen[key]} already. That one counts.")
            )
            continue
        seen[key] = row["row"]
        checked.append((key, row))
    known = _known(User.email_key, [key for key, _ in checked])
    members = db.session.execute(
        select(CohortMember.user_id, CohortMember.left_at).where(
            CohortMember.cohort_id == cohort.id
        )
    )
    here = {row.user_id: row.left_at for row in members}
    fresh = []
    for key, row in checked:
        user_id = known.get(key)
        if user_id is None:
            fresh.append(row)
            continue
        what = "joins"
        if user_id in here:
            what = "is in already" if here[user_id] is None else "returns"
        report.people.append(
            Person(row["row"], row["email"], row["full_name"], "", row["nickname"], user_id, what)
        )
    _name_the_new(fresh, report)
    report.people.sort(key=lambda person: person.row)


def _full_name(row: dict[str, Any]) -> str:
    if row.get("full_name"):
        # As class lists have it: “Lovelace, Ada”.
        last, comma, first = str(row["full_name"]).partition(",")
        return f"{first.strip()} {last.strip()}" if comma and first.strip() else last
    return f"{row.get('first', '')} {row.get('last', '')}".strip()


def _name_the_new(rows: list[dict[str, Any]], report: Report) -> None:
    """User names for those who have none here: their own wish, or what stands before the @."""
    wished = {names.username_key(row["username"]) for row in rows if row.get("username")}
    made = {id(row): plain_name(row["email"]) for row in rows if not row.get("username")}
    taken = set(_known(User.username_key, [*wished, *map(names.username_key, made.values())]))
    # Those of one's own wish come first: nobody's wish is refused for a name that was made up.
    for row in sorted(rows, key=lambda one: not one.get("username")):
        name = row.get("username") or made[id(row)]
        key = names.username_key(name)
        if key in taken and row.get("username"):
            report.problems.append((row["row"], f"The user name {name} is taken."))
            continue
        while key in taken:
            name = f"{made[id(row)][:56]}-{secrets.randbelow(10**6):06}"
            key = names.username_key(name)
        taken.add(key)
        report.people.append(
            Person(row["row"], row["email"], row["full_name"], name, row["nickname"])
        )


def plain_name(email: str) -> str:
    """A user name made of what stands before the @; it may be taken."""
    local = unicodedata.normalize("NFKD", email.partition("@")[0].partition("+")[0])
    plain = re.sub(r"[^A-Za-z0-9._-]", "", local)
    plain = re.sub(r"^[^A-Za-z0-9]+", "", plain)[:60]
    return plain or "learner"


def _known(column: Any, keys: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for some in _chunks(keys):
        rows = db.session.execute(select(column, User.id).where(column.in_(some)))
        found.update({row[0]: row[1] for row in rows})
    return found


def _make_accounts(people: Iterable[Person]) -> dict[str, int]:
    """Accounts for these; their ids by the keys of their addresses."""
    made: dict[str, int] = {}
    usual = {
        "password_hash": NO_PASSWORD,
        "role": "learner",
        "timezone": "UTC",
        "kaggle_username": "",
        "listed": True,
        "credentials_version": 1,
        "created_at": utcnow(),
    }
    rows = [
        {
            "username": person.username,
            "username_key": names.username_key(person.username),
            "email": person.email,
            "email_key": names.email_key(person.email),
            "full_name": person.full_name,
            **usual,
        }
        for person in people
    ]
    for some in _chunks(rows):
        fresh = insert(User).values(some).returning(User.email_key, User.id)
        made.update({row.email_key: row.id for row in db.session.execute(fresh)})
    return made


def _chunks(rows: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(rows), CHUNK):
        yield rows[start : start + CHUNK]
