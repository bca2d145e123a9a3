"""A learner reports a problem with a task, staff reply, and the learner is told."""

from __future__ import annotations

from typing import Any

import pytest

from mlarena.accounts.audit import AuditEntry
from mlarena.core.db import db
from mlarena.notifications import jobs
from mlarena.notifications import service as notifications
from mlarena.reports.models import Report, ReportReply

API = "/api/v1/reports"


@pytest.fixture
def teacher(make_user: Any) -> Any:
    return make_user("grace", role="instructor")


def rows() -> list[Report]:
    db.session.rollback()
    return list(db.session.scalars(db.select(Report).order_by(Report.id)))


def test_from_the_quests_page_to_the_reporters_bell(
    user: Any, teacher: Any, quest: Any, signed_in: Any, send_form: Any, client: Any
) -> None:
    browser, desk = signed_in(user), signed_in(teacher)
    form = f"/tasks/{quest.id}/report"
    assert form in browser.get(f"/quests/{quest.id}").text
    assert form not in client.get(f"/quests/{quest.id}").text  # who is nobody is told of nothing
    said = "The sample has <b>no</b> header.\nIs that so on purpose?"
    assert send_form(browser, form, text="   ").status_code == 422
    assert send_form(browser, form, text="x" * 2001).status_code == 422
    for _ in range(2):  # pressed twice: the same report
        sent = send_form(browser, form, text=said)
        assert sent.status_code == 303
    [report] = rows()
    assert sent.location == f"/reports/{report.id}"
    assert "Nobody has replied yet" in browser.get(sent.location).text

    assert "A report of a problem waits for a reply" in desk.get("/teach").text
    assert "&lt;b&gt;no&lt;/b&gt; header" in desk.get("/teach/reports").text
    page = f"/teach/reports/{report.id}"
    assert send_form(desk, page, text="").status_code == 422
    assert send_form(desk, page, text="It is, for now.").status_code == 303
    assert send_form(desk, page, text="There is one now.", close="y").status_code == 303
    jobs.route()
    (head,) = db.session.scalars(notifications.heads(user.id)).all()[1:]
    assert (head.kind, head.link) == ("report_reply", f"/reports/{report.id}")
    assert head.title == f"A reply to your report on “{quest.title}”"
    assert notifications.unread(user.id) == 2
    shown = browser.get(f"/reports/{report.id}").text
    assert "It is, for now." in shown and "There is one now." in shown and "It was closed" in shown
    assert notifications.unread(user.id) == 0  # what told of them is read
    assert "waits for a reply" not in desk.get("/teach").text
    assert quest.title in desk.get("/teach/reports?state=closed").text
    assert quest.title in browser.get("/reports").text

    send_form(desk, f"{page}/open", page)
    assert rows()[0].status == "open"
    for _ in range(2):
        send_form(desk, f"{page}/close", page)
    jobs.route()
    assert notifications.unread(user.id) == 1
    actions = db.session.scalars(db.select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert [one for one in actions if one.startswith("report.")] == [
        f"report.{verb}" for verb in ("reply", "reply", "open", "close")
    ]


def test_by_script(
    user: Any, make_user: Any, teacher: Any, make_quest: Any, client: Any, bearer: Any
) -> None:
    quest, draft = make_quest(), make_quest(slug="a-draft", status="draft")
    own, staff = bearer(user), bearer(teacher)
    other = bearer(make_user("eve"))
    for body in ({}, {"task_id": 1}, {"task_id": quest.id, "text": ""}, {"task_id": "x", "text": "y"},
                 {"task_id": quest.id, "text": "a\x00b"}, {"task_id": quest.id, "text": " "}):  # fmt: skip
        assert client.post(API, json=body, headers=own).status_code == 422, body
    for number in (draft.id, 999):
        body = {"task_id": number, "text": "Broken"}
        assert client.post(API, json=body, headers=own).status_code == 404
    made = client.post(API, json={"task_id": quest.id, "text": "Broken"}, headers=own)
    assert made.status_code == 201
    number = made.json["data"]["id"]
    assert made.json["data"] | {"created_at": ""} == {
        "id": number, "task_id": quest.id, "task": quest.title, "user_id": user.id, "username": "ada",
        "text": "Broken", "status": "open", "created_at": "", "closed_at": None, "replies": [],
    }  # fmt: skip
    assert client.get(f"{API}/{number}", headers=other).status_code == 404
    assert client.get(f"{API}?status=open", headers=other).json["data"] == []
    assert [one["id"] for one in client.get(f"{API}?status=open", headers=staff).json["data"]] == [
        number
    ]
    assert client.get(API, headers=staff).json["data"] == []  # their own
    answer = client.post(
        f"{API}/{number}/replies", json={"text": "Mended", "close": False}, headers=staff
    )
    assert answer.status_code == 201
    assert [one["text"] for one in answer.json["data"]["replies"]] == ["Mended"]
    assert answer.json["data"]["status"] == "open"
    closed = client.patch(f"{API}/{number}", json={"status": "closed"}, headers=staff)
    assert closed.json["data"]["status"] == "closed" and closed.json["data"]["closed_at"]
    assert client.patch(f"{API}/{number}", json={"status": "open"}, headers=own).status_code == 403


def test_who_reports_much_waits_for_a_reply(
    user: Any,
    quest: Any,
    client: Any,
    bearer: Any,
    queries: list[str],
    signed_in: Any,
    teacher: Any,
) -> None:
    headers, desk = bearer(user), signed_in(teacher)

    def report(number: int) -> int:
        body = {"task_id": quest.id, "text": f"Problem {number}"}
        return int(client.post(API, json=body, headers=headers).status_code)

    def asked() -> int:
        desk.get("/teach/reports")
        queries.clear()
        desk.get("/teach/reports")
        return len(queries)

    assert report(1) == 201
    few = asked()
    assert [report(number) for number in range(2, 12)] == [201] * 9 + [409]
    assert asked() == few


def test_reports_go_with_their_account_and_replies_outlive_who_wrote_them(
    user: Any, teacher: Any, quest: Any
) -> None:
    from mlarena.accounts import service as accounts
    from mlarena.reports import service
    from tests.conftest import PASSWORD

    made = service.report(user, quest, "Broken")
    service.reply(teacher, made, "Mended", close=True)
    accounts.delete_account(teacher, PASSWORD)
    db.session.expire_all()
    assert [(one.by_id, one.by_name) for one in made.replies] == [(None, "grace")]
    accounts.delete_account(user, PASSWORD)
    assert rows() == [] and db.session.scalars(db.select(ReportReply)).all() == []
