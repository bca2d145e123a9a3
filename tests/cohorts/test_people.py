"""Joining by code and by class list, leading together, leaving; the cohort's board."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from sqlalchemy import func, select

from mlarena.accounts import service as accounts
from mlarena.accounts.audit import AuditEntry
from mlarena.accounts.models import User
from mlarena.boards import service as boards
from mlarena.cohorts import access, roster, service
from mlarena.cohorts.models import CohortMember
from mlarena.core.db import db
from mlarena.core.errors import Invalid
from tests.cohorts.conftest import NOW


def count(model: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_a_cohort_is_made_and_joined_by_code(
    make_user: Any, signed_in: Any, send_form: Any, teacher: Any
) -> None:
    desk = signed_in(teacher)
    made = send_form(
        desk, "/teach/cohorts/new", title="Night class", timezone="Asia/Tokyo", names="nicknames"
    )
    people = desk.get(made.location)
    code = re.search(r'class="join-code">(\w+)<', people.text)[1]
    ada = signed_in(make_user("ada"))
    wrong = send_form(ada, "/cohorts/join", page="/cohorts", code="nosuchcd")
    assert wrong.status_code == 422
    assert "No cohort has this code" in wrong.text
    assert "Night class" in ada.get(f"/cohorts/join/{code}").text
    assert count(CohortMember) == 0  # looking at a link joins nobody
    joined = send_form(
        ada, "/cohorts/join", page="/cohorts", code=f" {code.upper()} ", nickname="The Mean"
    )
    assert joined.status_code == 303
    assert "Night class" in ada.get(joined.location).text
    assert "The Mean" in desk.get(made.location).text
    send_form(desk, f"{made.location.removesuffix('/people')}/close_code", page=made.location)
    assert signed_in(make_user("bob")).get(f"/cohorts/join/{code}").status_code == 404


def test_another_code_ends_the_one_before_and_its_link(
    cohort: Any, make_user: Any, signed_in: Any, send_form: Any, teacher: Any
) -> None:
    desk, page = signed_in(teacher), f"/teach/cohorts/{cohort.id}/people"
    ada, old = signed_in(make_user("ada")), cohort.join_code
    assert ada.get(f"/cohorts/join/{old}").status_code == 200
    send_form(desk, f"/teach/cohorts/{cohort.id}/open_code", page=page)
    db.session.expire_all()
    assert cohort.join_code not in (None, old)
    assert ada.get(f"/cohorts/join/{old}").status_code == 404
    assert send_form(ada, "/cohorts/join", page="/cohorts", code=old).status_code == 422
    shown = desk.get(page).text
    assert f"/cohorts/join/{cohort.join_code}" in shown
    assert old not in shown
    assert (
        send_form(ada, "/cohorts/join", page="/cohorts", code=cohort.join_code).status_code == 303
    )


def test_leaving_and_coming_back(cohort: Any, learner: Any, signed_in: Any, send_form: Any) -> None:
    ada = learner("ada")
    page = f"/cohorts/{cohort.id}"
    browser = signed_in(ada)
    send_form(browser, f"{page}/leave", page=page)
    assert browser.get(page).status_code == 404
    service.join(ada, cohort.join_code)
    assert browser.get(page).status_code == 200
    assert count(CohortMember) == 1


def test_a_co_instructor_leads_it_and_the_last_one_stays(
    cohort: Any, make_user: Any, signed_in: Any, send_form: Any, teacher: Any
) -> None:
    second = make_user("mary", role="instructor")
    make_user("eve")
    desk, page = signed_in(teacher), f"/teach/cohorts/{cohort.id}/settings"
    staff = f"/teach/cohorts/{cohort.id}/staff"
    assert signed_in(second).get(page).status_code == 404
    assert send_form(desk, staff, page=page, instructor="eve").status_code == 422  # a learner
    assert send_form(desk, staff, page=page, instructor="mary@example.org").status_code == 303
    assert signed_in(second).get(page).status_code == 200
    send_form(signed_in(second), f"{staff}/{teacher.id}/remove", page=page)
    assert desk.get(page).status_code == 404
    last = send_form(signed_in(second), f"{staff}/{second.id}/remove", page=page)
    assert last.status_code == 409
    second.role = "learner"
    db.session.commit()
    assert not access.leads(cohort.id, second)
    actions = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["cohort.create", "cohort.add_instructor", "cohort.remove_instructor"]


LIST = (
    "E-Mail;Nachname;Vorname\n"
    "ada@example.org;Lovelace;Ada\n"
    "josé@example.org;x;y\n"
    "zoe@example.org;Müller;Zoë\n"
    "\n"
    "ZOE@example.org;Twice;Zoë\n"
    ";Nobody;\n"
)


def test_a_class_list_is_looked_at_then_imported(
    cohort: Any, learner: Any, signed_in: Any, teacher: Any, app: Any
) -> None:
    learner("ada")
    accounts.create_user("zoe", "other@example.org", "correct horse battery")
    before = count(User)
    desk, page = signed_in(teacher), f"/teach/cohorts/{cohort.id}/people"
    token = re.search(r'name="csrf_token" value="([^"]+)"', desk.get(page).text)[1]
    report = desk.post(
        f"/teach/cohorts/{cohort.id}/roster",
        data={
            "csrf_token": token,
            "roster_file": (io.BytesIO(LIST.encode("cp1252")), "class.csv"),
        },
    )
    assert "Windows-1252" in report.text
    assert "row 4 already" in report.text  # the duplicate names the row that counts
    assert (count(User), count(CohortMember)) == (before, 1)  # nothing is written by looking
    kept = re.search(r'name="token" value="([^"]+)"', report.text)[1]
    done = desk.post(
        f"/teach/cohorts/{cohort.id}/roster/import", data={"csrf_token": token, "token": kept}
    )
    assert done.status_code == 303, done.text
    zoe = accounts.find("zoe@example.org")
    assert zoe is not None
    assert zoe.full_name == "Zoë Müller"
    assert zoe.username.startswith("zoe-")  # “zoe” is somebody else
    assert access.is_member(cohort.id, zoe)
    login = {"username": "zoe@example.org", "password": "!"}
    assert app.test_client().post("/api/v1/auth/login", json=login).status_code == 401
    again = desk.post(
        f"/teach/cohorts/{cohort.id}/roster/import", data={"csrf_token": token, "token": kept}
    )
    assert again.status_code == 409


def test_what_is_no_class_list_says_so(bearer: Any, client: Any, cohort: Any, teacher: Any) -> None:
    address, headers = f"/api/v1/cohorts/{cohort.id}/roster", bearer(teacher)
    for text, words in (
        ("name,age\nada,3\n", "one of them has to be"),
        ("email\n", "nobody in this list"),
        ("email\n" + "a@example.org\n" * 20_001, "at most 20,000 rows"),
    ):
        answer = client.post(address, json={"csv": text, "apply": True}, headers=headers)
        assert answer.status_code == 422
        assert words in answer.text
    assert count(CohortMember) == 0
    for content in (b"PK\x03\x04 a workbook", b"email\x00", b"\xff\xfea"):
        with pytest.raises(Invalid, match="no CSV file"):
            roster.decoded(content)


@pytest.mark.parametrize(
    ("encoding", "told", "between"),
    [
        ("utf-8", "UTF-8", ","),
        ("utf-8-sig", "UTF-8", "\t"),
        ("utf-16", "UTF-16", "\t"),
        ("cp1252", "Windows-1252", ";"),
    ],
)
def test_a_list_in_any_usual_encoding(cohort: Any, encoding: str, told: str, between: str) -> None:
    rows = [("E-mail", "Name"), ("zoe@example.org", "Zoë Müller"), ("ZOE@example.org", "Twice")]
    content = "\r\n".join(between.join(row) for row in rows).encode(encoding)
    text, found = roster.decoded(content)
    report = roster.read(cohort, text, found)
    assert report.encoding == told
    assert [(one.email, one.full_name) for one in report.people] == [
        ("zoe@example.org", "Zoë Müller")
    ]
    assert [row for row, _ in report.problems] == [3]


def test_ten_thousand_rows_are_one_transaction(cohort: Any, teacher: Any, queries: Any) -> None:
    text = "email,name\n" + "".join(f"s{n}@example.org,Student {n}\n" for n in range(10_000))
    queries.clear()
    report = roster.import_(teacher, cohort, text)
    assert (report.count("new"), report.problems) == (10_000, [])
    assert count(CohortMember) == 10_000
    assert len(queries) < 120
    assert roster.read(cohort, text).count("is in already") == 10_000


def test_the_board_has_members_only_and_under_their_nicknames(
    cohort: Any,
    learner: Any,
    make_user: Any,
    teacher: Any,
    signed_in: Any,
    bearer: Any,
    client: Any,
) -> None:
    ada, bob, eve = learner("ada", nickname="The Mean"), learner("bob"), make_user("eve")
    for user, xp in ((ada, 50), (bob, 70), (eve, 90)):
        boards.add("global", user.id, xp, NOW)
    db.session.commit()
    name = f"cohort:{cohort.id}"
    rows = boards.page(name, 1, 10, ada)
    assert [(row.rank, row.username, row.score) for row in rows.rows] == [
        (1, "bob", 70.0),
        (2, "ada", 50.0),
    ]
    assert rows.me == rows.rows[1]
    service.update(teacher, cohort, {"names": "nicknames"})
    shown = client.get(f"/api/v1/leaderboard?cohort={cohort.id}", headers=bearer(ada)).json["data"]
    assert [(row["username"], row["user_id"]) for row in shown[1:]] == [("The Mean", ada.id)]
    assert re.fullmatch("Member [0-9a-f]{4}", shown[0]["username"])
    assert shown[0]["user_id"] is None
    assert (
        client.get(f"/api/v1/leaderboard?cohort={cohort.id}", headers=bearer(eve)).status_code
        == 404
    )
    page = signed_in(bob).get(f"/boards/cohort/{cohort.id}").text
    assert "The Mean" in page
    assert f"/users/{ada.id}" not in page
    service.remove(teacher, cohort, bob.id)
    assert [row.username for row in boards.page(name, 1, 10).rows] == ["The Mean"]
