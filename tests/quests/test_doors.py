"""The quests' pages and API: what is shown to whom, and what never is."""

from __future__ import annotations

import io
from typing import Any

import pandas as pd
import pytest
from flask import url_for

from mlarena.core.storage import storage


def test_the_list_shows_published_quests_and_where_one_stands(
    client: Any, user: Any, bearer: Any, make_quest: Any, good_model: Any, upload: Any, work: Any
) -> None:
    quest, far = make_quest(), make_quest("wine", slug="far", level_xp=500)
    make_quest(slug="draft", status="draft")
    anyone = client.get("/api/v1/quests").json
    assert [row["slug"] for row in anyone["data"]] == [quest.slug, "far"]
    assert [row["locked"] for row in anyone["data"]] == [False, True]
    upload(bearer(user), quest, good_model())
    work()
    mine = client.get("/api/v1/quests", headers=bearer(user)).json["data"][0]
    assert (mine["status"], mine["attempts"]) == ("completed", 1)
    assert mine["best_score"] > 0.9
    assert mine["dataset"]["rows"] == 75 or mine["dataset"]["rows"] > 0
    only = client.get(f"/api/v1/quests?level={far.level_id}").json
    assert [row["slug"] for row in only["data"]] == ["far"]
    assert client.get("/api/v1/quests?page=7").json["data"] == []


def test_a_draft_is_seen_by_instructors_only(
    client: Any, user: Any, make_user: Any, bearer: Any, make_quest: Any, signed_in: Any
) -> None:
    draft = make_quest(slug="draft", status="draft")
    teacher = make_user("grace", role="instructor")
    assert client.get(f"/quests/{draft.id}").status_code == 404
    assert signed_in(user).get(f"/quests/{draft.id}").status_code == 404
    assert signed_in(teacher).get(f"/quests/{draft.id}").status_code == 200
    shown = client.get(f"/api/v1/quests/{draft.id}", headers=bearer(teacher)).json["data"]
    assert shown["published"] is False


def test_a_change_is_seen_at_once(client: Any, make_quest: Any) -> None:
    quest = make_quest()
    assert client.get(f"/api/v1/quests/{quest.id}").json["data"]["threshold"] == 0.9
    make_quest(threshold=0.8)
    assert client.get(f"/api/v1/quests/{quest.id}").json["data"]["threshold"] == 0.8
    make_quest(status="draft")
    assert client.get(f"/api/v1/quests/{quest.id}").status_code == 404


@pytest.mark.parametrize("path", ["/quests", "/api/v1/quests"])
def test_more_quests_are_not_more_queries(
    user: Any, signed_in: Any, make_quest: Any, queries: Any, path: str
) -> None:
    browser = signed_in(user)
    make_quest()
    browser.get(path)
    queries.clear()
    browser.get(path)
    few = len(queries)
    for number in range(12):
        make_quest(slug=f"quest-{number}")
    browser.get(path)
    queries.clear()
    browser.get(path)
    assert len(queries) == few <= 7  # one of them for the bell


def test_the_download_trains_and_the_sample_has_no_label(
    client: Any, user: Any, bearer: Any, quest: Any, built_dataset: Any
) -> None:
    headers, built = bearer(user), built_dataset("iris")
    address = f"/api/v1/quests/{quest.id}/dataset"
    assert client.get(address).status_code == 401
    answer = client.get(address, headers=headers)
    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    pd.testing.assert_frame_equal(
        pd.read_csv(io.BytesIO(answer.data)), pd.read_csv(io.BytesIO(built.train_csv()))
    )
    sample = pd.read_csv(io.BytesIO(client.get(f"{address}?part=sample", headers=headers).data))
    assert built.target not in sample.columns
    assert client.get(f"{address}?part=hidden", headers=headers).status_code == 422
    again = client.get(address, headers=headers | {"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_no_door_gives_a_hidden_row_away(
    app: Any,
    make_user: Any,
    signed_in: Any,
    bearer: Any,
    make_quest: Any,
    good_model: Any,
    upload: Any,
    work: Any,
) -> None:
    """Every address that answers GET, as an admin, after a pass: no line of the hidden table."""
    admin, quest = make_user("root", role="admin"), make_quest("wine", metric="accuracy")
    upload(bearer(admin), quest, good_model("wine"))
    work()
    lines = storage().read(quest.dataset.hidden_features_blob).splitlines()[1:]
    browser = signed_in(admin)
    asked = 0
    for address in addresses(app):
        answer = browser.get(address)
        assert answer.status_code < 500 or address == "/healthz", address
        asked += answer.status_code == 200
        assert not any(line in answer.data for line in lines), address
    assert asked > 20


def addresses(app: Any) -> list[str]:
    """Every address that answers GET, with the id 1, and a data set's door for each of its parts."""
    found = ["/api/v1/quests/1/dataset?part=train", "/api/v1/quests/1/dataset?part=sample"]
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            if "GET" not in rule.methods or rule.endpoint == "static":
                continue
            for part in ("train", "sample") if "part" in rule.arguments else ("",):
                words = {"part": part, "kind": "quest", "program": "py", "model_format": "skops"}
                words |= {"challenge_kind": "sql", "tab": "data", "step": "open", "ending": "csv"}
                values = {name: words.get(name, 1) for name in rule.arguments}
                found.append(url_for(rule.endpoint, **values))
    return found
