"""How much may be handed in: counted for the day and the entrant, under a lock."""

from __future__ import annotations

import io
import threading
from datetime import timedelta

import pytest

from mlarena.competitions import limits, service, teams
from mlarena.competitions.models import Competition
from mlarena.core import clock
from mlarena.core.db import db
from mlarena.core.errors import Conflict, Forbidden, Invalid, WrongType
from mlarena.submissions.models import Submission
from tests.competitions.conftest import NOW, predictions

BAD = "id,y\n1,1\n"


def left(competition, user):
    entrant = teams.entrant_of(competition.id, user.id)
    found = limits.remaining(db.session.get_one(Competition, competition.id), entrant.id)
    return found.today, found.failed


def test_a_day_has_so_many_and_the_next_begins_at_midnight_utc(
    make_competition, make_user, hand_in
):
    competition, ada = make_competition(daily_limit=2), make_user("ada")
    hand_in(ada, competition, predictions(0.1))
    assert left(competition, ada) == (1, 20)
    hand_in(ada, competition, predictions(0.2))
    with pytest.raises(Forbidden, match="The next day begins at 00:00 UTC"):
        hand_in(ada, competition, predictions(0.3))
    midnight = NOW.replace(hour=0) + timedelta(days=1)
    with clock.freeze(midnight - timedelta(seconds=1)), pytest.raises(Forbidden):
        hand_in(ada, competition, predictions(0.3))
    with clock.freeze(midnight):
        assert hand_in(ada, competition, predictions(0.3)).status == "scored"


def test_failed_uploads_use_up_their_own_cap_alone(make_competition, make_user, hand_in):
    competition, ada = make_competition(daily_limit=1, failed_limit=2), make_user("ada")
    for number in range(2):
        failed = hand_in(ada, competition, BAD + f"{number},1\n")
        assert failed.status == "failed"
    assert left(competition, ada) == (1, 0)
    with pytest.raises(Forbidden, match="2 uploads could not be scored today"):
        hand_in(ada, competition, predictions())
    with clock.freeze(NOW + timedelta(days=1)):
        assert hand_in(ada, competition, predictions()).status == "scored"


def test_what_waits_counts_too(make_competition, make_user, hand_in):
    competition, ada = make_competition(daily_limit=1), make_user("ada")
    hand_in(ada, competition, predictions(0.1), judged=False)
    with pytest.raises(Forbidden, match="daily limit"):
        hand_in(ada, competition, predictions(0.2), judged=False)


def test_what_the_platform_failed_at_costs_nothing(make_competition, make_user, hand_in):
    competition, ada = make_competition(daily_limit=1), make_user("ada")
    lost = hand_in(ada, competition, predictions(0.1), judged=False)
    lost.status = "error"
    db.session.commit()
    assert left(competition, ada) == (1, 20)


def test_of_many_at_once_no_more_get_in_than_are_left(app, make_competition, make_user, hand_in):
    competition, ada = make_competition(daily_limit=3), make_user("ada")
    service.register(ada, db.session.get_one(Competition, competition.id))
    refused = []
    gate = threading.Barrier(6)

    def send(number: int) -> None:
        with app.app_context():
            user, fresh = db.session.merge(ada), db.session.get_one(Competition, competition.id)
            content = io.BytesIO(predictions(number / 10).encode())
            gate.wait()
            try:
                service.submit(user, fresh, "p.csv", content)
            except Forbidden:
                refused.append(number)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 3
    assert db.session.query(Submission).count() == 3


def test_a_refused_submission_stores_nothing(make_competition, make_user, hand_in):
    from mlarena.core.storage import Blob

    competition, ada = make_competition(daily_limit=1), make_user("ada")
    hand_in(ada, competition, predictions(0.1))
    before = db.session.query(Blob).count()
    with pytest.raises(Forbidden):
        hand_in(ada, competition, predictions(0.2))
    assert (db.session.query(Submission).count(), db.session.query(Blob).count()) == (1, before)


def test_the_same_file_twice_at_once_is_one(competition, make_user, hand_in):
    ada = make_user("ada")
    hand_in(ada, competition, predictions(0.1), judged=False)
    with pytest.raises(Conflict, match="very same file"):
        hand_in(ada, competition, predictions(0.1), judged=False)


def test_what_is_no_csv_is_refused_at_the_door(competition, make_user):
    ada, fresh = make_user("ada"), db.session.get_one(Competition, competition.id)
    service.register(ada, fresh)
    with pytest.raises(WrongType, match="CSV"):
        service.submit(ada, fresh, "model.pkl", io.BytesIO(b"x"))
    with pytest.raises(Invalid, match="empty"):
        service.submit(ada, fresh, "p.csv", io.BytesIO(b""))
