"""Webhooks by page and by API: made, changed, tried, read; the secret is shown once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from mlarena.accounts.audit import AuditEntry
from mlarena.core.db import db
from mlarena.webhooks.models import Delivery, Webhook

API = "/api/v1/webhooks"


@pytest.fixture
def browser(teacher: Any, signed_in: Any, arena: Any) -> Any:
    return signed_in(teacher)


def test_by_page_from_the_form_to_the_log(
    arena: Any, browser: Any, send_form: Any, receiver: Any, teacher: Any, make_user: Any,
    signed_in: Any, user: Any, quiz: Any, attempt: Any, work: Any,
) -> None:  # fmt: skip
    wrong = send_form(browser, "/teach/webhooks/new", name="", url="ftp://x", completed="y")
    assert wrong.status_code == 422 and "This cannot be empty" in wrong.text
    wrong = send_form(browser, "/teach/webhooks/new", name="A", url="https://a:b@x.org", init="y")
    assert wrong.status_code == 422 and "user name or a password" in wrong.text
    made = send_form(
        browser, "/teach/webhooks/new", name="<b>Mine</b>", url=receiver.url, completed="y"
    )
    assert made.status_code == 201
    [secret] = re.findall(r"whsec_[A-Za-z0-9+/=]+", made.text)
    [webhook] = db.session.scalars(select(Webhook))
    page = f"/teach/webhooks/{webhook.id}"
    attempt(user, quiz)
    send_form(browser, f"{page}/ping", page)
    work()
    for path in ("/teach/webhooks", page, f"{page}/deliveries/1", f"{page}/deliveries/2"):
        shown = browser.get(path)
        assert shown.status_code == 200, path
        assert secret not in shown.text and "<b>Mine" not in shown.text
    assert "delivered" in browser.get(page).text
    assert (
        "webhook-id: evt_"
        in browser.get(f"{page}/deliveries/2").text + browser.get(f"{page}/deliveries/1").text
    )
    send_form(browser, f"{page}/deliveries/1/replay", page)
    work()
    assert len(receiver.got) == 3
    other = signed_in(make_user("other", role="instructor"))
    assert other.get(page).status_code == 404
    assert "Mine" not in other.get("/teach/webhooks").text
    rotated = send_form(browser, f"{page}/rotate", page)
    assert secret not in rotated.text and "whsec_" in rotated.text
    send_form(browser, f"{page}/off", page)
    refused = send_form(browser, f"{page}/deliveries/1/replay", page)
    assert refused.status_code == 303
    assert db.session.get_one(Webhook, webhook.id, populate_existing=True).state == "off"
    send_form(browser, f"{page}/delete", page)
    assert db.session.scalars(select(Delivery)).all() == []
    actions = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert [one for one in actions if one.startswith("webhook.")] == [
        f"webhook.{verb}" for verb in ("create", "ping", "replay", "rotate", "off", "delete")
    ]
    # No secret is in the database, whatever table.
    for table in db.metadata.sorted_tables:
        assert secret not in str(db.session.execute(select(table)).all())


def test_by_api(
    arena: Any, client: Any, bearer: Any, receiver: Any, teacher: Any, user: Any, work: Any
) -> None:
    headers = bearer(teacher)
    body = {"name": "Mine", "url": receiver.url, "events": ["job-completed"]}
    made = client.post(API, json=body, headers=headers)
    assert made.status_code == 201 and made.json["data"]["secret"].startswith("whsec_")
    number = made.json["data"]["id"]
    assert "secret" not in client.get(f"{API}/{number}", headers=headers).json["data"]
    assert client.post(f"{API}/{number}/ping", headers=headers).status_code == 202
    work()
    [sent] = client.get(f"{API}/{number}/deliveries", headers=headers).json["data"]
    assert (sent["status"], sent["log"][0]["status"]) == ("delivered", 204)
    changed = client.patch(f"{API}/{number}", json={"on": False, "name": "B"}, headers=headers)
    assert (changed.json["data"]["state"], changed.json["data"]["name"]) == ("off", "B")
    assert client.post(f"{API}/{number}/ping", headers=headers).status_code == 409
    for wrong in ({"url": "http://a b"}, {"events": ["all"]}, {"nobody": 1}, {"name": "\x00"}):
        answer = client.patch(f"{API}/{number}", json=wrong, headers=headers)
        assert answer.status_code == 422, wrong
    assert client.post(API, json=body, headers=bearer(user)).status_code == 403
    assert client.delete(f"{API}/{number}", headers=headers).status_code == 200
    assert client.get(f"{API}/{number}", headers=headers).status_code == 404


def test_one_has_twenty_at_most_and_lists_take_as_many_queries_for_all_of_them(
    arena: Any, client: Any, browser: Any, bearer: Any, hook: Any, teacher: Any, queries: list[str]
) -> None:
    hook(teacher)
    browser.get("/teach/webhooks")
    queries.clear()
    browser.get("/teach/webhooks")
    few = len(queries)
    for _ in range(19):
        hook(teacher)
    queries.clear()
    browser.get("/teach/webhooks")
    assert len(queries) == few
    body = {"name": "Mine", "url": "https://example.org/", "events": ["job-completed"]}
    full = client.post(API, json=body, headers=bearer(teacher))
    assert full.status_code == 409
