"""Deep linking: what an instructor chooses in the LMS comes back with the next launch."""

from __future__ import annotations

import html
import re
from typing import Any

import jwt
import pytest

from mlarena.core.db import db
from mlarena.lti import once, people
from mlarena.lti.models import Identity, Link, Platform
from tests.lti.conftest import BACK, DEEP, LTI, ROLE

FRAMED = {"Sec-Fetch-Dest": "iframe"}


def picking(**more: Any) -> dict[str, Any]:
    settings = {
        "deep_link_return_url": BACK,
        "accept_types": ["ltiResourceLink"],
        "accept_presentation_document_targets": ["iframe", "window"],
        "data": "a word of theirs",
        **more,
    }
    return {
        f"{LTI}message_type": "LtiDeepLinkingRequest",
        f"{LTI}resource_link": None,
        f"{DEEP}deep_linking_settings": settings,
    }


@pytest.fixture
def grace(visit: Any, platform: Platform, teacher: Any) -> Any:
    """The teacher's own browser at the LMS, known here."""
    people.link(platform, "sub-t", teacher)
    return visit


def chosen(page: str) -> tuple[str, str]:
    form = re.search(r'<form method="post" action="([^"]+)" data-send>', page)
    word = re.search(r'name="JWT" value="([^"]+)"', page)
    assert form and word
    return html.unescape(form[1]), word[1]


def test_an_assignment_is_chosen_and_opened(
    grace: Any, another_visit: Any, cohort: Any, assignment: Any, quiz: Any
) -> None:
    answer = grace.teach(headers=FRAMED, **picking())
    assert answer.status_code == 303
    assert grace.user_id is None  # no session comes of it: there would be none in a frame
    page = grace.browser.get(answer.location)
    assert "frame-ancestors *" in page.headers["Content-Security-Policy"]
    assert "A class" in page.text
    assert "Two questions" in page.text
    within = grace.browser.get(f"{answer.location}?cohort={cohort.id}").text
    link = re.search(r'href="([^"]+choice=assignment[^"]+)"', within)
    assert link
    handed = grace.browser.get(html.unescape(link[1]))
    back, word = chosen(handed.text)
    assert back == BACK
    policy = handed.headers["Content-Security-Policy"]
    assert "form-action https://lms.example:443" in policy
    assert "script-src" not in policy  # scripts are ours alone, by default-src
    assert "<script>" not in handed.text
    (row,) = grace.browser.get("/lti/jwks.json").json["keys"]
    claims = jwt.decode(
        word, jwt.PyJWK(row).key, algorithms=["RS256"], issuer="tool-1",
        audience="https://lms.example",
    )  # fmt: skip
    assert claims[f"{LTI}message_type"] == "LtiDeepLinkingResponse"
    assert claims[f"{LTI}deployment_id"] == "d1"
    assert claims[f"{DEEP}data"] == "a word of theirs"
    (item,) = claims[f"{DEEP}content_items"]
    assert item["type"] == "ltiResourceLink"
    assert item["url"] == "http://localhost/lti/launch"
    assert item["lineItem"]["scoreMaximum"] == 100
    assert item["submission"]["endDateTime"]
    ada = another_visit()
    opened = ada.launch(**{f"{LTI}custom": item["custom"]})
    assert opened.location == f"/cohorts/{cohort.id}"
    made = db.session.query(Link).one()
    assert (made.target, made.assignment_id) == ("assignment", assignment.id)


def test_titles_are_searched_and_a_task_is_chosen(grace: Any, quiz: Any) -> None:
    word = grace.teach(**picking()).location
    assert "Two questions" in grace.browser.get(f"{word}?q=QUEST").text
    assert "Nothing like this" in grace.browser.get(f"{word}?q=elsewhere").text
    assert grace.browser.get(f"{word}?cohort=999&page=x").status_code == 200
    back, signed = chosen(grace.browser.get(f"{word}/answer?choice=task:{quiz.id}").text)
    (item,) = jwt.decode(signed, options={"verify_signature": False})[f"{DEEP}content_items"]
    assert item["title"] == "Two questions"
    assert "submission" not in item
    assert back == BACK


def test_a_choice_that_is_none(grace: Any, quiz: Any, cohort: Any) -> None:
    word = grace.teach(**picking()).location
    for name in (
        *("", "task", "task:0", "task:99", "task:1:2:3", "cohort:99", "cohort:x", "cohort:-1"),
        *("assignment:1:99", "quest:1", "task:99999999999999999999", "task:¹"),
    ):
        answer = grace.browser.get(f"{word}/answer", query_string={"choice": name})
        assert answer.status_code in (404, 422), name


def test_nobody_chooses_a_cohort_of_others(
    visit: Any, platform: Platform, cohort: Any, make_user: Any
) -> None:
    from mlarena.lti import platforms

    alan = make_user("alan", role="instructor")
    platform.owner_id = make_user("root", role="admin").id
    db.session.commit()
    assert platforms.may_open(platform, alan)
    people.link(platform, "sub-t", alan)
    word = visit.teach(**picking()).location
    assert "A class" not in visit.browser.get(f"{word}?cohort={cohort.id}").text
    answer = visit.browser.get(f"{word}/answer?choice=cohort:{cohort.id}")
    assert answer.status_code == 404
    alan.role = "learner"
    db.session.commit()
    assert visit.browser.get(word).status_code == 400


BAD: dict[str, tuple[dict[str, Any], int, str]] = {
    "not https": ({"deep_link_return_url": "http://lms.example/return"}, 400, "https"),
    "a script": ({"deep_link_return_url": "javascript:alert(1)"}, 400, "https"),
    "a policy": ({"deep_link_return_url": "https://a;script-src *"}, 400, "cannot be sent back"),
    "a policy, shorter": ({"deep_link_return_url": "https://a;b/x"}, 400, "cannot be sent back"),
    "no address": ({"deep_link_return_url": ["https://a"]}, 400, "cannot be sent back"),
    "none": ({"deep_link_return_url": ""}, 400, "where the choice is to go"),
    "no links": ({"accept_types": ["html"]}, 400, "does not take links"),
    "no kinds": ({"accept_types": None}, 400, "does not take links"),
    "long data": ({"data": "x" * 20_000}, 400, "cannot be kept"),
    "other data": ({"data": {"a": 1}}, 400, "cannot be kept"),
}


def test_a_request_that_cannot_be_answered(grace: Any) -> None:
    for name, (asked, status, words) in BAD.items():
        answer = grace.teach(**picking(**asked))
        assert answer.status_code == status, name
        assert words in answer.text, name


def test_who_may_not_choose(grace: Any, platform: Platform, make_user: Any) -> None:
    assert grace.teach(**picking(), **{f"{LTI}roles": [f"{ROLE}Learner"]}).status_code == 403
    people.link(platform, "sub-l", make_user("ada"))
    assert grace.teach(**picking(), sub="sub-l").status_code == 403


def test_a_teacher_who_is_not_known_yet_is_linked_in_a_window_of_their_own(
    visit: Any, teacher: Any
) -> None:
    answer = visit.teach(headers=FRAMED, **picking())
    assert answer.status_code == 200
    assert "window of its own" in answer.text
    assert "/lti/login?iss=" in answer.text
    answer = visit.teach(**picking())
    assert answer.location == "/lti/welcome"
    done = visit.send(
        "/lti/welcome/link", "/lti/welcome", username="grace", password="correct horse battery"
    )
    assert "You are known now" in done.text
    assert db.session.query(Identity).one().user_id == teacher.id
    assert visit.teach(headers=FRAMED, **picking()).status_code == 303


def test_in_a_frame_only_choosing_begins(visit: Any) -> None:
    asked = {"iss": "https://lms.example", "login_hint": "7"}
    there = {"target_link_uri": "http://localhost/lti/launch?for=picking"}
    begin = visit.browser.get("/lti/login", query_string=asked | there, headers=FRAMED)
    assert begin.status_code == 302


def test_a_word_that_is_over(grace: Any, platform: Platform, app: Any) -> None:
    word = grace.teach(**picking()).location
    assert grace.browser.get(f"{word}x").status_code == 400
    platform.is_on = False
    db.session.commit()
    assert grace.browser.get(word).status_code == 403
    platform.is_on = True
    db.session.commit()
    app.extensions["redis"].flushdb()
    assert grace.browser.get(word).status_code == 400
    assert once.look("pick", "\ud800") is None
