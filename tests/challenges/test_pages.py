"""The wing's pages, as a browser without scripts meets them."""

from __future__ import annotations

from typing import Any

import pytest

from mlarena.challenges.models import Category
from mlarena.core.db import db
from tests.challenges.conftest import ADD, QUIZ, RIGHT
from tests.challenges.test_sql import GOALS, REWRITTEN, WITHOUT_GREENS

CODE = "def add(a, b):\n    return a + b\n"


@pytest.fixture
def kinds(make_challenge: Any) -> dict[str, Any]:
    db.session.add(Category(slug="basics", name="Basics"))
    db.session.commit()
    hints = [{"text": "Use **plus**.", "cost": 0}, {"text": "a + b", "cost": 10}]
    return {
        "coding": make_challenge(ADD, category="basics", hints=hints, editorial="Just add."),
        "knowledge": make_challenge(QUIZ, difficulty="advanced"),
        "sql": make_challenge(GOALS),
    }


def test_the_list_shows_filters_counts_and_what_is_next(
    user: Any, kinds: Any, signed_in: Any, judged: Any
) -> None:
    judged(user, kinds["coding"], code=CODE)
    page = signed_in(user).get("/challenges").text
    assert "Add two numbers" in page
    assert 'of <span class="figure">3</span> solved' in page
    assert "Next: Goals by team" in page
    assert "Solved (1)" in page
    narrowed = signed_in(user).get("/challenges?kind=sql&q=goals&status=").text
    assert "Goals by team" in narrowed
    assert "Measuring classifiers" not in narrowed
    assert "Nothing fits" in signed_in(user).get("/challenges?q=nowhere").text
    assert signed_in(user).get("/challenges?kind=nothing&page=banana&category=x").status_code == 200


def test_an_empty_arena_says_what_to_do(client: Any) -> None:
    assert "flask packs import" in client.get("/challenges").text


@pytest.mark.parametrize("kind", ["coding", "knowledge", "sql"])
def test_everybody_can_read_what_is_asked(client: Any, kinds: Any, kind: str) -> None:
    page = client.get(f"/challenges/{kinds[kind].id}")
    assert page.status_code == 200
    assert page.text.count("<h1") == 1
    assert "Register to" in page.text


def test_the_tables_are_shown_with_rows_of_the_visible_case(client: Any, kinds: Any) -> None:
    page = client.get(f"/challenges/{kinds['sql'].id}").text
    assert "player.team_id refers to team.id" in page
    _, _, team, player = page.split("<summary>")[:4]  # the first one has the picture in words
    for table, seen in ((team, ("<code>team</code>", "Greens")), (player, ("goals", "Cy", "NULL"))):
        assert "Rows of the first visible case" in table
        assert [words for words in seen if words not in table] == []


def test_a_query_is_run_explained_and_handed_in(
    user: Any, kinds: Any, signed_in: Any, send_form: Any, work: Any
) -> None:
    browser, path = signed_in(user), f"/challenges/{kinds['sql'].id}"
    run = send_form(browser, f"{path}/run", page=path, query=WITHOUT_GREENS)
    assert run.status_code == 200
    assert "0 of 1 visible case right" in run.text
    assert "Greens" in run.text
    assert "GROUP BY team.name" in run.text  # what was written is still there
    plan = send_form(browser, f"{path}/plan", page=path, query=REWRITTEN)
    assert 'class="plan"' in plan.text
    answer = send_form(browser, path, query=REWRITTEN)
    assert answer.status_code == 303
    waiting = browser.get(answer.location).text
    assert 'data-status="queued"' in waiting
    assert waiting.count('class="waiting"') == 2
    work()
    done = browser.get(answer.location).text
    assert "Solved" in done
    assert "2 of 2 cases right" in done
    assert "SELECT IFNULL(SUM(goals), 0)" in done
    assert "Your latest attempts" in browser.get(path).text


def test_what_is_refused_is_said_beside_the_editor_and_kept(
    user: Any, kinds: Any, signed_in: Any, send_form: Any
) -> None:
    browser, path = signed_in(user), f"/challenges/{kinds['sql'].id}"
    for address in (path, f"{path}/run", f"{path}/plan"):
        refused = send_form(browser, address, page=path, query="DROP TABLE team")
        assert refused.status_code == 422
        assert "DROP is not allowed" in refused.text
        assert "DROP TABLE team</textarea>" in refused.text


def test_code_is_run_and_handed_in(
    user: Any, kinds: Any, signed_in: Any, send_form: Any, work: Any
) -> None:
    browser, path = signed_in(user), f"/challenges/{kinds['coding'].id}"
    fresh = browser.get(path).text
    assert "def add(a: int, b: int) -&gt; int:" in fresh
    run = send_form(
        browser, f"{path}/run", page=path, code="def add(a, b):\r\n    print(a)\r\n    return 4"
    )
    assert "0 of 1 visible case right" in run.text
    assert "3 was expected, 4 came." in run.text
    broken = send_form(browser, f"{path}/run", page=path, code="def add(a, b)")
    assert "Line 1: expected" in broken.text
    answer = send_form(browser, path, code="def add(a, b):\n    return a - b if a == 10 else a + b")
    work()
    done = browser.get(answer.location).text
    assert "Not there yet: 50 of 100" in done
    assert "Another answer was expected." in done


def test_a_quiz_is_answered_and_explained(
    user: Any, kinds: Any, signed_in: Any, send_form: Any, work: Any
) -> None:
    browser, path = signed_in(user), f"/challenges/{kinds['knowledge'].id}"
    half = {"q1": "recall", "q2": ["hinge", "log loss"], "q3": "sensitivity", "q4": "0,9"}
    answer = send_form(browser, path, **half)
    assert answer.status_code == 303
    work()
    done = browser.get(answer.location).text
    assert "Not there yet: 50 of 100" in done
    assert "False alarms stand in its denominator." in done
    assert "The right answers are shown once you have passed" in done
    wrong = send_form(browser, path, **(half | {"q4": "many"}))
    assert wrong.status_code == 422
    assert "Answer with a number" in wrong.text
    assert 'value="sensitivity"' in wrong.text  # nothing is lost
    right = {f"q{number}": given for number, given in RIGHT.items()}
    answer = send_form(browser, path, **right)
    work()
    assert "Solved" in browser.get(answer.location).text


def test_hints_open_on_the_page(user: Any, kinds: Any, signed_in: Any, send_form: Any) -> None:
    browser, path = signed_in(user), f"/challenges/{kinds['coding'].id}"
    closed = browser.get(path).text
    assert "Open hint 1 of 2" in closed
    assert "plus" not in closed
    assert "Just add." not in closed
    assert send_form(browser, f"{path}/hints", page=path, number=1).status_code == 303
    opened = browser.get(path).text
    assert "<strong>plus</strong>" in opened
    assert "It costs 10 of the 30 XP." in opened
    for number in (3, 0, -1, "many"):
        again = send_form(browser, f"{path}/hints", page=path, number=number)
        assert again.status_code == 303
        page = browser.get(path).text
        assert "There are no more hints." in page
        assert "message warning" in page  # no tick beside what was not done


def test_what_is_solved_is_linked_from_the_profile(
    user: Any, kinds: Any, signed_in: Any, judged: Any
) -> None:
    judged(user, kinds["coding"], code=CODE)
    page = signed_in(user).get(f"/users/{user.id}").text
    assert f'href="/challenges/{kinds["coding"].id}"' in page
    assert page.count('<td class="number">100</td>') == 2  # points of 100, solved and handed in


def test_a_draft_is_shown_to_instructors_only(
    user: Any, author: Any, make_challenge: Any, signed_in: Any
) -> None:
    draft = make_challenge(QUIZ, publish=False)
    assert signed_in(user).get(f"/challenges/{draft.id}").status_code == 404
    page = signed_in(author).get(f"/challenges/{draft.id}")
    assert page.status_code == 200
    assert "Draft" in page.text


def test_what_authors_and_learners_write_is_text_and_not_markup(
    user: Any, make_challenge: Any, signed_in: Any, send_form: Any, work: Any
) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    question = {"kind": "single", "prompt": evil, "choices": [evil, "b"], "answer": "b"}
    quiz = make_challenge(QUIZ, name=f"Q {evil}"[:100], description=evil, questions=[question])
    browser = signed_in(user)
    pages = [browser.get("/challenges").text, browser.get(f"/challenges/{quiz.id}").text]
    answer = send_form(browser, f"/challenges/{quiz.id}", q1=evil)
    work()
    pages.append(browser.get(answer.location).text)
    for page in pages:
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_more_cases_and_attempts_are_not_more_queries(
    user: Any, make_challenge: Any, signed_in: Any, judged: Any, queries: Any
) -> None:
    browser = signed_in(user)
    few = make_challenge(ADD)
    cases = [{"args": [n, n], "is_visible": n % 2 == 0} for n in range(30)]
    many = make_challenge(ADD, test_cases=cases)
    counted = []
    for challenge in (few, many):
        for number in range(2 if challenge is few else 5):
            judged(user, challenge, code=f"{CODE}# {number}")
        browser.get(f"/challenges/{challenge.id}")
        queries.clear()
        browser.get(f"/challenges/{challenge.id}")
        counted.append(len(queries))
    assert counted[0] == counted[1] <= 20
