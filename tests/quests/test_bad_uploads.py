"""Whatever is uploaded: a clear error with the right status, nothing lost, nothing stored."""

from __future__ import annotations

import io
import pickle
import zipfile
import zlib
from functools import partial
from typing import Any

import joblib
import pytest
import sqlalchemy as sa

from mlarena.core.db import db
from mlarena.core.storage import Blob
from mlarena.submissions.models import Submission


def count(model: Any) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


@pytest.fixture
def headers(user: Any, bearer: Any) -> dict[str, str]:
    made: dict[str, str] = bearer(user)
    return made


@pytest.fixture
def verdict_of(client: Any, headers: Any, quest: Any, upload: Any, work: Any) -> Any:
    """verdict_of(content, name="model.joblib", of=quest) -> the submission after its evaluation."""

    def judge(content: bytes, name: str = "model.joblib", of: Any = None) -> dict[str, Any]:
        answer = upload(headers, of or quest, content, name)
        assert answer.status_code == 202, answer.text
        work()
        number = answer.json["data"]["id"]
        shown: dict[str, Any] = client.get(f"/api/v1/submissions/{number}", headers=headers).json[
            "data"
        ]
        return shown

    return judge


class TestRefusedAtTheDoor:
    @pytest.mark.parametrize(
        ("content", "name", "status", "words"),
        [
            (b"", "model.joblib", 422, "empty"),
            (b"hello, this is my model", "model.pkl", 422, "starts like text"),
            (b"<!DOCTYPE html><html>", "model.joblib", 422, "web page"),
            (b"\x80\x05.", "model.txt", 415, ".joblib, .pkl, .skops or .onnx"),
            (b"\x80\x05.", "model", 415, "no ending"),
            (b"PK\x03\x04rest", "model.joblib", 422, "zip archive"),
            (b"\x80\x05.", "model.skops", 422, "pickle"),
        ],
    )
    def test_what_is_no_model(
        self,
        app: Any,
        headers: Any,
        quest: Any,
        upload: Any,
        content: bytes,
        name: str,
        status: int,
        words: str,
    ) -> None:
        blobs = count(Blob)
        answer = upload(headers, quest, content, name)
        assert answer.status_code == status
        assert answer.json["status"] == "error"
        assert words in answer.json["message"]
        assert (count(Submission), count(Blob)) == (0, blobs)

    def test_a_file_of_51_mb(self, app: Any, headers: Any, quest: Any, upload: Any) -> None:
        blobs = count(Blob)
        answer = upload(headers, quest, b"\x80\x05" + bytes(51 << 20))
        assert answer.status_code == 413
        assert "50 MB" in answer.json["message"]
        assert (count(Submission), count(Blob)) == (0, blobs)

    def test_a_file_a_little_over_the_limit_that_fits_the_wrapping(
        self, app: Any, headers: Any, quest: Any, upload: Any
    ) -> None:
        blobs = count(Blob)
        answer = upload(headers, quest, b"\x80\x05" + bytes((50 << 20) + 5))
        assert answer.status_code == 413
        assert (count(Submission), count(Blob)) == (0, blobs)

    def test_no_file_another_field_another_type(
        self, client: Any, headers: Any, quest: Any
    ) -> None:
        address = f"/api/v1/quests/{quest.id}/submit"
        assert client.post(address, data={}, headers=headers).status_code in (415, 422)
        other = client.post(
            address, data={"file": (io.BytesIO(b"\x80\x05."), "m.pkl")}, headers=headers
        )
        assert other.status_code == 422
        assert "file" in other.json["errors"]
        as_json = client.post(address, json={"model_file": "x"}, headers=headers)
        assert as_json.status_code == 415

    def test_an_upload_cut_in_the_middle(self, app: Any, headers: Any, quest: Any) -> None:
        body = (
            b'--cut\r\nContent-Disposition: form-data; name="model_file"; filename="m.pkl"\r\n'
            b"Content-Type: application/octet-stream\r\n\r\n\x80\x05half a mod"
        )
        answer = app.test_client().post(
            f"/api/v1/quests/{quest.id}/submit",
            input_stream=io.BytesIO(body),
            content_type="multipart/form-data; boundary=cut",
            headers=headers | {"Content-Length": str(len(body) + 5000)},
        )
        assert answer.status_code in (400, 422)
        assert count(Submission) == 0

    def test_locked_unpublished_and_unknown_quests(
        self, client: Any, headers: Any, make_quest: Any, upload: Any
    ) -> None:
        locked = make_quest(slug="locked", level_xp=500)
        draft = make_quest(slug="draft", status="draft")
        answer = upload(headers, locked, b"\x80\x05.")
        assert answer.status_code == 403
        assert "500 XP" in answer.json["message"]
        assert upload(headers, draft, b"\x80\x05.").status_code == 404
        assert client.get(f"/api/v1/quests/{draft.id}", headers=headers).status_code == 404
        for wrong in ("999999", "99999999999999999999", "0", "-1", "x"):
            assert client.post(f"/api/v1/quests/{wrong}/submit", headers=headers).status_code == 404

    def test_tokens_that_are_none(self, quest: Any, upload: Any) -> None:
        for authorization in ("Bearer nonsense", "Bearer mla_wrong", "Basic YTpi", "Bearer "):
            answer = upload({"Authorization": authorization}, quest, b"\x80\x05.")
            assert answer.status_code == 401, authorization
            assert answer.json["status"] == "error"


class RunsCode:
    def __reduce__(self) -> Any:
        return (__import__, ("os",))


class OpensAFile:
    def __reduce__(self) -> Any:
        return (open, ("/etc/passwd",))


class TestFailsInTheJail:
    def test_a_truncated_model(self, verdict_of: Any, good_model: Any) -> None:
        content = good_model()
        shown = verdict_of(content[: len(content) // 2])
        assert shown["status"] == "failed"
        assert shown["score"] is None
        assert "truncated" in shown["error"].lower() or "cut" in shown["error"].lower()

    def test_a_pickle_that_runs_code(self, verdict_of: Any) -> None:
        shown = verdict_of(pickle.dumps(OpensAFile()))
        assert shown["status"] == "failed"
        assert "root:" not in str(shown)

    def test_a_pickle_of_something_else(self, verdict_of: Any) -> None:
        shown = verdict_of(pickle.dumps({"not": "a model"}), "model.pkl")
        assert shown["status"] == "failed"
        assert "predict" in shown["error"]

    def test_a_compression_bomb(self, verdict_of: Any) -> None:
        inner = pickle.dumps(bytes(1 << 26))
        packer = zlib.compressobj(9)
        bomb = packer.compress(inner[:-2])
        for _ in range(20):
            bomb += packer.compress(bytes(1 << 26))
        bomb += packer.flush()
        assert len(bomb) < 2 << 20
        shown = verdict_of(bomb)
        assert shown["status"] == "failed"

    def test_a_zip_bomb_as_skops(self, verdict_of: Any) -> None:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("schema.json", bytes(1 << 28))
        shown = verdict_of(packed.getvalue(), "model.skops")
        assert shown["status"] == "failed"

    def test_a_model_with_the_wrong_number_of_features(
        self, verdict_of: Any, built_dataset: Any
    ) -> None:
        from sklearn.linear_model import LogisticRegression

        built = built_dataset("iris")
        features = built.train.drop(columns=[built.target]).iloc[:, :2]
        fitted = LogisticRegression(max_iter=1000).fit(
            features.to_numpy(), built.train[built.target]
        )
        shown = verdict_of(pickle.dumps(fitted), "model.pkl")
        assert shown["status"] == "failed"
        assert "2" in shown["error"]
        assert "4" in shown["error"]

    def test_a_model_with_other_feature_names(self, verdict_of: Any, built_dataset: Any) -> None:
        from sklearn.linear_model import LogisticRegression

        built = built_dataset("iris")
        features = built.train.drop(columns=[built.target])
        renamed = features.rename(columns={features.columns[0]: "girth"})
        fitted = LogisticRegression(max_iter=1000).fit(renamed, built.train[built.target])
        shown = verdict_of(pickle.dumps(fitted), "model.pkl")
        assert shown["status"] == "failed"
        assert "girth" in shown["error"]

    def test_a_classifier_on_a_regression_quest(
        self, verdict_of: Any, good_model: Any, make_quest: Any, built_dataset: Any
    ) -> None:
        from sklearn.tree import DecisionTreeClassifier

        quest = make_quest("diabetes", metric="rmse", threshold=60.0)
        built = built_dataset("diabetes")
        features = built.train.drop(columns=[built.target])
        halves = (built.train[built.target] > 140).astype(int)
        content = pickle.dumps(DecisionTreeClassifier(max_depth=2).fit(features, halves))
        shown = verdict_of(content, of=quest)
        assert shown["status"] == "failed"
        assert "regressor" in shown["error"]
        assert "classifier" in shown["error"]

    def test_a_missing_library_is_named(self, verdict_of: Any) -> None:
        content = b"\x80\x04cxgboost.sklearn\nXGBClassifier\n."
        shown = verdict_of(content, "model.pkl")
        assert shown["status"] == "failed"
        assert "xgboost" in shown["error"]

    def test_a_class_from_main_says_how_to_save_it(self, verdict_of: Any) -> None:
        content = b"\x80\x04c__main__\nMyModel\n."
        shown = verdict_of(content, "model.pkl")
        assert shown["status"] == "failed"
        assert "__main__" in shown["error"]
        assert "skops" in shown["error"]

    def test_another_version_of_scikit_learn_is_said(
        self, verdict_of: Any, good_model: Any
    ) -> None:
        import sklearn
        from sklearn.linear_model import LogisticRegression

        content = good_model(estimator=LogisticRegression(max_iter=1000))
        old = content.replace(sklearn.__version__.encode(), b"1.2.0")
        assert old != content
        shown = verdict_of(old)
        said = " ".join(shown["report"]["warnings"]) + (shown["error"] or "")
        assert "1.2.0" in said
        assert sklearn.__version__ in said

    def test_an_onnx_model_works_too(self, verdict_of: Any, built_dataset: Any) -> None:
        pytest.importorskip("skl2onnx")
        import warnings

        from sklearn.linear_model import LogisticRegression

        built = built_dataset("iris")
        features = built.train.drop(columns=[built.target])
        fitted = LogisticRegression(max_iter=1000).fit(
            features.to_numpy(), built.train[built.target]
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from skl2onnx import to_onnx

            content = to_onnx(fitted, features.to_numpy()[:1].astype("float32"))
        shown = verdict_of(content.SerializeToString(), "model.onnx")
        assert shown["status"] == "scored", shown["error"]
        assert shown["passed"]

    def test_a_skops_model_works_too(self, verdict_of: Any, good_model: Any) -> None:
        import skops.io

        fitted = joblib.load(io.BytesIO(good_model()))
        shown = verdict_of(skops.io.dumps(fitted), "model.skops")
        assert shown["status"] == "scored", shown["error"]
        assert shown["passed"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ("nan", ("NaN", "nan")),
        ("short", ("row", "predictions")),
    ],
)
def test_answers_of_the_wrong_kind(
    verdict_of: Any, make_quest: Any, built_dataset: Any, values: str, words: tuple[str, ...]
) -> None:
    """A stock estimator whose fitted state is spoiled, so that it loads anywhere."""
    import numpy as np
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.linear_model import LinearRegression

    quest = make_quest("diabetes", metric="rmse", threshold=60.0)
    built = built_dataset("diabetes")
    features, target = built.train.drop(columns=[built.target]), built.train[built.target]
    if values == "nan":
        model: Any = LinearRegression().fit(features, target)
        model.intercept_ = float("nan")
    else:
        model = TransformedTargetRegressor(
            LinearRegression(), inverse_func=np.ravel, func=np.ravel, check_inverse=False
        ).fit(features, target)
        model.transformer_.inverse_func = partial(np.diff, axis=0)
    shown = verdict_of(pickle.dumps(model), "model.pkl", of=quest)
    assert shown["status"] == "failed"
    assert any(word in shown["error"] for word in words), shown["error"]
