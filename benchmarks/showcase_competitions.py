"""The showcase's competitions: the shipped one going on with people and teams, one that is over, a draft."""

from __future__ import annotations

import csv
import io
import random
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.arena import Arena
    from benchmarks.showcase import Showcase

SHIPPED = "bike-rides"
ORGANISER = "turing"
ROWS = 240
ABOUT = {
    "metric": "rmse",
    "description": "## Predict the tea\n\nHow many cups will each table of the harbour drink?",
    "summary": "A café, its tables, and a week of weather.",
}


def pages(case: Showcase, hero: str) -> dict[str, tuple[str, str | None]]:
    live, over, draft = (case.competitions[name] for name in ("live", "over", "draft"))
    return {
        "competitions": ("/competitions", hero),
        "competition": (f"/competitions/{live}", "newcomer"),
        "competition-data": (f"/competitions/{live}/data", None),
        "competition-evaluation": (f"/competitions/{live}/evaluation", hero),
        "competition-board": (f"/competitions/{live}/board", hero),
        "competition-entry": (f"/competitions/{live}/entry", hero),
        "competition-over": (f"/competitions/{over}/board", hero),
        "competition-desk": (f"/competitions/{draft}/desk", ORGANISER),
        "competition-desk-open": (f"/competitions/{live}/desk", ORGANISER),
        "competitions-organise": ("/competitions/organise", ORGANISER),
        "competition-new": ("/competitions/organise/new", ORGANISER),
        "board-rating": ("/boards/rating", hero),
    }


def play(case: Showcase, hero: str, people: list[str]) -> None:
    """Hand in what the pages are to show; adds to `case.competitions` and `case.submissions`."""
    chance = random.Random(7)
    promote(case, ORGANISER)
    _, answer = case.here.call("GET", "/competitions?per_page=100")
    live = next(one for one in answer["data"] if one["slug"] == SHIPPED)["id"]
    over, draft = _written(case)
    case.competitions = {"live": live, "over": over, "draft": draft}
    for name in people:
        for one in (live, over):
            _done(case.here.call("POST", f"/competitions/{one}/register", case.tokens[name]))
    _teams(case, live, people)
    guess, weeks = _guess(case, live), iter(range(1, 12))
    for round_ in range(2):
        for place, name in enumerate(people):
            noise = chance.uniform(0.1, 0.9) / (round_ + 1)
            shown = hand_in(case, name, live, _blurred(guess, noise, chance))
            if name == hero:
                case.submissions["competition"] = shown
            if place % 6 == 0:
                _ranks_noted(case, live, next(weeks))
    case.submissions["competition-failed"] = hand_in(
        case, hero, live, "id,rides\n1,4\n1,5\n2,many\n99999,3\n"
    )
    for name in people:
        public, private = chance.uniform(1, 4), chance.uniform(1, 4)
        hand_in(case, name, over, _cups(public, private))
    _end(case, over)


def promote(case: Showcase, name: str) -> None:
    """Make somebody an instructor, which only an installation's own commands can."""
    from mlarena.accounts.models import User
    from mlarena.core.db import db

    with inside(case.here):
        person = db.session.get_one(User, case.users[name])
        person.role = "instructor" if person.role == "learner" else person.role
        db.session.commit()


def hand_in(case: Showcase, name: str, competition: int, content: str) -> int:
    """Hand predictions in and wait for the verdict; the submission's id."""
    token = case.tokens[name]
    answer = post_file(
        case, token, f"/competitions/{competition}/submit", "predictions_file", content
    )
    number: int = answer["id"]
    until = time.monotonic() + 60
    while answer["status"] in ("queued", "running"):
        if time.monotonic() > until:
            raise RuntimeError(f"submission {number} got no verdict")
        time.sleep(0.02)
        _, told = case.here.call("GET", f"/submissions/{number}", token)
        answer = told["data"]
    return number


def post_file(case: Showcase, token: str, path: str, field: str, content: str) -> Any:
    boundary = uuid.uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{field}.csv"\r\n'
    body = f"{head}Content-Type: text/csv\r\n\r\n{content}\r\n--{boundary}--\r\n"
    kind = f"multipart/form-data; boundary={boundary}"
    return _done(case.here.call("POST", path, token, body.encode(), content_type=kind))


def _done(answered: tuple[int, Any]) -> Any:
    status, answer = answered
    if status >= 400:
        raise RuntimeError(f"{status} {answer}")
    return answer["data"]


def _written(case: Showcase) -> tuple[int, int]:
    """One with answers, open since ten days, and a draft that lacks them."""
    token, now = case.tokens[ORGANISER], datetime.now(UTC)
    rows = (f"{i},{i % 9},{'Public' if i % 4 == 0 else 'Private'}\n" for i in range(ROWS))
    dates = {
        "starts_at": (now - timedelta(days=10)).isoformat(),
        "ends_at": (now + timedelta(hours=2)).isoformat(),
    }
    body = (
        ABOUT
        | dates
        | {"title": "Tea for the Harbour", "answers": "id,cups,Usage\n" + "".join(rows)}
    )
    over = _done(case.here.call("POST", "/competitions", token, body | {"publish": True}))
    later = {
        "starts_at": (now + timedelta(days=3)).isoformat(),
        "ends_at": (now + timedelta(days=20)).isoformat(),
    }
    draft = _done(
        case.here.call("POST", "/competitions", token, ABOUT | later | {"title": "Night Buses"})
    )
    return over["id"], draft["id"]


def _teams(case: Showcase, live: int, people: list[str]) -> None:
    for name, first, second in (
        ("The Medians", people[0], people[2]),
        ("Grace under Pressure", people[1], people[3]),
    ):
        path = f"/competitions/{live}/team"
        made = _done(case.here.call("POST", path, case.tokens[first], {"name": name}))
        code = {"code": made["me"]["invite"]}
        _done(case.here.call("POST", f"{path}/join", case.tokens[second], code))


def _guess(case: Showcase, live: int) -> list[tuple[str, float]]:
    """What anybody could guess: the mean of each station and hour."""
    files = _done(case.here.call("GET", f"/competitions/{live}"))["files"]
    tables = {file["name"]: _table(case, file["url"]) for file in files}
    known: dict[tuple[str, str], list[float]] = {}
    for row in tables["train.csv"]:
        known.setdefault((row["station"], row["hour"]), []).append(float(row["rides"]))
    mean = {key: sum(rides) / len(rides) for key, rides in known.items()}
    return [(row["id"], mean[row["station"], row["hour"]]) for row in tables["test.csv"]]


def _table(case: Showcase, url: str) -> list[dict[str, str]]:
    request = urllib.request.Request(f"{case.here.url}{url}")
    request.add_header("Authorization", f"Bearer {case.tokens[ORGANISER]}")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return list(csv.DictReader(io.StringIO(answer.read().decode())))


def _blurred(guess: list[tuple[str, float]], noise: float, chance: random.Random) -> str:
    rows = (f"{id_},{rides * chance.lognormvariate(0, noise):.3f}\n" for id_, rides in guess)
    return "id,rides\n" + "".join(rows)


def _cups(public: float, private: float) -> str:
    rows = (f"{i},{i % 9 + (public if i % 4 == 0 else private)}\n" for i in range(ROWS))
    return "id,cups\n" + "".join(rows)


def _ranks_noted(case: Showcase, competition: int, week: int) -> None:
    """As the clock's job does every minute, at a time of its own: an afternoon has no history."""
    from mlarena.competitions.models import Competition
    from mlarena.competitions.tracks import note
    from mlarena.core.db import db

    with inside(case.here):
        found = db.session.get_one(Competition, competition)
        note(found, found.starts_at + timedelta(hours=5 * week))
        db.session.commit()


def _end(case: Showcase, competition: int) -> None:
    """Bring the end forward, and wait for the clock to carry it out."""
    fields = {"ends_at": datetime.now(UTC).isoformat()}
    path = f"/competitions/{competition}"
    _done(case.here.call("PATCH", path, case.tokens[ORGANISER], fields))
    until = time.monotonic() + 60
    while not _done(case.here.call("GET", path))["finished_at"]:
        if time.monotonic() > until:
            raise RuntimeError("the end was not carried out")
        time.sleep(0.2)


@contextmanager
def inside(here: Arena) -> Iterator[None]:
    """The arena's own database, for what no door does."""
    from mlarena.app import create_app
    from mlarena.core.config import Settings
    from mlarena.core.db import db

    app = create_app(Settings(_env_file=None, mlarena_data=here.data, log_level="ERROR"))
    with app.app_context():
        yield
        db.session.remove()
        db.engine.dispose()
