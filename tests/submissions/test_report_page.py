"""The page of a submission, by its public door: what is told of a pass, a miss, a failure, a wait."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from sklearn.cluster import KMeans
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsRegressor
from sklearn.tree import DecisionTreeClassifier

from mlarena.boards import service as boards
from mlarena.core.db import db
from mlarena.submissions.models import Submission, VerdictRow

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def hand_in(user: Any, bearer: Any, upload: Any, work: Any, good_model: Any) -> Callable[..., int]:
    """hand_in(quest, "iris", estimator) -> the id of that learner's submission, judged."""

    def send(quest: Any, name: str, model: Any = None) -> int:
        content = model if isinstance(model, bytes) else good_model(name, model)
        answer = upload(bearer(user), quest, content)
        assert answer.status_code == 202, answer.text
        work()
        number: int = answer.json["data"]["id"]
        return number

    return send


@pytest.fixture
def page(user: Any, signed_in: Any) -> Callable[..., str]:
    """page(7) -> the text of the page of submission 7, as its learner sees it; checked as every page is."""

    def read(number: int, viewer: Any = None) -> str:
        answer = signed_in(viewer or user).get(f"/submissions/{number}")
        assert answer.status_code == 200
        html: str = answer.text
        assert html.count("<h1") == 1
        assert " style=" not in html and "<script>" not in html
        assert "Undefined" not in html and ">None<" not in html and "nan" not in words(html).split()
        return html

    return read


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.split("<main")[1].split("</main>")[0]))


def test_a_pass(hand_in: Any, page: Any, quest: Any) -> None:
    html = page(hand_in(quest, "iris"))
    said = words(html)
    assert 'data-status="scored"' in html
    assert "Passed: The iris quest" in said
    assert "+ 100 XP" in said
    assert "To pass &gt; 0.9" in said
    assert "What it takes for what" in said and "setosa" in said
    assert "F1 of each class" in said
    assert "RandomForestClassifier" in said and "on rows of the download" in said
    assert "Improve it" in said and "Try again" not in said


def test_a_miss_with_its_advice_and_the_fact_that_it_rests_on(
    hand_in: Any, page: Any, quest: Any
) -> None:
    said = words(page(hand_in(quest, "iris", DummyClassifier())))
    assert "Not there yet: The iris quest" in said
    assert "You are 0." in said and "away" in said
    assert "What to try next" in said
    assert "It gives every row the same answer" in said
    assert re.search(r"All \d+ answers are ", said)
    assert "Try again" in said


def test_a_regression(hand_in: Any, page: Any, make_quest: Any) -> None:
    quest = make_quest("housing", metric="r2", threshold=0.9)
    html = page(hand_in(quest, "housing", LinearRegression()))
    said = words(html)
    assert "Answers against the truth" in said
    assert html.count('<circle class="point"') > 30
    assert "Mean error, from low targets to high" in said
    assert "Along distance_centre_km" in said
    # No row of the truth stands on the page: the drawing's figures are of cells.
    truth = {f"{value:g}" for value in _hidden_target(quest)}
    assert not truth & set(re.findall(r"\d[\d.,]*", said))


def _hidden_target(quest: Any) -> np.ndarray:
    from mlarena.quests.hidden import hidden

    return hidden(quest.dataset).target


def test_clusters(hand_in: Any, page: Any, make_quest: Any) -> None:
    quest = make_quest("customers", metric="adjusted_rand", threshold=0.9)
    said = words(page(hand_in(quest, "customers", KMeans(5, n_init=2, random_state=0))))
    assert "5 clusters, by size" in said and "commonest kind" in said
    assert "Homogeneity" in said and "Completeness" in said
    assert "spent_per_year drowns the other columns" in said


def test_many_classes(hand_in: Any, page: Any, make_quest: Any) -> None:
    quest = make_quest("digits", metric="accuracy", threshold=0.95)
    html = page(hand_in(quest, "digits", DecisionTreeClassifier(random_state=0)))
    assert html.count('class="heat heat-') == 100
    assert "overfitting" in words(html)


def test_a_model_of_other_columns(hand_in: Any, page: Any, quest: Any) -> None:
    table = pd.DataFrame(np.eye(3), columns=["a", "<b>", "c"])
    file = io.BytesIO()
    joblib.dump(LinearRegression().fit(table, [1, 2, 3]), file)
    html = page(hand_in(quest, "iris", file.getvalue()))
    said = words(html)
    assert "Your model could not be scored" in said
    assert "Likely cause" in said and "It was fitted on other columns" in said
    assert "What to try" in said and "Try again" in said
    assert "What your model said" in said and "ValueError" in said
    assert "&lt;b&gt;" in html and "<b>" not in html


def test_a_regressor_where_a_classifier_is_asked_for(
    hand_in: Any, page: Any, quest: Any, built_dataset: Any
) -> None:
    table = built_dataset("iris").train.drop(columns="species")
    file = io.BytesIO()
    joblib.dump(KNeighborsRegressor().fit(table, np.arange(len(table))), file)
    said = words(page(hand_in(quest, "iris", file.getvalue())))
    assert "This quest needs a classifier" in said and "Regression answers with numbers" in said


def test_what_was_our_fault(hand_in: Any, page: Any, quest: Any) -> None:
    number = hand_in(quest, "iris")
    db.session.execute(
        sa.update(Submission)
        .where(Submission.id == number)
        .values(status="error", score=None, passed=None, claims=3)
    )
    db.session.execute(
        sa.update(VerdictRow).values(status="error", report={}, error="The judge stopped.")
    )
    db.session.commit()
    said = words(page(number))
    assert "The arena could not score this one" in said and "Our fault" in said
    assert "It was tried 3 times" in said


def test_the_wait(
    user: Any, bearer: Any, upload: Any, quest: Any, good_model: Any, page: Any, app: Any
) -> None:
    sent = upload(bearer(user), quest, good_model()).json["data"]["id"]
    html = page(sent)
    assert 'data-status="queued"' in html and "Reload to see it" in html
    said = words(html)
    assert "In the queue" in said and "before it" not in said
    code = [f"def train(X, y):\n    return {number}" for number in range(2)]
    numbers = [
        app.test_client()
        .post(f"/api/v1/quests/{quest.id}/train", json={"code": text}, headers=bearer(user))
        .json["data"]["id"]
        for text in code
    ]
    assert "2 before it" in words(page(numbers[1]))
    db.session.execute(
        sa.update(Submission).where(Submission.id == numbers[0]).values(status="running")
    )
    db.session.commit()
    said = words(page(numbers[0]))
    assert "Training…" in said and "Cancel this training" in said


def test_since_the_attempt_before(hand_in: Any, page: Any, quest: Any) -> None:
    first = hand_in(quest, "iris", DummyClassifier())
    assert "Since attempt" not in words(page(first))
    hand_in(quest, "iris", b"\x80\x05broken")  # one without a score is no comparison
    third = hand_in(quest, "iris")
    html = page(third)
    said = words(html)
    assert "Since attempt 1" in said and "Better by" in said
    assert f'href="/submissions/{first}"' in html
    assert "Dummy<wbr>Classifier" in html and "Never answered" in said
    assert 'class="sparkline"' in html
    # What came later does not change what was.
    assert "Since attempt" not in words(page(first))


def test_in_the_field(
    hand_in: Any, page: Any, quest: Any, make_user: Any, client: Any, bearer: Any, user: Any
) -> None:
    for number, score in enumerate([0.2, 0.5, 0.7, 0.99]):
        other = make_user(f"other{number}")
        boards.record(quest.board(), other.id, score, "higher", LONG_AGO)
    boards.place_house(quest.board(), "linear model", 0.6, "higher", LONG_AGO)
    db.session.commit()
    number = hand_in(quest, "iris")
    said = words(page(number))
    assert "4 others in the field" in said and "better than 75 %" in said
    assert "house: linear model 0.6000" in said
    shown = client.get(f"/api/v1/submissions/{number}", headers=bearer(user)).json["data"]
    field = shown["report"]["field"]
    assert (field["others"], field["rank"], field["better_than"]) == (4, 2, 0.75)
    assert field["houses"] == [{"label": "linear model", "score": 0.6}]
    assert sum(field["counts"]) + field["beyond"] == 5
    # A later, worse attempt is compared with the others, not with one's own best.
    worse = hand_in(quest, "iris", DummyClassifier())
    shown = client.get(f"/api/v1/submissions/{worse}", headers=bearer(user)).json["data"]
    assert shown["report"]["field"]["better_than"] in (0.0, 0.25)
    assert shown["report"]["field"]["others"] == 4
    assert shown["report"]["field"]["rank"] + 4 * shown["report"]["field"]["better_than"] == 5
    assert shown["report"]["previous"]["id"] == number


def test_an_instructor_sees_it_and_is_not_asked_to_try_again(
    hand_in: Any, page: Any, quest: Any, make_user: Any
) -> None:
    number = hand_in(quest, "iris", DummyClassifier())
    said = words(page(number, make_user("grace", role="instructor")))
    assert "An attempt of ada" in said and "Try again" not in said


def test_reports_of_older_shape_are_shown_as_far_as_they_go(
    hand_in: Any, page: Any, quest: Any
) -> None:
    number = hand_in(quest, "iris")
    row = db.session.get_one(VerdictRow, number)
    kept = {"metric": "f1_macro", "threshold": 0.9, "warnings": [], "output": "", "problem": None}
    row.report = {**kept, "findings": {"kind": "regression", "rows": 10, "mae": 3.0, "bias": 1.0}}
    db.session.commit()
    assert "Off by 3" in words(page(number))
    for shape in (kept, {}):
        row.report = shape
        db.session.commit()
        assert "Passed: The iris quest" in words(page(number))


def test_a_page_costs_the_same_however_many_have_tried(
    hand_in: Any, page: Any, quest: Any, make_user: Any, queries: Any
) -> None:
    number = hand_in(quest, "iris")
    page(number)
    queries.clear()
    page(number)
    few = len(queries)
    for count in range(8):
        other = make_user(f"other{count}")
        boards.record(quest.board(), other.id, 0.1 * count, "higher", LONG_AGO)
    db.session.commit()
    for _ in range(3):
        last = hand_in(quest, "iris", DummyClassifier())
    page(last)
    queries.clear()
    page(number)
    assert len(queries) == few
    queries.clear()
    page(last)
    assert len(queries) <= few + 1  # the report of the attempt before
