"""Assignments, deadlines, extensions, overrides; the gradebook's numbers checked by hand."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from mlarena.accounts.audit import AuditEntry
from mlarena.challenges import authoring
from mlarena.cohorts import announcements, assignments, gradebook, people, service
from mlarena.cohorts.models import Assignment, GradeOverride
from mlarena.core.db import db
from tests.cohorts.conftest import DUE, NOW

DAY = timedelta(days=1)


def grades_of(cohort: Any, user: Any) -> Any:
    db.session.expire_all()
    return gradebook.book(cohort, [people.one(cohort.id, user.id)]).rows[0]


@pytest.fixture
def term(
    cohort: Any, learner: Any, assign: Any, quiz: Any, quest: Any, handed_in: Any, teacher: Any
) -> Any:
    """Two assignments; ada in time, bob two days late, cyd late with an extension."""
    first = assign([quiz], title="Quiz", late_percent=10, late_days=3, weight=1)
    second = assign([quest, quiz], title="Both", late_days=0, weight=3)
    ada, bob, cyd = (learner(name) for name in ("ada", "bob", "cyd"))
    assignments.extend(teacher, cohort, first, cyd.id, DUE + 5 * DAY, "ill")
    handed_in(ada, quiz, 80.0, DUE - DAY)
    handed_in(ada, quest, 0.95, DUE - DAY, passed=True)
    handed_in(bob, quiz, 100.0, DUE + 1.5 * DAY)
    handed_in(cyd, quiz, 100.0, DUE + 1.5 * DAY)
    return first, second, ada, bob, cyd


def test_the_numbers_by_hand(cohort: Any, term: Any) -> None:
    _, second, ada, bob, cyd = term
    # ada: 80 % in time; both: (100 + 80) / 2 = 90. Total (1·80 + 3·90) / 4 = 87.5
    row = grades_of(cohort, ada)
    assert [cell.percent for cell in row.cells] == pytest.approx([80, 90])
    assert row.total.percent == pytest.approx(87.5)
    # bob: 100 % on the second late day, 20 % off; the other one takes nothing late.
    row = grades_of(cohort, bob)
    assert [cell.percent for cell in row.cells] == pytest.approx([80, 0])
    assert (row.cells[0].late, row.cells[1].state) == (2, "graded")
    assert row.total.percent == pytest.approx(20)
    # cyd: the same moment, but not late.
    row = grades_of(cohort, cyd)
    assert (row.cells[0].percent, row.cells[0].late, row.cells[0].extended) == (100, 0, True)
    service.update(db.session.get(type(term[2]), cohort.created_by), cohort, {"drop_lowest": 1})
    assert grades_of(cohort, bob).total == gradebook.grades.Total(80.0, frozenset({second.id}), 1.0)


def test_what_is_not_due_does_not_count_and_what_is_missing_does(
    cohort: Any, learner: Any, assign: Any, quiz: Any, quest: Any, handed_in: Any
) -> None:
    ada = learner("ada")
    assign([quiz], title="Ahead", due_at=NOW + DAY)
    assign([quest], title="Later", opens_at=NOW + DAY, due_at=NOW + 2 * DAY)
    row = grades_of(cohort, ada)
    assert [cell.state for cell in row.cells] == ["not due", "not open"]
    assert row.total.percent is None
    handed_in(ada, quiz, 50.0, NOW)
    assert grades_of(cohort, ada).total.percent == 50
    assign([quest], title="Missed", due_at=NOW - DAY)
    row = grades_of(cohort, ada)
    assert (row.cells[2].state, row.cells[2].percent) == ("missing", 0)
    assert row.total.percent == 25


def test_last_attempts_and_all_or_nothing(
    cohort: Any, learner: Any, assign: Any, quiz: Any, handed_in: Any
) -> None:
    ada = learner("ada")
    assign([quiz], title="Last", counts="last")
    assign([quiz], title="Pass", partial=False)
    handed_in(ada, quiz, 90.0, DUE - 2 * DAY)
    handed_in(ada, quiz, 40.0, DUE - DAY)
    handed_in(ada, quiz, None, DUE - DAY, status="error")  # the platform's fault is no attempt
    assert [cell.percent for cell in grades_of(cohort, ada).cells] == [40, 0]


def test_an_override_has_a_reason_and_leaves_a_trace(
    cohort: Any, term: Any, teacher: Any, signed_in: Any, send_form: Any
) -> None:
    first, _, ada, *_ = term
    desk = signed_in(teacher)
    page = f"/teach/cohorts/{cohort.id}/assignments/{first.id}/learners/{ada.id}"
    assert send_form(desk, f"{page}/override", page=page, percent="95").status_code == 422
    assert (
        send_form(desk, f"{page}/override", page=page, percent="195", reason="typo").status_code
        == 422
    )
    said = send_form(desk, f"{page}/override", page=page, percent="95", reason="a wrong key")
    assert said.status_code == 303
    cell = grades_of(cohort, ada).cells[0]
    assert (cell.percent, cell.computed, cell.state) == (95, pytest.approx(80), "overridden")
    own = signed_in(ada).get(f"/cohorts/{cohort.id}/grades").text
    assert "a wrong key" in own
    assert "grace" in own
    send_form(desk, f"{page}/override", page=page, lift="1", reason="the key was right")
    assert grades_of(cohort, ada).cells[0].percent == pytest.approx(80)
    assert db.session.scalar(select(func.count()).select_from(GradeOverride)) == 2
    assert "the key was right" in desk.get(page).text
    service.leave(ada, cohort.id)
    gone = send_form(desk, f"{page}/override", page="/teach/cohorts", percent="9", reason="late")
    assert (gone.status_code, "has left the cohort" in gone.text) == (404, True)
    longer = send_form(
        desk, f"{page}/extension", page="/teach/cohorts", due_at="2026-12-01T12:00", why="late"
    )
    assert longer.status_code == 404
    assert "Bring them back to change their grades" in desk.get(page).text
    assert db.session.scalar(select(func.count()).select_from(GradeOverride)) == 2
    actions = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions[-2:] == ["grade.override", "grade.lift"]


def test_a_learner_reads_how_their_own_was_computed(cohort: Any, term: Any, signed_in: Any) -> None:
    *_, bob, cyd = term
    page = re.sub(r"\s+", " ", signed_in(bob).get(f"/cohorts/{cohort.id}/grades").text)
    # The mean of 80 by weight 1 and 0 by weight 3.
    assert re.search(r"20\.0(<[^>]+>|\s)*%", page)
    told = re.sub("<[^>]+>", "", page)
    for words in (
        "Late is accepted for 3 days, 10 % off for each begun.",
        "Of several attempts the best counts.",
        "By points that is 80.0 %.",
    ):
        assert words in told, words
    rows = [
        [re.sub("<[^>]+>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", row)]
        for row in re.findall(r"<tr> <th scope=\"row\">One question</th>.*?</tr>", page)
    ]
    # Score, days late, after that, points: of the quiz by itself, and within the other assignment.
    assert rows[0][1:] == ["100.0 %", "2", "80.0 %", "1"]
    assert rows[1] == ["1, all too late", "–", "–", "0.0 %", "1"]
    assert "(extended)" in signed_in(cyd).get(f"/cohorts/{cohort.id}/grades").text


def test_what_if_shows_and_changes_nothing_until_it_is_kept(
    cohort: Any, term: Any, teacher: Any, signed_in: Any, send_form: Any
) -> None:
    first, second, *_ = term
    desk, page = signed_in(teacher), f"/teach/cohorts/{cohort.id}/grades"
    tried = desk.get(f"{page}?w{first.id}=1&w{second.id}=1&drop=0").text
    assert "85.0" in tried  # ada's (80 + 90) / 2
    assert "What if</th>" in tried
    assert db.session.get(Assignment, second.id).weight == 3
    assert "from 0 to" in desk.get(f"{page}?w{first.id}=nan&drop=0").text
    send_form(
        desk, f"{page}/plan", page=page, **{f"w{first.id}": "1", f"w{second.id}": "1", "drop": "1"}
    )
    db.session.expire_all()
    assert db.session.get(Assignment, second.id).weight == 1
    assert db.session.get(type(cohort), cohort.id).drop_lowest == 1


def test_the_export_is_complete_and_safe(
    cohort: Any, term: Any, teacher: Any, signed_in: Any, make_user: Any
) -> None:
    first, _, ada, *_ = term
    ada.full_name = "=HYPERLINK(0)"
    first.title = "+1"
    db.session.commit()
    desk = signed_in(teacher)
    text = desk.get(f"/teach/cohorts/{cohort.id}/grades/export.csv").text
    rows = {row["username"]: row for row in csv.DictReader(io.StringIO(text))}
    assert rows["ada"]["full_name"] == "'=HYPERLINK(0)"
    assert (rows["ada"]["'+1"], rows["ada"]["Both"], rows["ada"]["total"]) == (
        "80.0",
        "90.0",
        "87.5",
    )
    assert (rows["bob"]["total"], rows["cyd"]["'+1"]) == ("20.0", "100.0")
    whole = json.loads(desk.get(f"/teach/cohorts/{cohort.id}/grades/export.json").text)
    found = {row["username"]: row for row in whole["data"]}
    assert found["bob"]["assignments"][0]["tasks"][0]["days_late"] == 2


def test_assigning_by_form_with_a_deadline_across_the_change_of_clocks(
    cohort: Any, teacher: Any, quiz: Any, signed_in: Any, send_form: Any
) -> None:
    desk, new = signed_in(teacher), f"/teach/cohorts/{cohort.id}/assignments/new"
    fields = {
        "title": "Spring",
        "counts": "best",
        "tasks": str(quiz.id),
        f"points-{quiz.id}": "2,5",
    }
    jumped = send_form(desk, new, due_at="2026-03-29T02:30", **fields)
    assert jumped.status_code == 422
    assert "clocks jump over it" in jumped.text
    assert 'value="2.5"' in jumped.text  # nothing that was typed is lost
    assert send_form(desk, new, title="No tasks", counts="best").status_code == 422
    assert send_form(desk, new, due_at="2026-03-29T23:59", **fields).status_code == 303
    made = db.session.scalar(select(Assignment))
    assert made.due_at.isoformat() == "2026-03-29T21:59:00+00:00"
    assert made.parts[0].points == 2.5
    again = f"/teach/cohorts/{cohort.id}/assignments/{made.id}"
    assert send_form(desk, again, due_at="2026-03-28T23:59", **fields).status_code == 303
    db.session.expire_all()
    assert db.session.scalar(select(Assignment.due_at)).isoformat() == "2026-03-28T22:59:00+00:00"


def test_what_cannot_be_kept_or_counted_is_refused_in_words(
    cohort: Any, teacher: Any, quiz: Any, signed_in: Any, send_form: Any, bearer: Any, client: Any
) -> None:
    desk, new = signed_in(teacher), f"/teach/cohorts/{cohort.id}/assignments/new"
    fields = {"counts": "best", "tasks": str(quiz.id)}
    assert send_form(desk, new, title="a\0b", **fields).status_code == 422
    assert send_form(desk, "/cohorts/join", page="/cohorts", code="a\0b").status_code == 422
    far = send_form(desk, new, title="Far", due_at="9999-12-31T23:59", **fields)
    assert (far.status_code, "between the years" in far.text) == (422, True)
    body = {"title": "Far", "tasks": [{"task_id": quiz.id}]}
    for due in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"):
        answer = client.post(
            f"/api/v1/cohorts/{cohort.id}/assignments",
            json=body | {"due_at": due},
            headers=bearer(teacher),
        )
        assert answer.status_code == 422, answer.text


def test_a_learner_sees_what_is_to_do_in_their_own_time(
    cohort: Any, learner: Any, assign: Any, quiz: Any, quest: Any, signed_in: Any, teacher: Any
) -> None:
    ada = learner("ada")
    ada.timezone = "Asia/Tokyo"
    one = assign([quiz], title="Now", due_at=NOW + DAY)
    assign([quest], title="Soon", opens_at=NOW + DAY, due_at=NOW + 2 * DAY)
    assignments.extend(teacher, cohort, one, ada.id, NOW + 3 * DAY, "")
    announcements.announce(teacher, cohort, "Read *this*", "It is **Markdown**.")
    page = signed_in(ada).get(f"/cohorts/{cohort.id}").text
    assert "21 Nov 2026, 21:00" in page  # 12:00 UTC, three days on, in Tokyo
    assert "extended for you" in page
    assert quiz.title in page
    assert quest.title not in page  # what has not opened is not shown
    assert "<strong>Markdown</strong>" in page
    listed = signed_in(ada).get("/cohorts").text
    assert "21 Nov 2026, 21:00" in listed


def test_matrix_and_gradebook_cost_the_same_for_many(
    cohort: Any, learner: Any, assign: Any, quiz: Any, quest: Any, handed_in: Any, teacher: Any,
    signed_in: Any, queries: Any,
) -> None:  # fmt: skip
    assign([quiz, quest])
    desk, counted = signed_in(teacher), []
    for names in (("ada",), ("bob", "cyd", "dee", "eli")):
        for name in names:
            handed_in(learner(name), quiz, 100.0, DUE - DAY)
        for page in ("progress", "grades", "people"):
            queries.clear()
            assert desk.get(f"/teach/cohorts/{cohort.id}/{page}").status_code == 200
            counted.append(len(queries))
    assert counted[:3] == counted[3:]
    assert max(counted) <= 16
    text = desk.get(f"/teach/cohorts/{cohort.id}/progress").text
    assert text.count('class="passed"') == 5
    # And for many tasks.
    question = {"kind": "number", "prompt": "1 + 1?", "answer": 2}
    fields = {"name": "One more", "questions": [question]}
    more = [authoring.create(teacher, "knowledge", fields, publish=True) for _ in range(12)]
    for some in (more[:6], more[6:]):
        assign(some, title="More")
    for number, page in enumerate(("progress", "grades", "people")):
        queries.clear()
        assert desk.get(f"/teach/cohorts/{cohort.id}/{page}").status_code == 200
        assert len(queries) == counted[number], page
