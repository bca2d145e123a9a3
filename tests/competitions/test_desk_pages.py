"""The organiser's desk by page: from a draft to a corrected, ended competition."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest

from mlarena.competitions import rescore
from mlarena.competitions.models import Competition, Entrant
from mlarena.core import clock
from mlarena.core.db import db
from tests.competitions.conftest import ANSWERS, NOW, predictions
from tests.competitions.test_pages import words

FIELDS = {
    "title": "Night buses", "summary": "When do they come?", "metric": "rmse",
    "starts_at": "2026-11-13T14:00", "ends_at": "2026-11-20T14:00", "description": "Predict y.",
    "public_percent": "40", "daily_limit": "3", "failed_limit": "9", "team_size": "2",
    "xp_reward": "150", "rated": "y",
}  # fmt: skip


@pytest.fixture
def tess(make_user, signed_in):
    """An organiser in Berlin, where it is an hour later than in UTC."""
    return signed_in(make_user("tess", role="instructor", timezone="Europe/Berlin"))


@pytest.fixture
def draft(app, tess, send_form, checked):
    """Written by the form; (the competition, the address of its desk)."""
    made = send_form(tess, "/competitions/organise/new", **FIELDS)
    assert made.status_code == 303, words(made)
    return db.session.query(Competition).one(), made.location


def file(content, name="answers.csv"):
    return io.BytesIO(content.encode()), name


def test_a_draft_says_what_is_missing_and_opens_when_nothing_is(tess, draft, send_form, client):
    competition, desk = draft
    assert competition.status == "draft"
    assert (competition.daily_limit, competition.team_size, competition.public_share) == (3, 2, 0.4)
    assert competition.starts_at.isoformat() == "2026-11-13T13:00:00+00:00"  # Berlin's two o'clock
    page = words(tess.get(desk))
    assert "Upload the answers first" in page and "The overview is written" in page
    refused = send_form(tess, f"{desk}/open", desk)
    assert refused.status_code == 422 and "Upload the answers first" in words(refused)
    wrong = send_form(tess, f"{desk}/answers", desk, answers_file=file("id,y\n1,2\n1,3\n2,oops\n"))
    assert wrong.status_code == 422 and "oops" in words(wrong)
    kept = send_form(tess, f"{desk}/answers", desk, answers_file=file(ANSWERS))
    assert kept.status_code == 303
    assert "40 answers are checked and kept." in words(tess.get(desk))
    added = send_form(
        tess, f"{desk}/files", desk, data_file=file("id,x\n1,2\n", "train.csv"), note="To learn"
    )
    assert added.status_code == 303
    assert client.get(desk.removesuffix("/desk")).status_code == 404
    assert send_form(tess, f"{desk}/open", desk).status_code == 303
    shown = client.get(desk.removesuffix("/desk"))
    assert shown.status_code == 200 and "Night buses" in words(shown)


WRONG = {
    "title": ("", "cannot be empty"),
    "ends_at": ("tomorrow", "Not a valid datetime value."),
    "metric": ("luck", "Not a valid choice."),
}
OUT_OF_BOUNDS = {
    "public_percent": ("100", "A whole number from 1 to 99."),
    "daily_limit": ("0", "At least 1."),
    "team_size": ("5000", "At most 50."),
    "ladder_step": ("-1", "More than 0."),
}
CONTRADICTING = [
    {"starts_at": ("2026-03-29T02:30", "the clocks jump over it")},
    {"ends_at": ("2026-11-01T10:00", "The end comes after the start.")},
    {"teams_until": ("2027-01-01T00:00", "Teams form before the end")},
]


def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_kept(tess, send_form):
    for wrong in (WRONG, OUT_OF_BOUNDS, *CONTRADICTING):
        typed = {name: value for name, (value, _) in wrong.items()}
        answer = send_form(tess, "/competitions/organise/new", **{**FIELDS, **typed})
        assert answer.status_code == 422
        for name, (_, said) in wrong.items():
            place = answer.text.index(f'id="{name}-error"')
            assert said in answer.text[place : place + 300], name
        assert "Predict y." in answer.text  # what was typed is still there
    assert db.session.query(Competition).count() == 0


def test_saving_what_was_not_touched_changes_nothing_and_an_open_ones_rule_is_fixed(
    tess, draft, send_form
):
    competition, desk = draft
    with clock.freeze(NOW + timedelta(seconds=17)):
        competition.ends_at = NOW + timedelta(days=4, seconds=17)
        db.session.commit()
    send_form(tess, f"{desk}/answers", desk, answers_file=file(ANSWERS))
    send_form(tess, f"{desk}/open", desk)
    ends = f"{(NOW + timedelta(days=4, hours=1)):%Y-%m-%dT%H:%M}"
    assert f'value="{ends}"' in tess.get(desk).text
    same = send_form(tess, desk, **{**FIELDS, "ends_at": ends})
    assert same.status_code == 303
    db.session.expire_all()
    assert competition.ends_at == NOW + timedelta(days=4, seconds=17)
    other = send_form(tess, desk, **{**FIELDS, "ends_at": ends, "metric": "mae"})
    assert other.status_code == 409 and "stay as they are" in words(other)
    longer = send_form(tess, desk, **{**FIELDS, "ends_at": "2026-12-24T18:00"})
    assert longer.status_code == 303
    db.session.expire_all()
    assert competition.ends_at.isoformat() == "2026-12-24T17:00:00+00:00"


def test_answers_are_corrected_and_the_end_brought_forward(
    tess, competition, make_user, hand_in, send_form
):
    desk = f"/competitions/{competition.id}/desk"
    hand_in(make_user("ada"), competition, predictions(1.0, 1.0))
    mended = ANSWERS.replace("\n0,0,Public", "\n0,1,Public")
    assert send_form(tess, f"{desk}/answers", desk, answers_file=file(mended)).status_code == 303
    assert "1 submissions were scored on older answers" in words(tess.get(desk))
    rescore.rescore_stale()
    assert "older answers" not in words(tess.get(desk))
    db.session.expire_all()
    assert db.session.query(Entrant).filter_by(house=False).one().score < 1.0
    kept = send_form(
        tess, f"{desk}/baselines", desk, predictions_file=file(predictions(3.0)), name="The mean"
    )
    assert kept.status_code == 303
    assert send_form(tess, f"{desk}/end", desk).status_code == 303
    db.session.expire_all()
    assert competition.ends_at == NOW
    again = send_form(tess, f"{desk}/end", desk)
    assert again.status_code == 409 and "Only what goes on can be ended." in words(again)
    assert send_form(tess, f"{desk}/withdraw", desk).status_code == 303
    assert "Withdrawn" in words(tess.get("/competitions/organise"))
    refused = send_form(tess, f"{desk}/delete", desk)
    assert refused.status_code == 409 and "Withdraw it instead" in words(refused)


def test_a_draft_can_be_deleted(tess, draft, send_form):
    _, desk = draft
    assert send_form(tess, f"{desk}/delete", desk).location == "/competitions/organise"
    assert db.session.query(Competition).count() == 0
