"""What CTFd exports (Admin → Config → Backup) as a pack: db/TABLE.json, each {"count", "results", "meta"}.

A challenge with static flags becomes a quiz of one text question, which any of its flags answers. An empty
table is an empty file there.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from mlarena.packs.exporting import to_yaml
from mlarena.packs.folder import PackError, Problem

_POINTS = 10_000
_LONGEST = 4_000


@dataclass(frozen=True)
class Made:
    """The files of a pack, people to have accounts, and in words what was left out."""

    what: str
    files: dict[str, bytes]
    left_out: list[str]
    people: list[dict[str, str]]


def convert(files: dict[str, bytes]) -> Made:
    """Raises PackError for tables that cannot be read."""
    tables = {
        name: _table(files, name)
        for name in ("challenges", "flags", "hints", "users", "tags", "files", "dynamic_challenge")
    }
    left: Counter[str] = Counter()
    flags, hints = _by_challenge(tables["flags"]), _by_challenge(tables["hints"])
    dynamic = {row.get("id"): row for row in tables["dynamic_challenge"]}
    attached = {row.get("challenge_id") for row in tables["files"] if row.get("challenge_id")}
    made: dict[str, bytes] = {}
    categories: dict[str, str] = {}
    taken: set[str] = set()
    notes: list[str] = []
    for row in tables["challenges"]:
        name = str(row.get("name") or "").strip() or f"Challenge {row.get('id')}"
        answers, refused = _answers(flags.get(row.get("id"), []))
        for why in refused:
            left[why] += 1
        if not answers:
            notes.append(
                f"“{name}” is left out: it has no static flag that could be compared as text."
            )
            continue
        category = str(row.get("category") or "").strip() or "CTFd"
        folder = slug_of(category, set(), "ctfd")
        categories.setdefault(folder, category[:128])
        slug = slug_of(name, taken, "challenge")
        taken.add(slug)
        left["file of a challenge"] += row.get("id") in attached
        left["connection to a server"] += bool(row.get("connection_info"))
        left["prerequisite of a challenge"] += bool(row.get("requirements"))
        fields = _challenge(row, name, slug, answers, hints.get(row.get("id"), []), dynamic)
        made[f"challenges/{folder}/{slug}.yaml"] = to_yaml(fields).encode()
    if categories:
        rows = [{"slug": slug, "name": name} for slug, name in categories.items()]
        made["categories.yaml"] = to_yaml({"categories": rows}).encode()
    made["pack.yaml"] = to_yaml(
        {
            "format": 1, "name": "ctfd", "title": "From CTFd", "version": "1",
            "description": "Challenges of a CTFd installation.", "licence": "Not said",
        }
    ).encode()  # fmt: skip
    notes += _left_out(files, tables, left)
    return Made("ctfd", made, notes, _people(tables["users"]))


def _table(files: dict[str, bytes], name: str) -> list[dict[str, Any]]:
    content = files.get(f"db/{name}.json", b"")
    if not content.strip():
        return []
    try:
        rows = json.loads(content)["results"]
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise TypeError
    except (ValueError, KeyError, TypeError, RecursionError):
        words = 'this is no table of CTFd: {"count": …, "results": […], "meta": {}}'
        raise PackError([Problem(f"db/{name}.json", words)]) from None
    return rows


def _by_challenge(rows: list[dict[str, Any]]) -> dict[Any, list[dict[str, Any]]]:
    found: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row.get("challenge_id")].append(row)
    return found


def _answers(flags: list[dict[str, Any]]) -> tuple[dict[str, bool], list[str]]:
    """Text of a flag → whether its case counts; and why others are left out."""
    found: dict[str, bool] = {}
    refused = []
    for flag in flags:
        content = str(flag.get("content") or "").strip()
        if flag.get("type") != "static":
            refused.append(f"flag of the kind “{flag.get('type')}”")
        elif content:
            found[content[:1000]] = flag.get("data") != "case_insensitive"
    return found, refused


def _challenge(
    row: dict[str, Any],
    name: str,
    slug: str,
    answers: dict[str, bool],
    hints: list[dict[str, Any]],
    dynamic: dict[Any, dict[str, Any]],
) -> dict[str, Any]:
    more = dynamic.get(row.get("id"), {})
    points = whole_of(more.get("initial") or row.get("initial") or row.get("value"), 0, _POINTS)
    text = str(row.get("description") or "").strip()
    prompt = text if 0 < len(text) <= _LONGEST else "What is the flag?"
    left = points
    opened = []
    for hint in sorted(hints, key=lambda one: whole_of(one.get("id"), 0, 1 << 60)):
        content = str(hint.get("content") or "").strip()[:2000]
        if content:
            cost = min(left, whole_of(hint.get("cost"), 0, _POINTS))
            left -= cost
            opened.append({"text": content, "cost": cost})
    attempts = whole_of(row.get("max_attempts"), 0, 1000)
    fields: dict[str, Any] = {
        "slug": slug,
        "kind": "knowledge",
        "name": name[:128],
        "summary": "",
        "description": text[:20_000] if prompt != text else "",
        "difficulty": "beginner",
        "points": points,
        "hints": opened,
        "status": "published" if row.get("state") == "visible" else "draft",
        "questions": [
            {
                "kind": "text",
                "prompt": prompt,
                "answer": list(answers),
                "case_sensitive": all(answers.values()),
                "accents_count": True,
            }
        ],
    }
    if attempts:
        fields["attempts_allowed"] = attempts
    return fields


def _left_out(
    files: dict[str, bytes], tables: dict[str, list[dict[str, Any]]], left: Counter[str]
) -> list[str]:
    said = [f"{count} × {what}" for what, count in sorted(left.items()) if count]
    if tables["dynamic_challenge"]:
        said.append("Points that fall with each solve: the first value is taken.")
    if tables["tags"]:
        said.append(f"{len(tables['tags'])} × tag")
    for name, words in (
        ("submissions", "what was handed in"),
        ("solves", "solves"),
        ("awards", "awards"),
        ("teams", "teams"),
        ("pages", "pages"),
        ("notifications", "notifications"),
        ("config", "settings"),
    ):
        if files.get(f"db/{name}.json", b"").strip():
            said.append(f"All {words} (db/{name}.json).")
    if any(name.startswith("uploads/") for name in files):
        said.append("Uploaded files (uploads/).")
    if tables["users"]:
        said.append("Passwords: who comes sets one by “Forgot password?”. Admins become learners.")
    return said


def _people(users: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [
        {
            "email": str(row.get("email") or ""),
            "username": str(row.get("name") or ""),
            "full_name": "",
        }
        for row in users
        if not row.get("banned")
    ]


def whole_of(value: Any, least: int, most: int) -> int:
    try:
        return max(least, min(most, int(value)))
    except (TypeError, ValueError, OverflowError):
        return least


def slug_of(text: str, taken: set[str], usual: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:50].strip("-") or usual
    slug, number = base, 1
    while slug in taken:
        number += 1
        slug = f"{base}-{number}"
    return slug
