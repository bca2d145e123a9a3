"""An LMS is entered, changed and disconnected by forms; its links are bound by who leads the cohort."""

from __future__ import annotations

from typing import Any

import pytest

from mlarena.accounts.audit import AuditEntry
from mlarena.core.db import db
from mlarena.lti import linking, platforms
from mlarena.lti.models import Link, Platform, Score
from tests.lti.conftest import fields_of

URLS = {
    "auth_url": "https://lms.example/auth",
    "token_url": "https://lms.example/token",
    "keys_url": "https://lms.example/jwks",
}


@pytest.fixture
def grace(arena: Any, teacher: Any, signed_in: Any) -> Any:
    return signed_in(teacher)


@pytest.fixture
def link(platform: Platform, teacher: Any) -> Link:
    made = Link(
        platform_id=platform.id, deployment_id="d1", resource_link_id="l1", title="Week 1",
        context_title="Learning <b>machines</b>", line_item="https://lms.example/items/1",
    )  # fmt: skip
    db.session.add(made)
    db.session.commit()
    return made


def test_the_addresses_to_enter_are_shown(grace: Any, client: Any) -> None:
    page = grace.get("/teach/lti").text
    for path in ("/lti/login", "/lti/launch", "/lti/launch?for=picking", "/lti/jwks.json"):
        assert f"http://localhost{path}<" in page
    told = client.get("/lti/config.json").json
    assert told["oidc_initiation_url"] == "http://localhost/lti/login"
    assert told["public_jwk_url"] == "http://localhost/lti/jwks.json"
    placements = told["extensions"][0]["settings"]["placements"]
    assert {one["message_type"] for one in placements} == {"LtiDeepLinkingRequest"}


def test_an_lms_is_entered_changed_and_disconnected(
    grace: Any, send_form: Any, teacher: Any, lms: Any
) -> None:
    typed = fields_of(lms, **URLS, deployments="d1\nd2  d1")
    answer = send_form(grace, "/teach/lti/new", **typed)
    assert answer.status_code == 303
    made = db.session.query(Platform).one()
    assert made.deployments == ["d1", "d2"]
    page = f"/teach/lti/{made.id}"
    assert "The Moodle" in grace.get(page).text
    assert send_form(grace, "/teach/lti/new", **typed).status_code == 409
    assert send_form(grace, page, **{**typed, "name": "Our Moodle"}).status_code == 303
    assert "Our Moodle" in grace.get("/teach/lti").text
    for step in ("off", "on"):
        assert send_form(grace, f"{page}/{step}", page).status_code == 303
    assert send_form(grace, f"{page}/delete", page).status_code == 303
    assert db.session.query(Platform).count() == 0
    noted = [one.action for one in db.session.query(AuditEntry).order_by(AuditEntry.id)]
    assert noted == ["lms.create", "lms.change", "lms.off", "lms.on", "lms.delete"]


WRONG = [
    ("name", ""),
    ("name", "x" * 65),
    ("issuer", "x" * 256),
    ("client_id", ""),
    ("auth_url", "ftp://lms.example"),
    ("token_url", "https://me:word@lms.example"),
    ("keys_url", "javascript:alert(1)"),
    ("keys_url", "https://lms.example/\u202e"),
    ("deployments", "x" * 256),
    ("deployments", " ".join(map(str, range(201)))),
    ("issuer", "a\x00b"),
]


def test_a_wrong_field_is_named_and_nothing_is_stored(grace: Any, send_form: Any, lms: Any) -> None:
    for field, value in WRONG:
        answer = send_form(grace, "/teach/lti/new", **fields_of(lms, **{**URLS, field: value}))
        assert answer.status_code == 422, (field, value)
        assert f'id="{field}-error"' in answer.text, (field, value)
    assert db.session.query(Platform).count() == 0


def test_in_production_its_addresses_are_https(
    lms: Any, teacher: Any, app: Any, settings: Any
) -> None:
    from mlarena.core import outgoing
    from mlarena.core.config import settings as current

    before = app.extensions["settings"]
    app.extensions["settings"] = before.model_copy(update={"mlarena_env": "production"})
    try:
        assert current().production
        with pytest.raises(outgoing.Refused):
            platforms.check_address("http://lms.example/token")
    finally:
        app.extensions["settings"] = before


def test_a_link_is_bound_and_its_grades_are_computed_anew(
    grace: Any, send_form: Any, link: Link, cohort: Any, assignment: Any, user: Any, quiz: Any
) -> None:
    db.session.add(Score(link_id=link.id, user_id=user.id, sub="s", asked=1, seen=1))
    db.session.commit()
    page = f"/teach/lti/links/{link.id}"
    assert "&lt;b&gt;" in grace.get(page).text
    there = f"{page}?cohort={cohort.id}"
    choice = f"assignment:{cohort.id}:{assignment.id}"
    assert send_form(grace, there, choice=choice).status_code == 303
    db.session.expire_all()
    assert (link.target, link.assignment_id) == ("assignment", assignment.id)
    assert db.session.query(Score).one().asked == 2
    assert f'selected value="{choice}"' in grace.get(page).text
    for wrong in ("cohort:99", "task:99", "", "x"):
        assert send_form(grace, there, choice=wrong).status_code in (404, 422)
    assert "Week 1" in grace.get(f"/teach/lti/{link.platform_id}").text


def test_whose_a_link_is(link: Link, teacher: Any, cohort: Any, make_user: Any) -> None:
    from mlarena.cohorts import service as cohorts
    from mlarena.core.errors import NotFound

    alan, root = make_user("alan", role="instructor"), make_user("root", role="admin")
    assert linking.find(link.id, teacher).id == linking.find(link.id, root).id
    with pytest.raises(NotFound):
        linking.find(link.id, alan)
    linking.bind(teacher, link, f"cohort:{cohort.id}")
    with pytest.raises(NotFound):
        linking.find(link.id, alan)
    cohorts.add_staff(teacher, cohort, "alan")
    assert linking.find(link.id, alan).id == link.id


def test_a_page_of_many_costs_the_same_queries(grace: Any, platform: Platform, cohort: Any) -> None:
    from sqlalchemy import event

    def counted(path: str) -> int:
        seen: list[str] = []
        note = lambda *given: seen.append(given[2])  # noqa: E731
        event.listen(db.engine, "before_cursor_execute", note)
        assert grace.get(path).status_code == 200
        event.remove(db.engine, "before_cursor_execute", note)
        return len(seen)

    def links(some: range) -> None:
        for number in some:
            db.session.add(
                Link(
                    platform_id=platform.id, deployment_id="d1", resource_link_id=f"l{number}",
                    target="cohort", cohort_id=cohort.id,
                )
            )  # fmt: skip
        db.session.commit()

    links(range(2))
    pages = ("/teach/lti", f"/teach/lti/{platform.id}", "/teach/lti/links/1")
    before = [counted(path) for path in pages]
    links(range(2, 12))
    db.session.expire_all()
    assert [counted(path) for path in pages] == before
