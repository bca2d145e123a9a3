"""What is taken home: each quest's notebook, script and sample model do what they say, up to a verdict."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import joblib
import nbformat
import pytest

from mlarena.core.db import db
from mlarena.packs.importer import import_pack
from mlarena.quests.artifact import check
from mlarena.quests.catalogue import published
from mlarena.release import STARTER
from mlarena.submissions.models import Submission

FIRST = "linear-regression-challenge"
SLUGS = sorted(path.stem for path in (STARTER / "quests").glob("*.yaml"))


@pytest.fixture
def quests(app: Any, built_dataset: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The starter pack, imported; its data sets made once for the run. Without the house's own work."""
    monkeypatch.setattr("mlarena.packs.importer.build", lambda name, _secret: built_dataset(name))
    monkeypatch.setattr("mlarena.packs.importer.enter_missing", lambda: 0)
    import_pack(STARTER, later=True)  # its challenges are not asked here
    return {quest.slug: quest for quest in published().values()}


@pytest.fixture
def fetch(client: Any, make_user: Any, bearer: Any) -> Any:
    """fetch(quest, "starter", format="py") -> the bytes, by the API, as somebody who may have them."""
    headers = bearer(make_user("grace", role="instructor"))

    def get(quest: Any, path: str, **asked: str) -> bytes:
        answer = client.get(
            f"/api/v1/quests/{quest.id}/{path}", query_string=asked, headers=headers
        )
        assert answer.status_code == 200, answer.text
        return answer.data

    get.headers = headers
    return get


def code_of(notebook: Any) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.pure  # once is enough: it is the files that are asked, not where they are kept
@pytest.mark.parametrize("slug", SLUGS)
def test_notebook_and_script_run_on_the_download_and_end_in_a_model(
    quests: Any,
    fetch: Any,
    slug: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    quest = quests[slug]
    monkeypatch.chdir(tmp_path)
    Path(f"{quest.dataset.name}_train.csv").write_bytes(fetch(quest, "dataset"))
    notebook = nbformat.reads(fetch(quest, "starter", format="ipynb").decode(), as_version=4)
    nbformat.validate(notebook)
    script = fetch(quest, "starter", format="py").decode()
    assert cells_of(script) == [source.rstrip() for source in code_of(notebook)]
    assert quest.starter_code.rstrip() in cells_of(script)

    space: dict[str, Any] = {"__name__": "__main__"}
    for number, source in enumerate(code_of(notebook)):
        exec(compile(source, f"{slug}, cell {number}", "exec"), space)
    said = capsys.readouterr().out
    assert re.search(r"(in five folds|on the training rows): -?[\d.]+", said)
    with Path("model.joblib").open("rb") as file:
        assert check("model.joblib", file) == "joblib"

    rule = quest.rule()
    model = joblib.load("model.joblib")
    assert hasattr(model, "predict_proba" if rule.needs == "probabilities" else "predict")


def cells_of(script: str) -> list[str]:
    """The code cells of a `# %%` script."""
    parts = re.split(r"^# %%(.*)\n", script, flags=re.M)[1:]
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return [text.strip("\n").rstrip() for mark, text in pairs if "markdown" not in mark]


def test_the_first_quest_is_passed_with_what_its_notebook_leaves(
    quests: Any, fetch: Any, upload: Any, work: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quest = quests[FIRST]
    monkeypatch.chdir(tmp_path)
    Path("housing_train.csv").write_bytes(fetch(quest, "dataset"))
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(fetch(quest, "starter", format="py"), space)
    sent = upload(fetch.headers, quest, Path("model.joblib").read_bytes())
    assert sent.status_code == 202
    work()
    judged = db.session.get_one(Submission, sent.json["data"]["id"])
    assert (judged.status, judged.passed) == ("scored", True)


def test_sample_models_are_scored_and_pass_nowhere(
    quests: Any, fetch: Any, upload: Any, work: Any
) -> None:
    """One of each kind of task in both formats; who uploads it sees a verdict, and earns nothing."""
    kinds = {quest.task_type: quest for quest in quests.values()}
    assert len(kinds) == 3
    sent = []
    for quest in kinds.values():
        for ending in ("joblib", "skops"):
            content = fetch(quest, "sample-model", format=ending)
            answer = upload(fetch.headers, quest, content, f"model.{ending}")
            assert answer.status_code == 202, answer.text
            sent.append(answer.json["data"]["id"])
    work()
    for number in sent:
        judged = db.session.get_one(Submission, number)
        assert (judged.status, judged.passed) == ("scored", False), judged.verdict.error
        assert judged.verdict.report["warnings"] == []


@pytest.mark.pure  # once is enough
def test_no_sample_model_passes_its_quest(quests: Any, built_dataset: Any) -> None:
    from mlarena.core.storage import storage

    passed = []
    for slug, quest in quests.items():
        rule, data = quest.rule(), built_dataset(quest.dataset.name)
        model = joblib.load(io.BytesIO(storage().read(quest.dataset.sample_joblib_blob)))
        probable = rule.needs == "probabilities"
        score = rule.score(
            data.hidden_target,
            (model.predict_proba if probable else model.predict)(data.hidden_features),
            classes=list(model.classes_) if probable else None,
            features=data.hidden_features,
        )
        passed += [slug] * rule.passes(score, quest.threshold)
    assert quests
    assert passed == []


def test_a_title_stays_in_its_comment(client: Any, make_quest: Any, bearer: Any, user: Any) -> None:
    quest = make_quest(
        title="Iris\nimport os  # \u2028 %%",
        summary="One\r\nraise SystemExit",
        starter_code="def train(X, y):\n    return None\n",
    )
    address = f"/api/v1/quests/{quest.id}/starter"
    script = client.get(f"{address}?format=py", headers=bearer(user)).text
    assert "\nimport os" not in script and "\nraise" not in script
    assert "# # Iris import os # %%" in script
    compile(script, "script", "exec")
    text = client.get(f"{address}?format=ipynb", headers=bearer(user)).text
    nbformat.validate(nbformat.reads(text, as_version=4))


def test_files_are_named_and_for_members(
    client: Any, make_user: Any, bearer: Any, make_quest: Any, signed_in: Any
) -> None:
    quest = make_quest(slug="iris-quest", starter_code="def train(X, y): ...\n")
    far = make_quest(slug="far", level_xp=500)
    ada = make_user("ada")
    browser = signed_in(ada)
    for path, name in (
        ("starter.py", "iris-quest.py"),
        ("starter.ipynb", "iris-quest.ipynb"),
        ("sample-model.joblib", "iris_sample.joblib"),
        ("sample-model.skops", "iris_sample.skops"),
    ):
        found = browser.get(f"/quests/{quest.id}/{path}")
        assert found.status_code == 200
        assert found.headers["Content-Disposition"] == f'attachment; filename="{name}"'
        assert browser.get(f"/quests/{far.id}/{path}").status_code == 403
        assert client.get(f"/quests/{quest.id}/{path}").status_code == 302
    asked = client.get(f"/api/v1/quests/{quest.id}/starter?format=exe", headers=bearer(ada))
    assert asked.status_code == 422
