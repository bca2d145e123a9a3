"""What Kaggle tells, and a board as it hands it out: a zip with one CSV, all of it strangers' text."""

from __future__ import annotations

import csv
import hashlib
import io
import math
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from mlarena.competitions.kaggle.faults import Unreadable

# The largest boards of all have some 150,000 rows, which is 12 MB.
MOST_BYTES = 64 << 20
MOST_ROWS = 500_000
NEEDED = ("TeamId", "TeamName", "Score")
_TEAM = re.compile(r"[0-9]{1,18}")
_USERNAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


@dataclass(frozen=True)
class Facts:
    """What Kaggle says of a competition. `starts_at` may be unknown to it."""

    title: str
    summary: str
    metric: str
    starts_at: datetime | None
    ends_at: datetime
    daily_limit: int
    team_size: int


@dataclass(frozen=True)
class Row:
    """One team. `people` are its members' user names in lower case; None: Kaggle did not say."""

    team: str
    name: str
    score: float
    at: datetime | None
    entries: int | None = None
    people: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Board:
    """The rows in Kaggle's order, best first, and what tells two boards apart."""

    rows: tuple[Row, ...]
    digest: str


def board_of_rows(rows: Iterable[Row]) -> Board:
    """A team that is there twice counts as it stands first."""
    found = _once(rows)
    return Board(found, f"rows:{hashlib.sha256(repr(found).encode()).hexdigest()}")


def board_of(text: str, known: str) -> Board | None:
    """The board in a CSV; None without a look at it if its digest is the known one. Raises Unreadable."""
    digest = f"csv:{hashlib.sha256(text.encode()).hexdigest()}"
    return None if digest == known else Board(_once(read(text)), digest)


def _once(rows: Iterable[Row]) -> tuple[Row, ...]:
    once: dict[str, Row] = {}
    for row in rows:
        once.setdefault(row.team, row)
    return tuple(once.values())


def unzipped(content: bytes) -> str:
    """The text of the one CSV in the archive. Raises Unreadable."""
    if not content.startswith(b"PK"):
        start = content[:60].decode("utf-8", "replace")
        raise Unreadable(f"Instead of a zip with the board Kaggle sent: {start!r}")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            tables = [one for one in archive.infolist() if one.filename.endswith(".csv")]
            if len(tables) != 1:
                raise Unreadable(f"The zip with the board holds {len(tables)} CSV files, not one.")
            if tables[0].file_size > MOST_BYTES:
                raise Unreadable("The board that Kaggle sent is larger than any board is.")
            with archive.open(tables[0]) as file:
                # What the archive says of its size may be a lie.
                text = file.read(MOST_BYTES + 1)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise Unreadable(f"The zip with the board is damaged or cut short: {error}") from None
    if len(text) > MOST_BYTES:
        raise Unreadable("The board that Kaggle sent is larger than any board is.")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"The board is not UTF-8 (byte {error.start}).") from None


def read(text: str) -> list[Row]:
    """The rows of the CSV by rank, or as they stand where ranks are missing. Raises Unreadable.

    A team without a score has no place on a board and is left out.
    """
    lines = csv.reader(io.StringIO(text))
    try:
        return _by_rank(_cells(lines))
    except csv.Error as error:
        raise Unreadable(f"The board is no CSV (line {lines.line_num}: {error}).") from None


def _cells(lines: Iterator[list[str]]) -> Iterator[dict[str, str]]:
    header = [name.strip() for name in next(lines, [])]
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise Unreadable(f"The board has no column {', '.join(missing)}; it has {header[:8]}.")
    for number, line in enumerate(lines, 2):
        if not line:
            continue
        if len(line) != len(header):
            raise Unreadable(
                f"The board's line {number} has {len(line)} cells where its head has {len(header)}: "
                "it was cut short."
            )
        if number > MOST_ROWS:
            raise Unreadable("The board that Kaggle sent is larger than any board is.")
        yield dict(zip(header, line, strict=True))


def _by_rank(lines: Iterable[dict[str, str]]) -> list[Row]:
    found: list[tuple[int | None, Row]] = []
    for cells in lines:
        team, score = team_id(cells["TeamId"]), number(cells["Score"])
        if score is None:
            continue
        rank = cells.get("Rank", "").strip()
        row = Row(
            team=team,
            name=" ".join(cells["TeamName"].split()),
            score=score,
            at=moment(cells.get("LastSubmissionDate", "")),
            entries=_count(cells.get("SubmissionCount", "")),
            people=_people(cells.get("TeamMemberUserNames", "")),
        )
        found.append((int(rank) if rank.isdecimal() else None, row))
    if all(rank is not None for rank, _ in found):
        found.sort(key=lambda ranked: ranked[0] or 0)
    return [row for _, row in found]


def team_id(text: object) -> str:
    found = str(text).strip()
    if not _TEAM.fullmatch(found):
        raise Unreadable(f"The board has a team with the id {found[:40]!r}.")
    return found


def number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def moment(text: str) -> datetime | None:
    """A time as the CSV writes it: in UTC, with a blank or a T in the middle."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _count(text: str) -> int | None:
    text = text.strip()
    return min(int(text), 10**6) if text.isdecimal() else None


def _people(text: str) -> tuple[str, ...] | None:
    names = (name.strip().lower() for name in text.split(","))
    found = tuple(dict.fromkeys(name for name in names if _USERNAME.fullmatch(name)))
    return found or None
