"""CTFd's export and the bundles of Codabench and CodaLab, by the formats that they write."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlarena.accounts.models import User
from mlarena.challenges.models import Challenge
from mlarena.competitions.models import Competition
from mlarena.core.db import db
from mlarena.packs import uploads, zipped
from mlarena.packs.folder import PackError


def table(*rows: dict[str, Any]) -> bytes:
    """As CTFd's serializer writes one: an empty table is an empty file."""
    if not rows:
        return b""
    whole = {"count": len(rows), "results": list(rows), "meta": {}}
    return json.dumps(whole, separators=(",", ":")).encode()


def challenge(number: int, **more: Any) -> dict[str, Any]:
    usual = {
        "id": number, "name": f"Challenge {number}", "description": "What is the **answer**?",
        "connection_info": None,
        "next_id": None, "max_attempts": 0, "value": 100, "category": "Warm up", "type": "standard",
        "state": "visible", "requirements": None,
    }  # fmt: skip
    return usual | more


def flag(
    number: int, of: int, content: str, kind: str = "static", data: str = ""
) -> dict[str, Any]:
    return {"id": number, "challenge_id": of, "type": kind, "content": content, "data": data}


def person(number: int, name: str, email: str, **more: Any) -> dict[str, Any]:
    usual = {
        "id": number, "oauth_id": None, "name": name, "password": "$bcrypt-sha256$v=2,t=2b,r=12$x",
        "email": email,
        "type": "user", "secret": None, "website": None, "affiliation": None, "country": None,
        "bracket_id": None,
        "hidden": False, "banned": False, "verified": True, "team_id": None, "created": "2025-03-01T10:00:00",
    }  # fmt: skip
    return usual | more


CTFD = {
    "db/alembic_version.json": table({"version_num": "f73a96c97449"}),
    "db/challenges.json": table(
        challenge(1, name="First flag", max_attempts=3),
        challenge(2, name="Dynamic one", type="dynamic", value=180, category="Crypto", state="hidden"),
        challenge(3, name="By pattern", connection_info="nc example.org 1337"),
        challenge(4, name="First flag", requirements={"prerequisites": [1]}),
    ),
    "db/dynamic_challenge.json": table({"id": 2, "initial": 300, "minimum": 50, "decay": 10}),
    "db/flags.json": table(
        flag(1, 1, "flag{one}"), flag(2, 1, "FLAG{uno}", data="case_insensitive"),
        flag(3, 2, "flag{two}"), flag(4, 3, "flag\\{.+\\}", "regex"), flag(5, 4, "flag{four}"),
    ),
    "db/hints.json": table(
        {"id": 1, "type": "standard", "challenge_id": 1, "content": "Look closer.", "cost": 10},
        {"id": 2, "type": "standard", "challenge_id": 1, "content": "Closer.", "cost": 500},
    ),
    "db/users.json": table(
        person(1, "admin", "root@example.org", type="admin"), person(2, "eve", "eve@example.org"),
        person(3, "gone", "gone@example.org", banned=True), person(4, "odd one", "no address"),
    ),
    "db/tags.json": table({"id": 1, "challenge_id": 1, "value": "easy"}),
    "db/files.json": table(
        {"id": 1, "type": "challenge", "location": "ab/secret.png", "challenge_id": 1, "page_id": None}
    ),
    "db/solves.json": table({"id": 1, "challenge_id": 1, "user_id": 2, "team_id": None}),
    "db/teams.json": table(),
    "uploads/ab/secret.png": b"\x89PNG",
}  # fmt: skip


def test_challenges_of_ctfd_become_quizzes(
    app: Any, jail: Any, make_user: Any, client: Any, bearer: Any
) -> None:
    eve = make_user("eve")
    content = zipped.packed(CTFD)
    looked = uploads.look_at(content)
    assert (looked.what, list(map(str, looked.plan.problems))) == ("ctfd", [])
    assert len(looked.people.new) == 1 and looked.people.there == 1
    said = "\n".join(looked.left_out)
    for words in (
        "“By pattern” is left out", "1 × flag of the kind “regex”", "1 × file of a challenge",
        "Uploaded files",
        "1 × prerequisite of a challenge", "solves", "first value is taken", "Passwords", "1 × tag",
    ):  # fmt: skip
        assert words in said, words
    assert "teams" not in said  # there were none
    done = uploads.import_zip(content)
    assert (done.imported.challenges, done.accounts) == (3, 1)
    assert {user.username for user in db.session.query(User)} == {"eve", "admin"}
    assert {user.role for user in db.session.query(User)} == {"learner"}
    found = {one.slug: one for one in db.session.query(Challenge)}
    assert set(found) == {"first-flag", "first-flag-2", "dynamic-one"}
    first = found["first-flag"]
    assert (first.status, first.xp_reward, first.attempts_allowed) == ("published", 100, 3)
    assert [hint["cost"] for hint in first.hints] == [10, 90]  # no more than the points
    assert (found["dynamic-one"].status, found["dynamic-one"].xp_reward) == ("draft", 300)
    shown = client.get(f"/api/v1/challenges/{first.id}", headers=bearer(eve)).json["data"]
    assert "flag{one}" not in json.dumps(shown)
    sent = client.post(
        "/api/v1/attempts",
        json={"challenge_id": first.id, "answers": {"1": "flag{uno}"}},
        headers=bearer(eve),
    )
    assert sent.status_code == 202, sent.text
    # Another import finds everything as it is.
    assert uploads.look_at(content).plan.changes_nothing


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("db/challenges.json", b"[]"),
        ("db/flags.json", b"{"),
        ("db/users.json", b'{"results": 3}'),
        ("db/hints.json", b"[" * 5000),
    ],
)
def test_a_broken_export_is_told_by_file(app: Any, name: str, content: bytes) -> None:
    [problem] = uploads.look_at(zipped.packed(CTFD | {name: content})).plan.problems
    assert problem.file == name


TRUTH = "id,label\n" + "".join(f"{n},{n % 2}\n" for n in range(60))
CODABENCH = """version: 2
title: Iris, again
description: A small benchmark.
image: logo.png
docker_image: codalab/codalab-legacy:py37
terms: pages/terms.md
pages:
  - {title: Overview, file: pages/overview.md}
  - {title: Evaluation, file: pages/evaluation.html}
tasks:
  - index: 0
    name: Development
    input_data: input_data.zip
    reference_data: reference_data.zip
    scoring_program: scoring_program.zip
    public_data: public
  - index: 1
    name: Final
    reference_data: final_reference
    scoring_program: scoring_program.zip
phases:
  - {name: Development, index: 0, start: '2030-01-01', end: '2030-02-01', tasks: [0]}
  - {name: Final, index: 1, start: '2030-02-01 00:00:00', end: 2030-03-01,
     max_submissions_per_day: 7, tasks: [1]}
leaderboards:
  - title: Results
    key: main
    columns:
      - {title: Seconds, key: duration, index: 1, sorting: asc}
      - {title: Accuracy, key: accuracy, index: 0, sorting: desc}
"""
BUNDLE = {
    "competition.yaml": CODABENCH.encode(),
    "logo.png": b"\x89PNG",
    "pages/overview.md": b"Tell the irises apart.",
    "pages/evaluation.html": b"<h1>How</h1><script>alert(1)</script><p>By <b>accuracy</b>.</p>",
    "pages/terms.md": b"Be fair.",
    "public/train.csv": b"id,x,label\n1,2,0\n",
    "reference_data.zip": zipped.packed({"truth.csv": b"id,label\n1,0\n"}),
    "final_reference/truth.csv": TRUTH.encode(),
    "scoring_program.zip": zipped.packed({"score.py": b"import os\nos.system('true')\n"}),
}


def test_a_bundle_of_codabench_becomes_a_competition(app: Any, jail: Any) -> None:
    content = zipped.packed(BUNDLE)
    looked = uploads.look_at(content)
    assert (looked.what, list(map(str, looked.plan.problems))) == ("codabench", [])
    said = "\n".join(looked.left_out)
    for words in (
        "scoring_program.zip) is not run",
        "Scores are Accuracy",
        "1 earlier phase",
        "logo",
        "Docker",
    ):
        assert words in said, words
    uploads.import_zip(content)
    held = db.session.query(Competition).one()
    assert (held.slug, held.status, held.metric, held.daily_limit) == (
        "iris-again",
        "draft",
        "accuracy",
        7,
    )
    assert (held.facts["rows"], f"{held.starts_at:%F}", f"{held.ends_at:%F}") == (
        60,
        "2030-02-01",
        "2030-03-01",
    )
    assert held.rules_page.strip() == "Be fair."
    assert "alert" not in held.evaluation_page and "By accuracy." in held.evaluation_page
    assert uploads.look_at(content).plan.changes_nothing


CODALAB = """title: Hello
description: <p>A bundle of <b>CodaLab</b>.</p>
image: logo.jpg
has_registration: True
end_date: 2031-01-01
html: {overview: overview.html, terms: terms.html}
phases:
  1: &first
    phasenumber: 1
    label: Only phase
    start_date: 2030-01-01
    max_submissions: 100
    scoring_program: program.zip
    reference_data: reference.zip
leaderboard:
  leaderboards:
    RESULTS: &RESULTS {label: Results, rank: 1}
  columns:
    SCORE: {leaderboard: *RESULTS, label: RMSE, rank: 1, sort: asc}
"""


def test_a_bundle_of_codalab_whose_answers_have_no_ids(app: Any, jail: Any) -> None:
    answers = "".join(f"{n / 7:.3f}\n" for n in range(50))
    bundle = {
        "competition.yaml": CODALAB.encode(),
        "overview.html": b"<h2>Hello</h2><p>Predict.</p>",
        "reference.zip": zipped.packed({"truth.txt": answers.encode()}),
        "program.zip": zipped.packed({"evaluate.py": b"print(1)"}),
    }
    content = zipped.packed(bundle)
    looked = uploads.look_at(content)
    assert list(map(str, looked.plan.problems)) == []
    assert "rows are numbered from 0" in "\n".join(looked.left_out)
    uploads.import_zip(content)
    held = db.session.query(Competition).one()
    assert (held.metric, held.facts["rows"], held.facts["columns"]) == ("rmse", 50, ["prediction"])
    assert "Predict." in held.description


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "    name: Final\n",
            "    name: Final\n    ingestion_program: ingest.zip\n",
            "it takes code",
        ),
        ("key: accuracy", "key: niceness, title: Niceness", "names no metric that is known"),
        (
            "reference_data: final_reference",
            "reference_data: nowhere.zip",
            "no table (CSV) of answers",
        ),
        ("title: Iris, again", "titel: Iris", "title: this is missing"),
        ("phases:", "fases:", "phases: this is missing"),
        ("version: 2", "version: [2", "competition.yaml:"),
    ],
)
def test_what_cannot_be_held_is_refused_with_its_reason(
    app: Any, old: str, new: str, words: str
) -> None:
    text = CODABENCH.replace("title: Accuracy, ", "").replace(old, new, 1)
    assert text != CODABENCH
    found = uploads.look_at(zipped.packed(BUNDLE | {"competition.yaml": text.encode()}))
    assert words in "\n".join(map(str, found.plan.problems))
    assert db.session.query(Competition).count() == 0


def test_a_zip_of_something_else(app: Any) -> None:
    with pytest.raises(PackError, match=r"neither a pack\.yaml"):
        uploads.convert(zipped.packed({"notes.txt": b"x"}))
