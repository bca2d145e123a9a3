"""Quests by form: data is cut, a draft is checked in the jail, published, edited by two, and passed."""

from __future__ import annotations

import csv
import io
import random
import re
from datetime import timedelta
from typing import Any

import pytest

from mlarena.accounts.audit import AuditEntry
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.core.storage import Blob
from mlarena.quests.models import Dataset, Quest
from mlarena.rewards.models import Level
from mlarena.submissions import jobs
from mlarena.submissions.models import Submission

ROWS = 200


def rents(rows: int = ROWS) -> list[list[Any]]:
    draw = random.Random(7)
    found = []
    for _ in range(rows):
        area, rooms = round(draw.uniform(20, 140), 3), draw.randint(1, 5)
        district = draw.choice(["harbour", "hill", "old town"])
        extra = {"harbour": 120, "hill": 40, "old town": 0}[district]
        rent = round(9 * area + 30 * rooms + extra + draw.gauss(0, 25), 2)
        found.append([area, rooms, district, rent])
    return found


def as_csv(rows: list[list[Any]], header: str = "area,rooms,district,rent", by: str = ",") -> bytes:
    lines = [header.replace(",", by), *(by.join(map(str, row)) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


@pytest.fixture
def level(app: Any) -> Level:
    row = Level(slug="first", order=1, name="First", required_xp=0)
    db.session.add(row)
    db.session.commit()
    return row


@pytest.fixture
def desk(make_user: Any, signed_in: Any, level: Level, jail: Any) -> Any:
    """An instructor's browser."""
    return signed_in(make_user("grace", role="instructor"))


@pytest.fixture
def make(desk: Any, send_form: Any) -> Any:
    """make(content, task_type=…) -> the answer of the form for new data."""

    def send(content: bytes | None = None, **fields: Any) -> Any:
        given = {
            "title": "Rents", "origin": "upload", "task_type": "regression", "percent": 30, "seed": 1,
            "stratify": "y", "target": "", "licence": "CC0 1.0", "source": "invented",
        } | fields  # fmt: skip
        if content is not None:
            given["data_file"] = (io.BytesIO(content), "rents.csv")
        return send_form(desk, "/teach/quests/new", **given)

    return send


def form_of(browser: Any, quest: Quest) -> dict[str, Any]:
    """What the form of the quest would send, as a browser has it."""
    page = browser.get(f"/teach/quests/{quest.id}").text
    form = page[page.index('id="writing"') :]
    form = form[: form.index("</form>")]
    fields: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name = re.search(r'name="([^"]+)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name:
            fields[name[1]] = _plain(value[1]) if value else ""
    for name, text in re.findall(
        r'<textarea[^>]*name="([^"]+)"[^>]*>\r?\n?(.*?)</textarea>', form, re.S
    ):
        fields[name] = _plain(text)
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'<option selected value="([^"]+)"', options)
        fields[name] = chosen[1] if chosen else re.search(r'value="([^"]+)"', options)[1]
    return fields


def _plain(text: str) -> str:
    import html

    return html.unescape(text)


def quest_of() -> Quest:
    db.session.expire_all()
    return db.session.query(Quest).order_by(Quest.id.desc()).first()


def save(browser: Any, quest: Quest, **changes: Any) -> Any:
    return browser.post(f"/teach/quests/{quest.id}", data=form_of(browser, quest) | changes)


def test_from_a_file_to_a_quest_that_is_passed(
    make: Any, desk: Any, user: Any, bearer: Any, client: Any, work: Any, send_form: Any
) -> None:
    answer = make(as_csv(rents()))
    assert answer.status_code == 303, answer.text
    quest = quest_of()
    data = quest.dataset
    assert (quest.status, quest.task_type, data.target, data.licence) == (
        "draft", "regression", "rent", "CC0 1.0",
    )  # fmt: skip
    assert (data.rows, data.hidden_rows) == (133, 57)  # 200 less 10 shown without labels
    assert "'area', 'rooms'" in quest.starter_code
    assert "'district'" in quest.starter_code
    page = desk.get(f"/teach/quests/{quest.id}")
    assert page.status_code == 200

    # Learners do not find it yet, and instructors see it as they will.
    assert client.get(f"/quests/{quest.id}").status_code == 404
    assert desk.get(f"/quests/{quest.id}").status_code == 200

    # Nothing is published that a dummy passes, or the reference does not.
    low = save(desk, quest, do="publish", description="Guess rents.", threshold="-1")
    assert low.status_code == 422
    assert "has learned nothing" in low.text
    assert "Guess rents." in low.text
    high = save(desk, quest, do="publish", description="Guess rents.", threshold="0.9999")
    assert high.status_code == 422
    assert "does not pass" in high.text
    broken = save(
        desk, quest, do="publish", description="Guess rents.",
        reference_code="def train(X, y):\n    return 1 / 0\n",
    )  # fmt: skip
    assert broken.status_code == 422
    assert "gave no score" in broken.text
    assert quest_of().status == "draft"

    done = save(desk, quest, do="publish", description="Guess rents.", threshold="0.7")
    assert done.status_code == 303, done.text
    quest = quest_of()
    assert quest.status == "published"
    assert quest.checked["reference"]["passed"]
    assert not quest.checked["dummy"]["passed"]
    assert "reference" not in client.get(f"/api/v1/quests/{quest.id}").text

    # What was checked is no submission and stands on no board.
    assert not db.session.query(Submission).filter_by(house="reference").count()
    code = quest.reference_code
    headers = bearer(user)
    sent = client.post(f"/api/v1/quests/{quest.id}/train", json={"code": code}, headers=headers)
    assert sent.status_code == 202, sent.text
    starter = client.post(
        f"/api/v1/quests/{quest.id}/train", json={"code": quest.starter_code}, headers=headers
    )
    work()
    address = "/api/v1/submissions/{}"
    verdict = client.get(address.format(sent.json["data"]["id"]), headers=headers).json["data"]
    assert (verdict["status"], verdict["passed"], verdict["xp_awarded"]) == ("scored", True, 100)
    lazy = client.get(address.format(starter.json["data"]["id"]), headers=headers).json["data"]
    assert (lazy["status"], lazy["passed"]) == ("scored", False)
    noted = [entry.action for entry in db.session.query(AuditEntry).order_by(AuditEntry.id)]
    assert noted == ["quest.create", "quest.publish"]

    # The list does the same to many: each by its own checks.
    page, ticked = "/teach/lists/quests", {"ids": [quest.id]}
    for action, status, said in (
        ("withdraw", "draft", "1 drafts again."),
        ("publish", "published", "1 published."),
        ("archive", "archived", "1 archived."),
    ):
        assert send_form(desk, f"{page}/act", page=page, action=action, **ticked).status_code == 303
        assert said in desk.get(page).text
        assert quest_of().status == status


def test_the_hidden_rows_are_shown_once(
    make: Any, desk: Any, make_user: Any, signed_in: Any, send_form: Any
) -> None:
    whole = rents()
    make(as_csv(whole))
    quest = quest_of()
    address, page = f"/teach/quests/{quest.id}/hidden.csv", f"/teach/quests/{quest.id}"
    other = signed_in(make_user("eve", role="instructor"))
    assert send_form(other, address, page=page).status_code == 403
    first = send_form(desk, address, page=page)
    assert first.status_code == 200
    hidden = list(csv.DictReader(io.StringIO(first.text)))
    assert len(hidden) == quest.dataset.hidden_rows
    train = list(csv.DictReader(io.StringIO(desk.get(f"/quests/{quest.id}/data/train.csv").text)))
    key = ("area", "rooms", "district", "rent")
    together = {tuple(row[name] for name in key) for row in [*hidden, *train]}
    assert len(together) == len(hidden) + len(train)  # no row is in both
    assert together <= {tuple(map(str, row)) for row in whole}
    assert send_form(desk, address, page=page).status_code == 404
    assert "shown" in desk.get(page).text


def test_the_whole_file_is_not_kept(make: Any) -> None:
    make(as_csv(rents()))
    quest, data = quest_of(), quest_of().dataset
    kept = {
        data.train_blob, data.sample_blob, data.hidden_features_blob, data.hidden_target_blob,
        data.hidden_once, data.preview_blob, data.sample_joblib_blob, data.sample_skops_blob,
    }  # fmt: skip
    assert {row.sha256 for row in db.session.query(Blob)} == kept
    assert quest.dataset.cut["origin"] == "upload"


ODD = {
    "empty": (b"", "empty"),
    "one column": (b"area\n" + b"1\n" * 50, "one column"),
    "a workbook": (b"PK\x03\x04" + bytes(100), "no CSV file"),
    "binary": (bytes(range(256)) * 10, "no text"),
    "no names": (as_csv(rents(), "1,2,3,4"), "must name the columns"),
    "a column twice": (as_csv(rents(), "area,rooms,Area,rent"), "names a column twice"),
    "a column without a name": (as_csv(rents(), "area,,district,rent"), "no name to column `2`"),
    "few rows": (as_csv(rents(12)), "12 rows"),
    "an open quotation mark": (as_csv(rents()) + b'1,2,"old,3\n', "never closed"),
    "a row too long": (as_csv(rents()) + b"1,2,hill,3,4\n", "Line 202 has 5 fields"),
    "a formula": (as_csv([[1, 2, '"=SUM(A1:A9)"', 3], *rents()]), "for a formula"),
    "a constant target": (
        as_csv([[a, b, c, 5] for a, b, c, _ in rents()]),
        "the same value in every row",
    ),
    "missing targets": (as_csv([[1, 2, "hill", ""], *rents()]), "1 rows have no value"),
    "words for numbers": (as_csv([[1, 2, "hill", "a lot"], *rents()]), "row 2 has `a lot`"),
    "an infinite value": (as_csv([["inf", 2, "hill", 1], *rents()]), "infinite"),
}


@pytest.mark.pure
@pytest.mark.parametrize("name", ODD)
def test_what_is_wrong_with_a_file_is_said(make: Any, name: str) -> None:
    content, words = ODD[name]
    answer = make(content)
    assert answer.status_code == 422
    said = " ".join(
        re.findall(r'<ul class="errors" id="data_file-error">(.*?)</ul>', answer.text, re.S)
    )
    assert words in _plain(said), said
    assert 'value="Rents"' in answer.text
    assert db.session.query(Quest).count() == db.session.query(Dataset).count() == 0


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (as_csv(rents()).decode().replace("hill", "Hügel").encode("cp1252"), "Windows-1252"),
        (as_csv(rents()).decode().encode("utf-16"), "UTF-16"),
        (b"\xef\xbb\xbf" + as_csv(rents()).replace(b"\n", b"\r\n"), ""),
        (as_csv(rents(), by=";").replace(b".", b","), "decimals are written with a comma"),
        (as_csv(rents(), by="\t"), "tabs"),
        (as_csv([*rents(), ["", 3, "", 700], [50, 1, "hill", 480]]), "missing in"),
    ],
    ids=["windows", "utf-16", "bom", "semicolons", "tabs", "gaps"],
)
def test_usual_files_are_read(make: Any, desk: Any, content: bytes, note: str) -> None:
    answer = make(content)
    assert answer.status_code == 303, answer.text
    quest = quest_of()
    assert [column["name"] for column in quest.dataset.columns] == ["area", "rooms", "district"]
    assert quest.dataset.columns[0]["dtype"] == "float"
    assert note in " ".join(quest.dataset.cut["notes"])
    checked = save(desk, quest, do="check", threshold="0.5")
    assert checked.status_code == 200, checked.text
    assert "does not pass</td>" in checked.text
    assert "gave no score" not in checked.text


@pytest.mark.pure
def test_a_file_over_the_limit_is_refused_before_it_is_read(desk: Any) -> None:
    answer = desk.post(
        "/teach/quests/new",
        data={"data_file": (io.BytesIO(b"a,b\n"), "large.csv")},
        environ_overrides={"CONTENT_LENGTH": str(200 << 20)},
    )
    assert answer.status_code == 413
    assert "larger than 100 MB" in answer.text


@pytest.mark.parametrize(
    ("origin", "task_type", "metrics"),
    [
        ("make_classification", "classification", "roc_auc"),
        ("make_friedman1", "regression", "rmse"),
        ("make_blobs", "clustering", "adjusted_rand"),
        ("load_wine", "classification", "f1_macro"),
    ],
)
def test_scikit_learns_data(
    make: Any, desk: Any, origin: str, task_type: str, metrics: str
) -> None:
    assert make(origin=origin, task_type=task_type, rows=300).status_code == 303
    quest = quest_of()
    form = desk.get(f"/teach/quests/{quest.id}").text
    assert f'value="{metrics}"' in form
    bounds = {"f1_macro": "0.7", "roc_auc": "0.7", "rmse": "3.5", "adjusted_rand": "0.6"}
    answer = save(
        desk, quest, do="publish", description="Do it.", metric=metrics, threshold=bounds[metrics]
    )
    assert answer.status_code == 303, answer.text
    assert quest_of().status == "published"


def test_the_second_of_two_is_told_and_shown_the_difference(
    make: Any, desk: Any, make_user: Any, signed_in: Any
) -> None:
    make(as_csv(rents()))
    quest = quest_of()
    other = signed_in(make_user("eve", role="instructor"))
    mine = form_of(desk, quest)
    theirs = save(other, quest, summary="Theirs", description="One\nTwo\n")
    assert theirs.status_code == 303
    answer = desk.post(
        f"/teach/quests/{quest.id}", data=mine | {"summary": "Mine", "description": "One\nThree\n"}
    )
    assert answer.status_code == 409
    assert "Saved:</span> Theirs" in answer.text
    assert "Yours:</span> Mine" in answer.text
    assert "Three" in answer.text
    assert quest_of().summary == "Theirs"
    over = re.search(
        r'name="over"[^>]*value="([^"]+)"|value="([^"]+)"[^>]*name="over"', answer.text
    )
    again = desk.post(
        f"/teach/quests/{quest.id}",
        data=mine | {"summary": "Mine", "over": over[1] or over[2]},
    )
    assert again.status_code == 303
    assert quest_of().summary == "Mine"


def test_what_is_published_holds_or_changes_nothing(
    make: Any, desk: Any, quest: Any = None
) -> None:
    make(as_csv(rents()))
    quest = quest_of()
    save(desk, quest, do="publish", description="Guess.", threshold="0.7")
    version = quest_of().version
    refused = save(desk, quest, threshold="0.99999", title="Other")
    assert refused.status_code == 422
    assert (quest_of().threshold, quest_of().title) == (0.7, "Rents")
    assert save(desk, quest, threshold="0.6").status_code == 303
    assert (quest_of().threshold, quest_of().version) == (0.6, version + 1)
    # Learners work on its data, so that stays.
    other = desk.get(f"/teach/quests/{quest.id}").text
    assert "Put other data in its place" not in other
    assert save(desk, quest, do="withdraw").status_code == 303
    assert quest_of().status == "draft"


def test_the_words_of_a_packs_quest_change_without_a_reference(
    desk: Any, make_quest: Any, client: Any
) -> None:
    quest = make_quest(description="Tell them apart.")
    assert save(desk, quest, title="Irises").status_code == 303
    assert "Irises" in client.get(f"/quests/{quest.id}").text
    refused = save(desk, quest, threshold="0.5")
    assert refused.status_code == 422
    assert "Without a reference" in refused.text


def test_a_quest_opens_when_its_time_comes(make: Any, desk: Any, client: Any) -> None:
    make(as_csv(rents()))
    quest = quest_of()
    at = utcnow() + timedelta(days=2)
    answer = save(
        desk, quest, do="publish", description="Guess.", threshold="0.7",
        opens_at=f"{at:%Y-%m-%dT%H:%M}",
    )  # fmt: skip
    assert answer.status_code == 303, answer.text
    assert jobs.publish_due() == 0
    assert client.get(f"/quests/{quest.id}").status_code == 404
    assert "opens <time" in desk.get(f"/teach/quests/{quest.id}").text
    to_come = client.get("/quests").text
    assert quest.title in to_come
    assert "opens <time" in to_come
    row = quest_of()
    row.opens_at = utcnow() - timedelta(seconds=1)
    db.session.commit()
    assert jobs.publish_due() == 1
    assert jobs.publish_due() == 0
    assert client.get(f"/quests/{quest.id}").status_code == 200
    assert quest_of().dataset.hidden_once is None
    assert "opens <time" not in client.get("/quests").text
    again = save(desk, quest, opens_at="2027-03-01T08:00", closes_at="2027-02-01T08:00")
    assert (again.status_code, "close before it opens" in again.text) == (422, True)


def test_a_closed_quest_takes_nothing_in_and_stays_readable(
    desk: Any, quest: Any, client: Any, user: Any, bearer: Any, upload: Any, good_model: Any
) -> None:
    quest.closes_at = utcnow() - timedelta(seconds=1)
    db.session.commit()
    page = desk.get(f"/quests/{quest.id}").text
    assert "It has closed" in page
    assert "Closed" in client.get("/quests").text
    headers = bearer(user)
    shown = client.get(f"/api/v1/quests/{quest.id}", headers=headers).json["data"]
    assert shown["closes_at"].endswith("Z")
    code = {"code": "def train(X, y):\n    pass\n"}
    trained = client.post(f"/api/v1/quests/{quest.id}/train", json=code, headers=headers)
    assert (trained.status_code, "closed on" in trained.text) == (409, True)
    sent = upload(headers, quest, good_model())
    assert (sent.status_code, "closed on" in sent.text) == (409, True)
    assert not db.session.query(Submission).filter_by(user_id=user.id).count()


def test_other_data_copies_and_ends(make: Any, desk: Any, send_form: Any, user: Any) -> None:
    make(as_csv(rents()))
    quest = quest_of()
    page = f"/teach/quests/{quest.id}"
    fields = {
        "origin": "make_moons",
        "task_type": "classification",
        "percent": 20,
        "seed": 3,
        "rows": 200,
    }
    assert send_form(desk, f"{page}/data", page=page, **fields).status_code == 303
    quest = quest_of()
    assert (quest.task_type, quest.metric, quest.dataset.target) == (
        "classification",
        "accuracy",
        "target",
    )
    assert db.session.query(Dataset).count() == 1
    assert send_form(desk, f"{page}/duplicate", page=page).status_code == 303
    copy = quest_of()
    assert (copy.title, copy.status, copy.dataset_id) == ("Rents (copy)", "draft", quest.dataset_id)
    assert send_form(desk, f"{page}/delete", page=page).status_code == 303
    assert db.session.query(Dataset).count() == 1  # the copy stands on it
    page = f"/teach/quests/{copy.id}"
    assert send_form(desk, f"{page}/archive", page=page).status_code == 303
    assert quest_of().status == "archived"
    assert send_form(desk, f"{page}/delete", page=page).status_code == 303
    assert db.session.query(Quest).count() == db.session.query(Dataset).count() == 0


def test_the_list_takes_the_same_queries_for_one_and_for_many(
    make: Any, desk: Any, queries: Any
) -> None:
    make(origin="make_moons", task_type="classification", rows=200)
    desk.get("/teach/quests")
    queries.clear()
    assert desk.get("/teach/quests").status_code == 200
    one = len(queries)
    for _ in range(3):
        make(origin="make_moons", task_type="classification", rows=200)
    desk.get("/teach/quests?q=Rents")
    queries.clear()
    assert desk.get("/teach/quests").text.count("Preview “Rents”") == 4
    assert len(queries) == one
