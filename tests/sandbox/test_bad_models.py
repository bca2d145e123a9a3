"""What is no model, or a model that does not work, is met with words that help."""

from __future__ import annotations

import io
import pickle
import zipfile
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.preprocessing import StandardScaler

from mlarena.sandbox import Limits, Outcome, OutcomeError, Sandbox, Table

pytestmark = pytest.mark.pure


class Runs:
    """Unpickles to the value of a Python expression, evaluated in the jail."""

    def __init__(self, expression: str) -> None:
        self.expression = expression

    def __reduce__(self) -> tuple[Any, ...]:
        return eval, (self.expression,)


def model_with(predict: str, before: str = "None") -> bytes:
    """A pickle of a model whose predict gives the expression `predict` of X."""
    expression = (
        f"(lambda done: type('M', (), {{'predict': lambda self, X: {predict}}})())({before})"
    )
    return pickle.dumps(Runs(expression))


@pytest.fixture
def ask(sandbox: Sandbox, features: Table, sample: Table) -> Any:
    def ask(data: bytes, form: str = "pkl", method: str = "predict", **given: Any) -> Outcome:
        return sandbox.predict(
            data, form, given.get("features", features), sample, method, limits=given.get("limits")
        )

    return ask


def error_of(outcome: Outcome, status: str = "error") -> OutcomeError:
    assert outcome.status == status, outcome
    assert outcome.error
    assert outcome.predictions is None
    return outcome.error


NOT_MODELS = [
    (b"", "pkl", "empty"),
    (b"hello, this is my model\n" * 20, "pkl", "text file"),
    (b"id,label\n1,0\n" * 20, "joblib", "text file"),
    (b"hello, this is my model\n" * 20, "onnx", "not a"),
    (b"\n<!DOCTYPE html><html><body>Sign in</body></html>", "joblib", "web page"),
    (b"<html>404</html>", "skops", "web page"),
    (b"\x89PNG\r\n\x1a\n" + bytes(200), "pkl", "not a readable .pkl"),
    (bytes(500), "joblib", "not a readable .joblib"),
    (bytes(500), "onnx", "not a readable .onnx"),
    (b"\x1f\x8b" + b"junk" * 20, "joblib", "not a readable"),
    (pickle.dumps(LinearRegression()), "skops", "it is a pickle"),
    (pickle.dumps(LinearRegression()), "onnx", "is a pickle"),
    (skops.io.dumps(LinearRegression()), "pkl", "ending .skops"),
    (pickle.dumps({"weights": [1, 2]}), "pkl", "holds a `dict`"),
    (pickle.dumps(StandardScaler()), "joblib", "no predict"),
    (pickle.dumps(LinearRegression), "joblib", "the class `LinearRegression`"),
]


@pytest.mark.parametrize(("data", "form", "words"), NOT_MODELS)
def test_not_a_model(ask: Any, data: bytes, form: str, words: str) -> None:
    error = error_of(ask(data, form))
    assert error.category == "not_a_model"
    assert words in error.message


def big_model() -> Any:
    random = np.random.default_rng(0)
    return RandomForestClassifier(5, random_state=0).fit(
        random.random((200, 4)), np.arange(200) % 2
    )


@pytest.mark.parametrize("form", ["pkl", "joblib", "skops"])
@pytest.mark.parametrize("compress", [0, 3])
def test_a_file_cut_in_the_middle(ask: Any, form: str, compress: int) -> None:
    buffer = io.BytesIO()
    if form == "skops":
        skops.io.dump(big_model(), buffer)
    elif form == "pkl":
        pickle.dump(big_model(), buffer)
    else:
        joblib.dump(big_model(), buffer, compress=compress)
    whole = buffer.getvalue()
    for size in (len(whole) // 2, len(whole) - 3, 40):
        error = error_of(ask(whole[:size], form))
        assert error.category == "truncated" or (size == 40 and error.category == "not_a_model")
        assert "again" in error.message or size == 40


def zlib_bomb() -> bytes:
    buffer = io.BytesIO()
    joblib.dump({"x": np.zeros(36 << 20)}, buffer, compress=("zlib", 9))
    return buffer.getvalue()


def zip_bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", b" " * (290 << 20))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "form"),
    [
        (zlib_bomb, "joblib"),
        (zip_bomb, "skops"),
        (lambda: pickle.dumps(Runs("bytearray(400 << 20)")), "pkl"),
        (lambda: model_with("bytearray(400 << 20)"), "pkl"),
    ],
    ids=["joblib", "zip", "load", "predict"],
)
def test_bombs_end_at_the_memory_limit(ask: Any, data: Any, form: str) -> None:
    """Stopped by the limits."""
    error = error_of(ask(data(), form), "memory")
    assert "256 MB" in error.message


def test_a_pickle_that_runs_programs(ask: Any) -> None:
    """Stopped by seccomp: nothing is started; what comes back is no model."""
    error = error_of(ask(pickle.dumps(Runs("__import__('os').system('true')"))))
    assert error.category == "not_a_model"
    error = error_of(ask(pickle.dumps(Runs("open('/etc/passwd').read()"))))
    assert error.category == "blocked"
    assert "may only compute" in error.message
    outcome = ask(pickle.dumps(Runs("__import__('os').execv('/bin/true', ['true'])")))
    assert outcome.status == "violation"


def test_too_many_or_too_few_columns_are_named(ask: Any, frame: pd.DataFrame) -> None:
    wide = frame.assign(rooms=1.0, age=2.0)
    error = error_of(ask(pickle.dumps(LinearRegression().fit(wide, frame.a))))
    assert error.category == "wrong_features"
    assert "expects 6 columns, the test data has 4" in error.message
    assert "`rooms`, `age` are missing" in error.message
    error = error_of(ask(pickle.dumps(LinearRegression().fit(frame[["a", "b"]], frame.a))))
    assert "`c`, `d` are unknown to your model" in error.message
    error = error_of(
        ask(pickle.dumps(LinearRegression().fit(frame[["b", "a", "c", "d"]], frame.a)))
    )
    assert "in the order `b`, `a`, `c`, `d`" in error.message
    error = error_of(ask(pickle.dumps(LinearRegression().fit(frame.to_numpy()[:, :3], frame.a))))
    assert error.message.startswith("Your model expects 3 columns, the test data has 4")


def test_another_scikit_learn_version_is_a_warning_when_it_works(
    ask: Any, frame: pd.DataFrame
) -> None:
    import sklearn

    here = sklearn.__version__
    data = pickle.dumps(LinearRegression().fit(frame, frame.a)).replace(here.encode(), b"0.9.1")
    outcome = ask(data)
    assert outcome.ok
    (warning,) = outcome.about["warnings"]
    assert "scikit-learn 0.9.1" in warning
    assert here in warning


def test_another_scikit_learn_version_is_the_reason_when_it_fails(
    ask: Any, frame: pd.DataFrame
) -> None:
    import sklearn

    here = sklearn.__version__.encode()
    model = LinearRegression().fit(frame, frame.a)
    gone = (
        pickle.dumps(model)
        .replace(here, b"0.9.1")
        .replace(b"LinearRegression", b"LinearRegressioN")
    )
    broken = model
    del broken.coef_
    for data in (gone, pickle.dumps(broken).replace(here, b"0.9.1")):
        error = error_of(ask(data))
        assert error.category == "other_version"
        assert "scikit-learn 0.9.1" in error.message
        assert here.decode() in error.message


@pytest.mark.parametrize(
    ("module", "name"), [("xgboost.sklearn", "XGBClassifier"), ("lightgbm", "LGBMRegressor")]
)
def test_a_missing_library_is_named(ask: Any, module: str, name: str) -> None:
    data = f"c{module}\n{name}\n.".encode()
    error = error_of(ask(data))
    assert error.category == "missing_library"
    assert f"`{module.partition('.')[0]}`" in error.message
    assert "scikit-learn" in error.message


def test_a_class_from_main_says_how_to_save_it(ask: Any) -> None:
    error = error_of(ask(b"c__main__\nMyTransformer\n."))
    assert error.category == "main_class"
    assert "`MyTransformer`" in error.message
    for way in ("skops", ".onnx", "Pipeline"):
        assert way in error.message


def test_a_model_that_was_never_fitted(ask: Any) -> None:
    error = error_of(ask(pickle.dumps(LogisticRegression())))
    assert error.category == "not_fitted"


WRONG_ANSWERS = [
    ("[1]", "wrong_length", "1 values for 20 rows"),
    ("[1.0] * (len(X) + 1)", "wrong_length", "21 values"),
    ("(i for i in range(len(X)))", "wrong_type", "generator"),
    ("'yes'", "wrong_type", "`str`"),
    ("None", "wrong_type", "NoneType"),
    ("['a' * 65] * len(X)", "wrong_type", "64 characters"),
    ("[object()] * len(X)", "wrong_type", "object"),
    ("[1j] * len(X)", "wrong_type", "complex"),
    ("[{}] * len(X)", "wrong_type", "dict"),
    ("[1, 'a', None] + [1] * (len(X) - 3)", "wrong_", ""),
    ("[[1, 2]] * len(X)", "wrong_shape", "(20, 2)"),
    ("[[1], [1, 2]] * (len(X) // 2)", "wrong_shape", "different lengths"),
    ("X['a'] * float('nan')", "not_finite", "20 of 20"),
    ("X['a'] * 0 + float('inf')", "not_finite", "NaN or infinite"),
]


@pytest.mark.parametrize(("answer", "category", "words"), WRONG_ANSWERS)
def test_answers_of_the_wrong_form(ask: Any, answer: str, category: str, words: str) -> None:
    error = error_of(ask(model_with(answer)))
    assert error.category.startswith(category)
    assert words in error.message


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("[1] * len(X)", "i"),
        ("X['a'].tolist()", "f"),
        ("['yes'] * len(X)", "U"),
        ("(X['a'] > 0).to_numpy()", "b"),
        ("X[['a']].astype('float32')", "f"),
        ("X['a'].map(lambda a: 'yes')", "U"),
    ],
)
def test_answers_in_other_honest_forms(ask: Any, answer: str, kind: str) -> None:
    outcome = ask(model_with(answer))
    assert outcome.ok, outcome.error
    assert outcome.predictions.dtype.kind == kind
    assert outcome.predictions.shape == (60,)


def test_probabilities_without_predict_proba(ask: Any, frame: pd.DataFrame) -> None:
    model = LinearRegression().fit(frame, frame.a)
    error = error_of(ask(pickle.dumps(model), method="predict_proba"))
    assert error.category == "no_method"
    assert "predict_proba" in error.message


def test_a_predict_that_raises_shows_the_learners_own_traceback(ask: Any) -> None:
    error = error_of(ask(model_with("X['nowhere']")))
    assert error.category == "predict_failed"
    assert "KeyError" in error.message
    assert "Traceback" in error.detail
    assert "mlarena" not in error.detail
    assert "/root" not in error.detail
    assert "site-packages" not in error.detail


def test_different_answers_each_time_are_a_warning(ask: Any, frame: pd.DataFrame) -> None:
    model = DummyClassifier(strategy="uniform").fit(frame, np.arange(60) % 2)
    outcome = ask(pickle.dumps(model))
    assert outcome.ok
    assert "random_state" in outcome.about["warnings"][0]


SAMPLE_ROWS = 20


def test_prints_on_the_sample_are_shown_and_later_ones_are_not(ask: Any) -> None:
    """What is printed once the hidden rows are there is dropped: it could be the rows."""
    outcome = ask(model_with("(print('rows', len(X)), X['a'])[1]", "print('loading')"))
    assert outcome.ok
    assert outcome.output == "loading\nrows 20\nrows 20\n"


def test_hidden_rows_leak_through_no_error(ask: Any, frame: pd.DataFrame) -> None:
    """The failure comes only on the hidden rows, and tries to say what it saw."""
    secret = repr(float(frame.a[40]))
    predict = (
        f"X['a'] if len(X) == {SAMPLE_ROWS} else "
        "(_ for _ in ()).throw(ValueError('secret ' + str(X['a'].tolist())))"
    )
    outcome = ask(model_with(predict))
    error = error_of(outcome)
    assert error.category == "predict_failed"
    assert "test rows" in error.message
    assert secret not in repr(outcome)
    assert error.detail == ""


def test_a_forged_failure_in_the_hidden_run_carries_nothing(ask: Any) -> None:
    said = "{'category': 'secret', 'message': 'secret', 'detail': 'secret'}"
    frame = (
        "(lambda s: __import__('os').write(3, b'FAIL' + len(s).to_bytes(4, 'little') + s))"
        f"(__import__('json').dumps({said}).encode())"
    )
    predict = f"X['a'] if len(X) == {SAMPLE_ROWS} else ({frame}, __import__('os')._exit(0))"
    outcome = ask(model_with(predict))
    assert error_of(outcome).category == "predict_failed"
    assert "secret" not in repr(outcome)


def test_floods_in_the_hidden_run_are_counted(ask: Any) -> None:
    limits = Limits(memory_mb=256, output_bytes=1000)
    predict = f"X['a'] if len(X) == {SAMPLE_ROWS} else [print('x' * 10**6) for _ in X.index]"
    outcome = ask(model_with(predict), limits=limits)
    assert outcome.status == "output_flood"
    assert outcome.output == ""


def test_wrong_answers_on_the_hidden_rows_only(ask: Any) -> None:
    for bad, category in (
        ("[1]", "wrong_length"),
        ("X['a'] / 0", "not_finite"),
        ("'x'", "wrong_type"),
    ):
        outcome = ask(model_with(f"X['a'] if len(X) == {SAMPLE_ROWS} else {bad}"))
        assert error_of(outcome).category == category


FORGED_NOTE = (
    "(lambda s: __import__('os').write(3, b'NOTE' + len(s).to_bytes(4, 'little') + s))"
    '(b\'{"about": {}, "classes": null}\')'
)


def forged(predictions: bytes) -> bytes:
    """At unpickle time: a note, and when the hidden rows are there, `predictions` as the answer."""
    frame = b"PRED" + len(predictions).to_bytes(4, "little") + predictions
    go = "__import__('os').read(6, 1)"
    write = f"__import__('os').write(3, {frame!r})"
    return pickle.dumps(Runs(f"[{FORGED_NOTE}, {go}, {write}, __import__('os')._exit(0)]"))


def npy(array: np.ndarray, **options: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


def test_a_forged_prediction_is_only_a_prediction(ask: Any) -> None:
    outcome = ask(forged(npy(np.arange(60.0))))
    assert outcome.ok, outcome
    assert outcome.predictions.tolist() == list(range(60))


@pytest.mark.parametrize(
    ("data", "category"),
    [
        (npy(np.array([print] * 60, dtype=object), allow_pickle=True), "bad_frame"),
        (npy(np.arange(60.0)) + b"x", "bad_frame"),
        (npy(np.arange(61.0)), "wrong_length"),
        (npy(np.full(60, np.nan)), "not_finite"),
        (pickle.dumps(np.arange(60.0)), "bad_frame"),
    ],
    ids=["objects", "extra bytes", "length", "nan", "pickle"],
)
def test_forged_predictions_are_refused(ask: Any, data: bytes, category: str) -> None:
    outcome = ask(forged(data))
    assert outcome.predictions is None
    assert outcome.error.category == category


def test_an_exit_inside_predict_is_no_result(ask: Any) -> None:
    assert ask(model_with("exit()")).status == "no_result"
    assert ask(model_with("__import__('sys').exit(3)")).status == "no_result"
    assert ask(model_with("__import__('os')._exit(0)")).status == "no_result"


def test_unknown_formats_are_a_mistake_of_the_caller(sandbox: Sandbox, sample: Table) -> None:
    with pytest.raises(ValueError, match="format"):
        sandbox.predict(b"x", "exe", sample, sample)


def test_a_warning_names_no_file_of_the_machine(ask: Any) -> None:
    """A model fitted without the columns' names: scikit-learn warns of it, with the file it stands in."""
    outcome = ask(pickle.dumps(LinearRegression().fit(np.zeros((2, 4)), [0.0, 1.0])))
    assert "UserWarning: X has feature names" in outcome.output
    assert "site-packages" not in outcome.output and ".py" not in outcome.output
