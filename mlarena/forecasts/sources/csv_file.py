"""CSV in plain columns: date, league, season, home, away, home_goals, away_goals, ht_*, *_shots, *_sot,
*_corners, *_red. A row without goals is a match to come."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlarena.forecasts.sources.found import Found, SourceProblem, local_time, score, team_name

NAME = "csv"
LARGEST = 256 << 20
NEEDED = ("date", "league", "season", "home", "away", "home_goals", "away_goals")
COUNTS = {"shots": "shots", "on_target": "sot", "corners": "corners", "red": "red"}


def read(path: Path) -> dict[str, list[Found]]:
    """The matches of a file (.csv, .csv.gz) by the league's code in it. Raises SourceProblem."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise SourceProblem(f"{path.name} cannot be read: {error}") from None
    return parse(unpacked(path.name, raw), path.name)


def unpacked(name: str, raw: bytes) -> str:
    """The text of a file of that name. Raises SourceProblem, also where it unpacks to more than it may."""
    try:
        if name.endswith(".gz"):
            with gzip.open(io.BytesIO(raw)) as packed:
                raw = packed.read(LARGEST + 1)
            if len(raw) > LARGEST:
                raise SourceProblem(f"{name} unpacks to more than {LARGEST >> 20} MB.")
        return raw.decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise SourceProblem(f"{name} cannot be read: {error}") from None


def parse(text: str, name: str = "the file") -> dict[str, list[Found]]:
    rows = csv.DictReader(io.StringIO(text))
    missing = [column for column in NEEDED if column not in (rows.fieldnames or [])]
    if missing:
        raise SourceProblem(f"{name} lacks the columns: {', '.join(missing)}.")
    found: dict[str, list[Found]] = {}
    for row in rows:
        where = f"{name}, line {rows.line_num},"
        found.setdefault(row["league"] or "", []).append(_match(row, where))
    return found


def _match(row: dict[str, Any], where: str) -> Found:
    kickoff, timed = local_time(row["date"] or "", row.get("time"), "UTC", where)
    goals = score(_number(row, "home_goals", where), _number(row, "away_goals", where), where)
    season = _number(row, "season", where)
    if season is None:
        raise SourceProblem(f"{where} has no season.")
    return Found(
        season=season,
        home=team_name(row["home"], where),
        away=team_name(row["away"], where),
        kickoff=kickoff,
        timed=timed,
        status="scheduled" if goals is None else "finished",
        goals=goals,
        half_time=score(_number(row, "ht_home", where), _number(row, "ht_away", where), where),
        stats=dict(_counted(row, where)),
    )


def _counted(row: dict[str, Any], where: str) -> Iterator[tuple[str, dict[str, float | None]]]:
    for side in ("home", "away"):
        seen: dict[str, float | None] = {
            name: _number(row, f"{side}_{column}", where) for name, column in COUNTS.items()
        }
        if any(value is not None for value in seen.values()):
            yield side, seen


def _number(row: dict[str, Any], column: str, where: str) -> int | None:
    text = (row.get(column) or "").strip()
    if not text:
        return None
    try:
        value = float(text)
        if value != int(value):
            raise ValueError
    except (ValueError, OverflowError):
        raise SourceProblem(f"{where} has {text!r} in `{column}`.") from None
    return int(value)
