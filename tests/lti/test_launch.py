"""From a link in a course to a cohort or a task here; and everything that is no such launch."""

from __future__ import annotations

import base64
import hmac
import json
import time
from datetime import timedelta
from typing import Any

import jwt
import pytest

from mlarena.accounts.audit import AuditEntry
from mlarena.accounts.models import User
from mlarena.cohorts import access
from mlarena.core import clock
from mlarena.core.db import db
from mlarena.core.errors import Conflict
from mlarena.core.installation import InstallationSecret
from mlarena.lti import keys, linking, platforms
from mlarena.lti.models import Identity, Link, Platform
from tests.lti.conftest import LTI, ROLE, fields_of

PASSWORD = "correct horse battery"


@pytest.fixture
def bound(visit: Any, teacher: Any, cohort: Any, another_visit: Any) -> Any:
    """bound("cohort:1") -> the link of the course opens this."""

    def bind(name: str) -> Link:
        # Its teacher opens it first, as somebody known, and chooses in the console.
        platform = db.session.query(Platform).one()
        db.session.add(Identity(platform_id=platform.id, sub="sub-t", user_id=teacher.id))
        db.session.commit()
        grace = another_visit()
        answer = grace.teach()
        assert answer.status_code == 303
        assert answer.location == "/teach/lti/links/1"
        chosen = f"{answer.location}?cohort={cohort.id}"
        assert grace.send(chosen, choice=name).status_code == 303
        return db.session.query(Link).one()

    return bind


def test_a_learner_comes_for_the_first_time_and_again(visit: Any, bound: Any, cohort: Any) -> None:
    bound(f"cohort:{cohort.id}")
    answer = visit.launch()
    assert answer.status_code == 303
    assert answer.location == f"/cohorts/{cohort.id}"
    ada = db.session.query(User).filter_by(email_key="ada@school.example").one()
    assert (visit.user_id, ada.role, ada.full_name) == (ada.id, "learner", "Ada Lovelace")
    assert access.is_member(cohort.id, ada)
    assert visit.browser.get(answer.location).status_code == 200
    with visit.browser.session_transaction() as session:
        first = session["login"]
    assert visit.launch().status_code == 303
    with visit.browser.session_transaction() as session:
        assert session["login"] != first  # a login is a new session
    assert db.session.query(User).filter(User.email_key.like("ada%")).count() == 1


def test_a_task_by_itself_joins_nobody_to_anything(visit: Any, bound: Any, quiz: Any) -> None:
    bound(f"task:{quiz.id}")
    answer = visit.launch()
    assert answer.location == f"/challenges/{quiz.id}"
    assert visit.browser.get(answer.location).status_code == 200


def test_an_address_that_has_an_account_is_asked_for_its_password(
    visit: Any, bound: Any, cohort: Any, make_user: Any
) -> None:
    bound(f"cohort:{cohort.id}")
    ada = make_user("ada")
    answer = visit.launch(email=ada.email)
    assert answer.location == "/lti/welcome"
    assert visit.user_id is None
    page = visit.browser.get("/lti/welcome").text
    assert "There is an account with your address" in page
    sent = ("/lti/welcome/link", "/lti/welcome")
    assert visit.send(*sent, username="ada", password="a wrong password").status_code == 401
    assert visit.send("/lti/welcome/new", "/lti/welcome", email=ada.email).status_code == 409
    assert db.session.query(Identity).filter_by(user_id=ada.id).count() == 0
    answer = visit.send(*sent, username="ada", password=PASSWORD)
    assert answer.location == f"/cohorts/{cohort.id}"
    assert visit.user_id == ada.id
    assert visit.browser.get("/lti/welcome").status_code == 400  # once
    # From now on the course opens it.
    assert visit.launch(email=ada.email).location == f"/cohorts/{cohort.id}"


def test_who_shows_no_address_makes_an_account_or_links_one(
    visit: Any, bound: Any, cohort: Any, another_visit: Any
) -> None:
    bound(f"cohort:{cohort.id}")
    assert visit.launch(email=None, name=None).location == "/lti/welcome"
    assert another_visit().browser.get("/lti/welcome").status_code == 400  # not theirs
    assert visit.send("/lti/welcome/new", "/lti/welcome", email="no address").status_code == 422
    answer = visit.send("/lti/welcome/new", "/lti/welcome", email="new@school.example")
    assert answer.location == f"/cohorts/{cohort.id}"
    assert db.session.get(User, visit.user_id).email == "new@school.example"


def test_a_role_of_the_lms_is_none_of_ours(visit: Any, bound: Any, cohort: Any) -> None:
    bound(f"cohort:{cohort.id}")
    admin = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator"
    answer = visit.launch(**{f"{LTI}roles": [f"{ROLE}Instructor", admin]})
    assert answer.status_code == 403  # leads nothing here, and learns nothing there
    made = db.session.query(User).filter_by(email_key="ada@school.example").one()
    assert made.role == "learner"
    assert not access.is_member(cohort.id, made)


def test_a_platform_opens_no_account_above_its_owner(
    visit: Any, bound: Any, cohort: Any, make_user: Any, teacher: Any, another_visit: Any
) -> None:
    bound(f"cohort:{cohort.id}")
    for name, role in (("root", "admin"), ("alan", "instructor")):
        person = make_user(name, role=role)
        guest = another_visit()
        guest.launch(email=person.email, sub=f"sub-{name}")
        answer = guest.send("/lti/welcome/link", "/lti/welcome", username=name, password=PASSWORD)
        assert answer.status_code == 403
        assert guest.user_id is None
    # A learner who is made an admin later is not opened any more.
    assert visit.launch().status_code == 303
    ada = db.session.query(User).filter_by(email_key="ada@school.example").one()
    ada.role = "admin"
    db.session.commit()
    assert another_visit().launch().status_code == 403
    # And whoever teaches here no more has connected nothing.
    ada.role, teacher.role = "learner", "learner"
    db.session.commit()
    assert another_visit().begin().status_code == 403


def test_a_link_that_opens_nothing_yet(visit: Any) -> None:
    answer = visit.launch()
    assert answer.status_code == 404
    assert "has not chosen yet" in answer.text


def test_a_task_that_is_not_open(visit: Any, bound: Any, quiz: Any) -> None:
    bound(f"task:{quiz.id}")
    for status in ("draft", "archived", "gone"):
        if status == "gone":
            db.session.delete(quiz)
        else:
            quiz.status = status
        db.session.commit()
        answer = visit.launch()
        assert answer.status_code == 404, status
        assert "Ask your instructor" in answer.text
        assert visit.user_id is None


def test_a_cohort_that_was_put_away_takes_nobody(
    visit: Any, bound: Any, cohort: Any, teacher: Any
) -> None:
    from mlarena.cohorts import service as cohorts

    bound(f"cohort:{cohort.id}")
    cohorts.archive(teacher, cohort)
    assert visit.launch().status_code == 409


BAD = {
    "expired": ({"exp": 1_000_000_000}, 403, "has expired"),
    "of a time to come": ({"iat": 4_000_000_000, "exp": 4_000_000_300}, 403, "time to come"),
    "for another tool": ({"aud": "tool-2"}, 403, "another tool"),
    "for several, and not us": ({"aud": ["tool-1", "tool-2"]}, 403, "another tool"),
    "for another party": ({"azp": "tool-2"}, 403, "another tool"),
    "of another issuer": ({"iss": "https://other.example"}, 403, "another LMS"),
    "another nonce": ({"nonce": "made-up"}, 403, "another question"),
    "no nonce": ({"nonce": None}, 403, ""),
    "a nonce that is no text": ({"nonce": 7}, 403, "another question"),
    "unknown deployment": ({f"{LTI}deployment_id": "d2"}, 403, "“d2” is not entered"),
    "a deployment that is no text": ({f"{LTI}deployment_id": ["d1"]}, 403, "is not entered"),
    "another version": ({f"{LTI}version": "1.1"}, 400, "not of LTI 1.3"),
    "unknown type": ({f"{LTI}message_type": "LtiDance"}, 400, "LtiDance"),
    "no resource link": ({f"{LTI}resource_link": {}}, 400, "no resource link"),
    "a resource link of nothing": ({f"{LTI}resource_link": "x"}, 400, "cannot be read"),
    "a resource link that is too long": ({f"{LTI}resource_link": {"id": "x" * 256}}, 400, "no id"),
    "NUL in an id": ({f"{LTI}resource_link": {"id": "a\0"}}, 400, "no id"),
    "nobody": ({"sub": None}, 403, "not in order"),
    "an empty name": ({"sub": ""}, 400, "sub is missing"),
    "somebody too long": ({"sub": "x" * 256}, 400, "no id"),
}


def test_a_launch_that_is_not_in_order(visit: Any) -> None:
    for name, (claims, status, words) in BAD.items():
        answer = visit.launch(**claims)
        assert answer.status_code == status, name
        assert words in answer.text, name
        assert answer.mimetype == "text/html", name
        assert answer.text.count("<h1") == 1, name
    assert visit.user_id is None
    assert db.session.query(Link).count() == 0
    assert db.session.query(User).count() == 1


def by_hand(claims: dict[str, Any], secret: bytes, kid: str) -> str:
    """HS256 with any secret: the library makes none with a public key."""

    def part(told: Any) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=")

    body = part({"alg": "HS256", "kid": kid}) + b"." + part(claims)
    signed = base64.urlsafe_b64encode(hmac.digest(secret, body, "sha256")).rstrip(b"=")
    return (body + b"." + signed).decode()


def test_a_launch_that_the_lms_has_not_signed(visit: Any, lms: Any, other_key: Any) -> None:
    def refused(make: Any, words: str) -> None:
        visit.begin()
        answer = visit.come(make(visit.claims()))
        assert answer.status_code == 403, answer.text
        assert words in answer.text

    refused(lambda claims: lms.sign(claims, other_key), "not signed by your LMS")
    refused(lambda claims: lms.sign(claims, kid="two"), "by a key that your LMS does not show")
    refused(lambda claims: jwt.encode(claims, lms.key, "RS256"), "by which key")
    # By the text that everybody can read, as if it were a secret that we share.
    public = visit.browser.get("/lti/jwks.json").data
    refused(lambda claims: by_hand(claims, public, lms.kid), "has to be signed with RS256")
    unsigned = {"kid": lms.kid}
    refused(lambda claims: jwt.encode(claims, None, "none", headers=unsigned), "RS256")
    # Our own key signs for LMSs, and is no LMS.
    refused(lambda claims: jwt.encode(claims, keys._private(), "RS256", unsigned), "not signed by")


def test_what_is_no_token(visit: Any) -> None:
    for token in ("", "x", "a.b.c", "ä.b.c", "eyJhbGciOiJSUzI1NiJ9.e30.", "x" * 40_000):
        visit.begin()
        assert visit.come(token).status_code in (400, 403), token[:9]


def test_a_state_is_for_one_use_by_one_browser(visit: Any, lms: Any, another_visit: Any) -> None:
    visit.begin()
    token = lms.sign(visit.claims())
    thief = another_visit()
    thief.question = visit.question
    assert "another browser" in thief.come(token).text
    assert visit.come(token).status_code == 400  # and it is used by that
    visit.begin()
    token = lms.sign(visit.claims())
    assert visit.come(token).status_code == 404  # in order; the link opens nothing yet
    answer = visit.come(token)
    assert answer.status_code == 400
    assert "used already" in answer.text
    visit.begin()  # the nonce played again with a fresh state
    assert "another question" in visit.come(token).text
    for state in ("", "made-up", "\udcff", "x" * 5000):
        visit.question["state"] = state.encode("utf-8", "replace").decode()
        assert visit.come(token).status_code == 400
    visit.begin()
    assert "refuses: login_required" in visit.come("", error="login_required").text


def test_a_login_that_is_none(visit: Any, platform: Platform, teacher: Any, lms: Any) -> None:
    assert visit.browser.get("/lti/login").status_code == 400
    assert visit.begin(iss="https://unknown.example").status_code == 403
    assert visit.begin(client_id="unknown").status_code == 403
    assert visit.begin(login_hint="").status_code == 400
    assert visit.begin(client_id="").status_code == 302  # it is the only one of that issuer
    platforms.create(teacher, fields_of(lms, client_id="tool-2"))
    assert "more than once" in visit.begin(client_id="").text
    platforms.turn(teacher, platform, False)
    assert visit.begin().status_code == 403


def test_the_question_is_asked_as_openid_has_it(visit: Any, lms: Any) -> None:
    answer = visit.begin(lti_message_hint="42")
    assert answer.location.startswith(f"{lms.url}/auth?x=1&")
    told = visit.question
    assert told | {"state": "", "nonce": ""} == {
        "x": "1", "scope": "openid", "response_type": "id_token", "response_mode": "form_post",
        "prompt": "none", "client_id": "tool-1", "login_hint": "7", "lti_message_hint": "42",
        "redirect_uri": "http://localhost/lti/launch", "state": "", "nonce": "",
    }  # fmt: skip
    form = {"iss": "https://lms.example", "login_hint": "7"}
    assert visit.browser.post("/lti/login", data=form).status_code == 302
    safe = visit.browser.get("/lti/login", query_string=form, base_url="https://localhost")
    cookie = next(one for one in safe.headers.getlist("Set-Cookie") if one.startswith("lti-"))
    for part in ("HttpOnly", "Secure", "SameSite=None", "Partitioned", "Path=/lti"):
        assert part in cookie


def test_in_a_frame_it_offers_a_window_of_its_own(visit: Any) -> None:
    asked = {"iss": "https://lms.example", "login_hint": "7", "lti_message_hint": "a&b"}
    framed = {"Sec-Fetch-Dest": "iframe"}
    answer = visit.browser.get("/lti/login", query_string=asked, headers=framed)
    assert answer.status_code == 200
    assert 'target="_blank"' in answer.text
    assert "lti_message_hint=a%26b" in answer.text
    assert "frame-ancestors *" in answer.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in answer.headers
    assert (
        "frame-ancestors 'none'" in visit.browser.get("/login").headers["Content-Security-Policy"]
    )


def test_keys_that_cannot_be_had(visit: Any, lms: Any) -> None:
    for told, words in (
        ((200, b"<html>Welcome</html>"), "not a JSON key set"),
        ((200, b"[]"), "not a JSON key set"),
        ((200, b'{"keys": {}}'), "not a JSON key set"),
        ((500, b""), "answers 500"),
        ((302, b""), "answers 302"),
    ):
        lms.say = lambda path, told=told: told
        answer = visit.launch()
        assert answer.status_code == 503
        assert words in answer.text
    for row in ({}, {"kid": "one"}, {"kid": "one", "kty": "RSA", "n": "AQ", "e": "AQAB"}, 7):
        shown = json.dumps({"keys": [row, {"kid": "\0"}]}).encode()
        lms.say = lambda path, shown=shown: (200, shown)
        db.session.query(Platform).update({"keys_at": None})
        db.session.commit()
        assert visit.launch().status_code == 403


def test_keys_that_hang(visit: Any, lms: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlarena.lti import tokens

    monkeypatch.setattr(tokens, "SECONDS", 0.3)
    lms.hang.set()
    answer = visit.launch()
    assert answer.status_code == 503
    assert "did not answer" in answer.text


def test_keys_are_kept_and_read_again_when_they_change(
    visit: Any, lms: Any, other_key: Any
) -> None:
    assert visit.launch().status_code == 404
    assert visit.launch().status_code == 404
    assert lms.asked.count("/jwks") == 1
    lms.key, lms.kid = other_key, "two"
    assert visit.launch().status_code == 403  # read just now: not again for everybody who asks
    db.session.query(Platform).update(
        {"keys_at": db.session.query(Platform).one().keys_at.replace(year=2025)}
    )
    db.session.commit()
    assert visit.launch().status_code == 404


def test_a_guarded_address_is_not_asked(app: Any, make_user: Any, lms: Any) -> None:
    """Without OUTGOING_ALLOW this machine is nobody's LMS."""
    from tests.lti.conftest import Visit

    platforms.create(make_user("grace", role="instructor"), fields_of(lms))
    answer = Visit(app, lms).launch()
    assert answer.status_code == 503
    assert lms.asked == []


def test_our_key_is_shown_and_kept(app: Any, client: Any, another_app: Any) -> None:
    shown = client.get("/lti/jwks.json")
    (row,) = shown.json["keys"]
    assert set(row) == {"kty", "n", "e", "alg", "use", "kid"}
    assert client.get("/lti/jwks.json").json == shown.json
    signed = keys.sign({"a": 1})
    assert jwt.get_unverified_header(signed)["kid"] == row["kid"]
    assert jwt.decode(signed, jwt.PyJWK(row).key, algorithms=["RS256"]) == {"a": 1}
    stored = db.session.query(InstallationSecret).filter_by(name=keys.NAME).one().value
    assert stored.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY")
    keys._read.clear()
    assert client.get("/lti/jwks.json").json == shown.json  # from the database
    with another_app(secret_key="f" * 64).app_context():
        assert keys.jwks()["keys"][0]["kid"] != row["kid"]


def test_the_key_is_changed_and_the_one_before_stays_for_a_day(
    visit: Any, client: Any, make_user: Any, signed_in: Any, send_form: Any, teacher: Any
) -> None:
    def shown() -> list[dict[str, str]]:
        rows: list[dict[str, str]] = client.get("/lti/jwks.json").json["keys"]
        return rows

    def believed(word: str) -> bool:
        kid = jwt.get_unverified_header(word)["kid"]
        keys_of = [jwt.PyJWK(row).key for row in shown() if row["kid"] == kid]
        return [jwt.decode(word, key, algorithms=["RS256"]) for key in keys_of] == [{"a": 1}]

    page, root = "/teach/lti", signed_in(make_user("root", role="admin"))
    [first] = shown()
    before = keys.sign({"a": 1})
    private = db.session.query(InstallationSecret).filter_by(name=keys.NAME).one().value
    assert "Change the key" not in signed_in(teacher).get(page).text
    assert send_form(root, f"{page}/key", page).status_code == 303
    second, *others = shown()
    assert (second["kid"] != first["kid"], others) == (True, [first])
    after = keys.sign({"a": 1})
    assert jwt.get_unverified_header(after)["kid"] == second["kid"]
    assert believed(before)
    assert believed(after)
    text = root.get(page).text
    assert f"{second['kid'][:8]}…" in text
    assert f"{first['kid'][:8]}…</code> is still shown until" in text
    db.session.expire_all()
    assert private not in [row.value for row in db.session.query(InstallationSecret)]
    assert visit.launch().status_code == 404  # launches go on: the link opens nothing yet
    assert send_form(root, f"{page}/key", page).status_code == 303
    assert [row["kid"] for row in shown()][1:] == [second["kid"], first["kid"]]
    with clock.freeze(clock.utcnow() + timedelta(days=1, minutes=1)):
        [third] = shown()
        assert third["kid"] not in (first["kid"], second["kid"])
        assert not believed(before)
    noted = db.session.query(AuditEntry).filter_by(action="lms.rotate_key").all()
    assert [row.details["before"] for row in noted] == [first["kid"], second["kid"]]


def test_of_two_who_change_the_key_one_is_told(app: Any, make_user: Any, monkeypatch: Any) -> None:
    root = make_user("root", role="admin")
    made = keys._new_pem

    def meanwhile() -> bytes:
        monkeypatch.setattr(keys, "_new_pem", made)
        keys.rotate(root)
        return made()

    first = keys.signing()
    monkeypatch.setattr(keys, "_new_pem", meanwhile)
    with pytest.raises(Conflict):
        keys.rotate(root)
    assert [row["key"]["kid"] for row in keys.before()] == [first]
    assert db.session.query(AuditEntry).filter_by(action="lms.rotate_key").count() == 1


def test_a_word_of_another_course_or_hand_chooses_nothing(
    visit: Any, teacher: Any, cohort: Any, platform: Platform, make_user: Any
) -> None:
    choice = linking.choose(teacher, f"cohort:{cohort.id}")
    mine = linking.seal(platform, "course-7", teacher, choice)
    others = linking.seal(platform, "course-8", teacher, choice)
    stranger = linking.seal(platform, "course-7", make_user("alan", role="instructor"), choice)
    for word in (others, stranger, mine + "x", "cohort:1", "x" * 3000):
        assert visit.launch(**{f"{LTI}custom": {"mlarena": word}}).status_code == 404
    answer = visit.launch(**{f"{LTI}custom": {"mlarena": mine}})
    assert answer.location == f"/cohorts/{cohort.id}"


def test_time_is_ours_to_the_minute(visit: Any) -> None:
    now = int(time.time())
    assert visit.launch(iat=now + 30, exp=now + 90).status_code == 404
    assert visit.launch(iat=now - 90, exp=now - 30).status_code == 404


def test_the_log_and_the_database_hold_no_word_that_opens_anything(
    visit: Any, lms: Any, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    import logging

    import sqlalchemy as sa

    caplog.set_level(logging.DEBUG)
    visit.begin()
    token = lms.sign(visit.claims(email=None))
    secrets = [token, visit.question["state"], visit.question["nonce"]]
    assert visit.come(token).location == "/lti/welcome"
    cookie = visit.browser.get_cookie("lti-welcome", path="/lti")
    assert cookie is not None
    secrets.append(cookie.value)
    written = caplog.text + "".join(capfd.readouterr())
    for table in db.metadata.sorted_tables:
        written += repr(db.session.execute(sa.select(table)).all())
    assert not any(secret in written for secret in secrets)
