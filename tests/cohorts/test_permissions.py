"""Every address of a desk, as a co-instructor of the cohort and as an instructor of another one."""

from __future__ import annotations

import re
from typing import Any

from mlarena.accounts.audit import AuditEntry
from mlarena.cohorts import service
from mlarena.core.db import db


def test_a_co_instructor_may_and_another_instructor_may_not(
    app: Any, cohort: Any, learner: Any, assign: Any, quiz: Any, teacher: Any, make_user: Any,
    signed_in: Any,
) -> None:  # fmt: skip
    ada, assignment = learner("ada"), assign([quiz])
    second, stranger = (make_user(name, role="instructor") for name in ("mary", "eve"))
    service.add_staff(teacher, cohort, "mary")
    ids = {
        "cohort_id": cohort.id,
        "assignment_id": assignment.id,
        "user_id": ada.id,
        "ending": "csv",
    }
    walked = 0
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith(("/teach/cohorts/<", "/api/v1/cohorts/<")):
            continue
        if "GET" not in rule.methods:
            continue
        path = re.sub(r"<(?:[^:<>]+:)?(\w+)>", lambda found: str(ids[found[1]]), rule.rule)
        if path in (f"/api/v1/cohorts/{cohort.id}/grades",):
            continue  # a learner's own: no instructor has any
        assert signed_in(second).get(path).status_code == 200, path
        assert signed_in(stranger).get(path).status_code == 404, path
        walked += 1
    assert walked >= 13


def test_a_learner_reads_nobody_elses_grades(
    cohort: Any, learner: Any, assign: Any, quiz: Any, bearer: Any, client: Any
) -> None:
    ada = learner("ada")
    learner("bob")
    assign([quiz])
    own = client.get(f"/api/v1/cohorts/{cohort.id}/grades", headers=bearer(ada)).json["data"]
    assert own["username"] == "ada"
    for path in ("members", "progress", "gradebook", "gradebook.csv"):
        answer = client.get(f"/api/v1/cohorts/{cohort.id}/{path}", headers=bearer(ada))
        assert answer.status_code == 403, path


def test_the_audit_log_is_read_by_whom_it_concerns(
    cohort: Any, teacher: Any, make_user: Any, signed_in: Any, send_form: Any
) -> None:
    second, stranger = (make_user(name, role="instructor") for name in ("mary", "eve"))
    admin = make_user("root", role="admin")
    service.add_staff(teacher, cohort, "mary")
    # A door that notes nothing by itself is noted as it was passed.
    send_form(
        signed_in(stranger), "/competitions/organise/new",
        title="=1+1", starts_at="2027-01-01T00:00", ends_at="2027-02-01T00:00", metric="rmse",
    )  # fmt: skip
    actions = {
        user.username: set(
            re.findall(r"<code>([\w.]+)</code>", signed_in(user).get("/teach/audit").text)
        )
        for user in (second, stranger, admin)
    }
    assert actions["mary"] == {"cohort.create", "cohort.add_instructor"}
    assert actions["eve"] == {"organise.create"}
    assert actions["root"] == actions["mary"] | actions["eve"]
    text = signed_in(admin).get("/teach/audit.csv?action=cohort").text
    assert text.count("\n") == 3
    assert "grace" in text
    assert db.session.get(AuditEntry, 1).actor_name == "grace"


def test_the_console_says_what_needs_attention_in_few_queries(
    cohort: Any, learner: Any, assign: Any, quiz: Any, quest: Any, handed_in: Any, teacher: Any,
    signed_in: Any, queries: Any,
) -> None:  # fmt: skip
    from tests.cohorts.conftest import NOW

    desk = signed_in(teacher)
    queries.clear()
    assert "Nothing, just now" in desk.get("/teach").text
    before = len(queries)
    assign([quiz, quest], due_at=NOW.replace(day=20))
    for n in range(6):
        user = learner(f"learner{n}")
        for _ in range(6 if n == 0 else 1):
            handed_in(user, quiz, 10.0, NOW)
    handed_in(user, quest, None, NOW, status="error")
    queries.clear()
    page = desk.get("/teach").text
    assert len(queries) == before
    assert "One submission was not evaluated" in page
    assert "0 of 6 who tried" in page
    assert "learner0 has tried" in page
    assert "20 Nov 2026" in page
    log = desk.get(f"/teach/submissions?state=error&cohort={cohort.id}").text
    assert log.count("Our fault") == 2  # the choice, and the line
    assert "Nothing fits" in desk.get("/teach/submissions?until=2020-01-01").text
    assert desk.get("/teach/submissions?person=learner0").text.count('<th scope="row"') == 6
    queries.clear()
    desk.get("/teach/submissions")
    assert len(queries) <= 8


def test_assignments_are_put_in_order_all_of_them_at_once(
    cohort: Any, assign: Any, quiz: Any, teacher: Any, signed_in: Any, send_form: Any
) -> None:
    from mlarena.cohorts import assignments

    ids = [assign([quiz], title=f"Week {n}").id for n in (1, 2, 3)]
    page = f"/teach/cohorts/{cohort.id}"
    desk = signed_in(teacher)
    wanted = [ids[2], ids[0], ids[1]]
    moved = send_form(desk, f"{page}/assignments/order", page=page, ids=wanted)
    assert moved.status_code == 303
    db.session.expire_all()
    assert [one.id for one in assignments.of(cohort.id)] == wanted
    for wrong in (ids[:2], [*ids, ids[0]], [*ids[:2], 9999]):
        refused = send_form(desk, f"{page}/assignments/order", page=page, ids=wrong)
        assert refused.status_code == 409
    db.session.expire_all()
    assert [one.id for one in assignments.of(cohort.id)] == wanted
