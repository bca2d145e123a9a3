"""Report cards of real models, judged in the real jail: what they find, and what a teacher says to them."""

from __future__ import annotations

import io
import json
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from mlarena.quests.grader import known_of
from mlarena.quests.hidden import hidden
from mlarena.sandbox import Outcome

QUESTS = {
    "housing": ("r2", 0.8),
    "churn": ("accuracy", 0.9),
    "customers": ("adjusted_rand", 0.8),
    "iris": ("f1_macro", 0.9),
}


def encoded(model: Any) -> Any:
    """For churn: its columns of words as numbers, the others scaled."""
    return make_pipeline(
        make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
            (StandardScaler(), make_column_selector(dtype_include="number")),
        ),
        model,
    )


@pytest.fixture
def card(app: Any, jail: Any, make_quest: Any, good_model: Any) -> Any:
    """card("housing", LinearRegression()) -> the report of that model, through the jail."""
    from mlarena.quests import grader

    def judged(name: str, model: Any) -> dict[str, Any]:
        metric, threshold = QUESTS[name]
        quest = make_quest(name, metric=metric, threshold=threshold)
        payload = {"format": "joblib"}
        content = model if isinstance(model, bytes) else good_model(name, model)
        verdict = grader._grade_model(quest, jail, content, payload)
        assert verdict.status == "scored", verdict.error
        json.dumps(verdict.report, allow_nan=False)
        return verdict.report

    return judged


def rules_of(report: dict[str, Any]) -> dict[str, str]:
    return {advice["rule"]: advice["fact"] for advice in report["advice"]}


def test_a_tree_that_knows_its_rows_by_heart(card: Any) -> None:
    report = card("churn", encoded(DecisionTreeClassifier(random_state=0)))
    assert report["seen_score"] == 1.0
    assert "1.0000 on 200 rows" in rules_of(report)["overfit"]
    pruned = card("churn", encoded(DecisionTreeClassifier(max_depth=5, random_state=0)))
    assert pruned["seen_score"] < 1
    assert "overfit" not in rules_of(pruned)


def test_a_constant_and_what_is_none(card: Any) -> None:
    report = card("housing", DummyRegressor())
    assert "All 1,000 answers are" in rules_of(report)["one_answer"]
    assert "overfit" not in rules_of(report)
    assert "one_answer" not in rules_of(card("housing", Ridge()))


def test_distances_in_euros(card: Any) -> None:
    raw = card("customers", KMeans(5, n_init=3, random_state=0))
    assert "`spent_per_year` varies by" in rules_of(raw)["unscaled"]
    assert raw["findings"]["agreement"]["homogeneity"] < 0.5
    scaled = card("customers", make_pipeline(StandardScaler(), KMeans(5, n_init=3, random_state=0)))
    assert scaled["advice"] == []
    assert scaled["findings"]["agreement"]["homogeneity"] > 0.8
    near = card("housing", KNeighborsRegressor())
    assert "unscaled" in rules_of(near)


def test_a_column_left_out(card: Any) -> None:
    """`contract` goes with leaving more than any other column, and this model never sees it."""
    deaf = make_pipeline(
        make_column_transformer((StandardScaler(), ["age", "monthly_bill"])), LogisticRegression()
    )
    assert "changed none of 26 answers" in rules_of(card("churn", deaf))["ignored_column"]
    hears = card("churn", encoded(LogisticRegression()))
    assert "ignored_column" not in rules_of(hears)


def test_a_plain_line_is_too_simple_for_the_harder_quest(card: Any) -> None:
    report = card("churn", encoded(LogisticRegression()))
    assert "too_simple" in rules_of(report)
    strong = card("churn", encoded(HistGradientBoostingClassifier(max_iter=60, random_state=0)))
    assert "too_simple" not in rules_of(strong)


def test_a_classifier_tells_how_sure_it_is_without_being_judged_by_it(card: Any) -> None:
    reliability = card("churn", encoded(LogisticRegression()))["findings"]["reliability"]
    assert len(reliability["groups"]) == 6 and abs(reliability["gap"]) < 0.1
    by_heart = card("churn", encoded(DecisionTreeClassifier(random_state=0)))
    assert by_heart["findings"]["reliability"]["gap"] > 0.05


def test_residuals_name_the_columns_that_a_line_does_not_understand(card: Any) -> None:
    findings = card("housing", LinearRegression())["findings"]
    assert "distance_centre_km" in [column["feature"] for column in findings["by_feature"]]
    assert np.array(findings["points"]["counts"]).sum() == pytest.approx(1_000, rel=0.15)


def test_a_model_that_forges_what_it_answers_in_the_open_is_scored_all_the_same(
    card: Any, good_model: Any
) -> None:
    """Whatever it says of rows that it has seen, the advice is shown to its author alone."""

    class Liar:
        def __reduce__(self) -> tuple[Any, ...]:
            made = (
                "type('M', (), {'estimator_type': 'classifier', 'classes_': ['setosa'], "
                "'predict': lambda self, X: ['setosa'] * len(X),"
                "'predict_proba': lambda self, X: [[2.0, -1.0]] * len(X)})()"
            )
            return eval, (made,)

    file = io.BytesIO()
    joblib.dump(Liar(), file)
    report = card("iris", file.getvalue())
    assert report["findings"]["reliability"] is None
    assert "one_answer" in rules_of(report)


def test_without_answers_in_the_open_there_is_only_less_advice(app: Any, make_quest: Any) -> None:
    from mlarena.quests import grader

    quest = make_quest()
    rows = hidden(quest.dataset)
    outcome = Outcome("ok", predictions=rows.target.copy(), about={"parts": []})
    verdict = grader.judge(quest, quest.rule(), rows, outcome, {})
    assert (verdict.score, verdict.passed) == (1.0, True)
    assert verdict.report["seen_score"] is None


@pytest.mark.parametrize("name", QUESTS)
def test_what_is_asked_in_the_open_is_public(
    app: Any, make_quest: Any, built_dataset: Any, name: str
) -> None:
    """The sample, rows of the download, and rows with one column dealt out anew: nothing hidden."""
    metric, threshold = QUESTS[name]
    quest, data = make_quest(name, metric=metric, threshold=threshold), built_dataset(name)
    known = known_of(quest)
    frame = known.table.frame
    columns = list(data.hidden_features.columns)
    assert list(frame.columns) == columns
    assert (frame.dtypes == data.hidden_features.dtypes).all()
    public = {tuple(row) for part in (data.sample, data.train[columns]) for row in part.to_numpy()}
    asked = [tuple(row) for row in frame.to_numpy()]
    end = known.sample + known.seen
    assert set(asked[:end]) <= public
    for place, column in enumerate(known.copies):
        start = end + place * known.shuffled
        copies = frame.iloc[start : start + known.shuffled].reset_index(drop=True)
        rows = frame.iloc[known.sample : known.sample + known.shuffled].reset_index(drop=True)
        assert (copies.drop(columns=column) == rows.drop(columns=column)).all(axis=None)
        assert sorted(copies[column]) == sorted(rows[column])
        if rows[column].nunique() > 4:
            assert (copies[column] != rows[column]).mean() > 0.5
    assert len(frame) == end + len(known.copies) * known.shuffled <= 500
    hidden_rows = {tuple(row) for row in data.hidden_features.to_numpy()}
    assert not hidden_rows & set(asked[:end])
