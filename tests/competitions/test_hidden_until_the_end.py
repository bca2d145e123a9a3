"""The private scores leave by no door before the end: not one of their digits, and not to anybody."""

from __future__ import annotations

import json

import pytest

from mlarena.competitions import authoring, rescore, service
from mlarena.competitions.models import Competition, Entry
from mlarena.core.db import db
from mlarena.submissions import outbox
from mlarena.submissions.models import JobEvent, Submission, VerdictRow
from tests.competitions.conftest import ANSWERS, ROWS, predictions

# No other figure in any answer looks like this one.
PRIVATE = 0.7364529
DIGITS = "73645"
# As the API writes it, and as a page does.
WRITTEN = (DIGITS, "0.7365")

DOORS = [
    "/api/v1/competitions",
    "/api/v1/competitions/{id}",
    "/api/v1/competitions/{id}/leaderboard",
    "/api/v1/competitions/{id}/submissions",
    "/api/v1/competitions/{id}/export/submissions",
    "/api/v1/competitions/{id}/export/board",
    "/api/v1/competitions/{id}/sample",
    "/api/v1/leaderboard?competition={id}",
    "/api/v1/leaderboard?competition={id}&around=5",
    "/api/v1/leaderboard/spread?competition={id}",
    "/api/v1/leaderboard/stops?competition={id}",
    "/api/v1/submissions",
    "/api/v1/submissions/{submission}",
    "/api/v1/submissions/{submission}/output",
    "/api/v1/users/{user}/submissions",
    "/api/v1/users/me/progress",
    "/api/v1/progress",
    "/api/v1/ratings",
    "/api/v1/ratings?competition={id}",
    "/api/v1/users/{user}/rating-history",
    "/boards/competition/{id}",
    "/submissions",
    "/submissions/{submission}",
    "/users/{user}",
    "/competitions",
    "/competitions/{id}",
    "/competitions/{id}/board",
    "/competitions/{id}/data",
    "/competitions/{id}/evaluation",
    "/competitions/{id}/board?q=a",
    "/competitions/{id}/entry",
    "/competitions/{id}/desk",
    "/competitions/organise",
]


def tells(answer):
    return any(figure in answer.text for figure in WRITTEN)


@pytest.fixture
def played(competition, make_user, hand_in):
    """One entry whose private score is known, of a learner and of the house."""
    ada = make_user("ada")
    sent = hand_in(ada, competition, predictions(0.5, PRIVATE))
    return ada, sent


@pytest.mark.parametrize("caller", ["ada", "other", "instructor", "admin"])
def test_no_door_tells(app, competition, played, make_user, bearer, signed_in, caller):
    ada, sent = played
    user = ada if caller == "ada" else make_user(
        caller, role=caller if caller in ("instructor", "admin") else "learner"
    )  # fmt: skip
    headers, browser = bearer(user), signed_in(user)
    told = {}
    for door in DOORS:
        path = door.format(id=competition.id, submission=sent.id, user=ada.id)
        if path.startswith("/api"):
            answer = app.test_client().get(path, headers=headers)
        else:
            answer = browser.get(path)
        assert answer.status_code < 500, path
        told[path] = tells(answer)
        assert "private_score" not in answer.text or '"private_score":null' in answer.text.replace(
            " ", ""
        ) or path.endswith("export/submissions"), path  # fmt: skip
    assert not any(told.values()), told


def test_the_end_tells(app, competition, played, bearer, at_the_end):
    """The same search does find it once it may: else the test above would say nothing."""
    ada, sent = played
    at_the_end()
    seen = [
        door
        for door in DOORS
        if tells(
            app.test_client().get(
                door.format(id=competition.id, submission=sent.id, user=ada.id), headers=bearer(ada)
            )
        )
    ]
    assert "/api/v1/competitions/{id}/leaderboard" in seen
    assert "/api/v1/competitions/{id}/submissions" in seen
    assert {
        "/competitions/{id}/board",
        "/competitions/{id}/entry",
        "/submissions/{submission}",
    } <= {*seen}


def test_nothing_that_is_sent_or_stored_for_others_holds_it(app, competition, played, monkeypatch):
    _, sent = played
    verdict = db.session.get_one(VerdictRow, sent.id)
    event = db.session.query(JobEvent).filter_by(type="job-completed").one()
    outbox.drain()
    for shown in (verdict.report, verdict.cases, verdict.earned, event.payload, sent.shown()):
        assert DIGITS not in json.dumps(shown, default=str)
    stream = app.extensions["redis"].xrange("mlarena:events")
    assert stream and DIGITS not in str(stream)
    assert db.session.get_one(Entry, sent.id).private_score == pytest.approx(PRIVATE)


def test_live_events_do_not_hold_it(app, competition, make_user, hand_in, monkeypatch):
    from mlarena.live import publish

    sent = []
    monkeypatch.setattr(publish, "publish", lambda *told: sent.append(told) or True)
    hand_in(make_user("ada"), competition, predictions(0.5, PRIVATE))
    verdicts = [payload for event, payload, _ in sent if event == "verdict"]
    assert verdicts
    assert DIGITS not in json.dumps(sent, default=str)
    assert DIGITS not in json.dumps(publish.leaderboard(competition.board()), default=str)


def test_what_fails_on_the_private_rows_alone_is_scored_all_the_same(
    make_competition, make_user, hand_in, at_the_end, board
):
    # Two of three labels are in the private rows alone; who answers only those gets a public score.
    labels = ["a" if i % 4 == 0 and i % 8 else "b" if i % 4 == 0 else "c" for i in range(ROWS)]
    text = "id,y,Usage\n" + "".join(
        f"{i},{label},{'Public' if i % 4 == 0 else 'Private'}\n" for i, label in enumerate(labels)
    )
    competition = make_competition(answers=text, metric="accuracy")
    ada = make_user("ada")
    sent = hand_in(ada, competition, "id,y\n" + "".join(f"{i},c\n" for i in range(ROWS)))
    assert (sent.status, sent.score) == ("scored", 0)
    at_the_end()
    assert board(competition) == [(1, "ada", 1.0)]


def test_a_rescore_tells_nothing_either(app, competition, played, bearer):
    import io

    ada, sent = played
    fresh = db.session.get_one(Competition, competition.id)
    mended = ANSWERS.replace("\n0,0,Public", "\n0,3,Public")
    authoring.set_answers(fresh, io.BytesIO(mended.encode()))
    rescore.rescore_stale()
    db.session.expire_all()
    shown = db.session.get_one(Submission, sent.id)
    assert shown.score != pytest.approx(0.5)
    assert DIGITS not in json.dumps(shown.shown(), default=str)
    view = service.view(competition.id, ada).whole()
    assert DIGITS not in json.dumps(view, default=str)


def test_with_a_ladder_nobody_is_told_the_exact_public_score(
    app, make_competition, make_user, hand_in, board, bearer, at_the_end
):
    competition, ada = make_competition(ladder_step=0.1), make_user("ada")
    first = hand_in(ada, competition, predictions(0.5364529, 0.4))
    assert first.score == pytest.approx(0.5)
    for public, shown in ((0.4664529, 0.5), (0.5564529, 0.5), (0.3764529, 0.4)):
        sent = hand_in(ada, competition, predictions(public, 0.4))
        assert sent.score == pytest.approx(shown), public
    assert board(competition) == [(1, "ada", 0.4)]
    for door in DOORS:
        path = door.format(id=competition.id, submission=first.id, user=ada.id)
        assert "64529" not in app.test_client().get(path, headers=bearer(ada)).text, path
    at_the_end()
    assert board(competition) == [(1, "ada", 0.4)]
    rows = app.test_client().get(
        f"/api/v1/competitions/{competition.id}/submissions", headers=bearer(ada)
    )
    assert "0.5364529" in rows.text
