"""A correction of the answers leaves everything as if they had been right from the start."""

from __future__ import annotations

import io

import pytest

from mlarena.competitions import authoring, rescore
from mlarena.competitions.models import Competition, Entrant, Entry
from mlarena.core.db import db
from mlarena.core.errors import Conflict, Invalid
from mlarena.submissions.models import Progress, Submission
from tests.competitions.conftest import ANSWERS, predictions


def mend(competition, text):
    fresh = db.session.get_one(Competition, competition.id)
    facts = authoring.set_answers(fresh, io.BytesIO(text.encode()))
    db.session.expire_all()
    return facts


def shifted(by: int) -> str:
    """The answers, public ones higher by so much."""
    return "".join(
        f"{line.split(',')[0]},{int(line.split(',')[1]) + by},Public\n"
        if line.endswith("Public")
        else line + "\n"
        for line in ANSWERS.splitlines()
    )


def test_the_board_turns_round_with_the_answers(competition, make_user, hand_in, board):
    ada, bob = make_user("ada"), make_user("bob")
    worse = hand_in(ada, competition, predictions(1.75))
    hand_in(ada, competition, predictions(0.25))
    hand_in(bob, competition, predictions(0.5))
    assert board(competition) == [(1, "ada", 0.25), (2, "bob", 0.5)]
    mend(competition, shifted(2))
    assert board(competition) == [(1, "ada", 0.25), (2, "bob", 0.5)]
    assert rescore.rescore_stale() == 3
    # Two more is what ada's other file was nearly off by.
    assert board(competition) == [(1, "ada", 0.25), (2, "bob", 1.5)]
    db.session.expire_all()
    assert db.session.get_one(Submission, worse.id).score == pytest.approx(0.25)
    assert db.session.get_one(Progress, (ada.id, competition.id)).best_score == pytest.approx(0.25)
    entrant = db.session.get_one(Entry, worse.id).entrant_id
    assert db.session.get_one(Entrant, entrant).reached_at == worse.queued_at
    assert rescore.rescore_stale() == 0


def test_killed_in_the_middle_it_goes_on(competition, make_user, hand_in, board, monkeypatch):
    ada = make_user("ada")
    for number in range(3):
        hand_in(ada, competition, predictions(0.5 + number))
    mend(competition, shifted(2))
    real, done = rescore._again, []

    def twice(competition, submission_id):
        if len(done) == 2:
            raise RuntimeError("killed")
        done.append(submission_id)
        real(competition, submission_id)

    monkeypatch.setattr(rescore, "_again", twice)
    with pytest.raises(RuntimeError):
        rescore.rescore_stale()
    monkeypatch.undo()
    db.session.rollback()
    assert rescore.rescore_stale() == 1
    assert board(competition) == [(1, "ada", 0.5)]


def test_an_entry_scored_meanwhile_is_left_alone(competition, make_user, hand_in, board):
    ada, bob = make_user("ada"), make_user("bob")
    hand_in(ada, competition, predictions(0.5))
    mend(competition, shifted(2))
    hand_in(bob, competition, predictions(2.0))
    assert rescore.rescore_stale() == 1
    assert board(competition) == [(1, "bob", 0.0), (2, "ada", 1.5)]


def test_an_open_competition_keeps_its_ids(competition):
    for other in (
        ANSWERS + "99,1,Private\n",
        ANSWERS.replace("\n0,", "\n99,"),
        ANSWERS.replace("id,y,Usage", "id,z,Usage"),
        ANSWERS.replace("id,y,Usage", "row,y,Usage"),
    ):
        with pytest.raises(Invalid, match="other ids or columns than before"):
            mend(competition, other)
    with pytest.raises(Invalid, match="ids twice"):
        mend(competition, ANSWERS + "0,1,Private\n")


def test_without_usage_a_correction_keeps_the_split(make_competition):
    rows = [(f"r{i}", i % 5) for i in range(300)]
    text = "id,y\n" + "".join(f"{name},{value}\n" for name, value in rows)
    competition = make_competition(answers=text, public_share=0.4)
    before = competition.facts
    assert 90 < before["public"] < 150
    mended = "id,y\n" + "".join(f"{name},{value + 1}\n" for name, value in reversed(rows))
    after = mend(competition, mended)
    assert (after["public"], after["private"]) == (before["public"], before["private"])
    from mlarena.competitions import answers

    fresh = db.session.get_one(Competition, competition.id)
    solution, _ = answers.load(fresh)
    usage = dict(zip(solution.ids.tolist(), solution.usage.tolist(), strict=True))
    other, _ = answers.load(make_competition(title="Another", answers=text, public_share=0.4))
    others = dict(zip(other.ids.tolist(), other.usage.tolist(), strict=True))
    assert usage != others  # each competition has a key of its own


def test_what_was_fixed_at_the_opening_stays(competition):
    fresh = db.session.get_one(Competition, competition.id)
    for fields in ({"metric": "mae"}, {"public_share": 0.5}):
        with pytest.raises(Conflict, match="stay as they are"):
            authoring.update(fresh, fields)
    authoring.update(fresh, {"title": "Better title", "daily_limit": 9})


def test_a_draft_that_changes_its_metric_has_its_answers_checked_again(make_competition):
    draft = make_competition(publish=False)
    assert draft.answers_blob
    authoring.update(draft, {"metric": "mae"})
    assert draft.answers_blob is None
    with pytest.raises(Invalid, match="Upload the answers"):
        authoring.open_(draft)


def test_baselines_are_marked_scored_and_never_ranked(
    competition, make_user, hand_in, board, at_the_end
):
    fresh = db.session.get_one(Competition, competition.id)
    authoring.add_baseline(fresh, "All zeros", io.BytesIO(predictions(0.5, 0.5).encode()))
    hand_in(make_user("ada"), competition, predictions(0.6, 0.2))
    hand_in(make_user("bob"), competition, predictions(0.4, 0.9))
    assert board(competition) == [(1, "bob", 0.4), (None, "All zeros", 0.5), (2, "ada", 0.6)]
    assert db.session.query(Progress).count() == 2
    at_the_end()
    assert board(competition) == [(1, "ada", 0.2), (None, "All zeros", 0.5), (2, "bob", 0.9)]
    with pytest.raises(Conflict, match="team"):
        make = Entrant(competition_id=competition.id, name="Taken")
        db.session.add(make)
        db.session.commit()
        authoring.add_baseline(fresh, "Taken", io.BytesIO(b"id,y\n"))
