"""`flask users …`, with which the operator makes the first admin."""

from __future__ import annotations

import pytest

from mlarena.accounts import service
from mlarena.core.db import db

PASSWORD = "correct horse battery"


def create(runner, *words: str, password: str = PASSWORD + "\n"):
    return runner.invoke(args=["users", "create", *words], input=password)


def test_the_first_admin(app, runner, client):
    made = create(runner, "root", "root@example.org", "--role", "admin", "--password-stdin")
    assert made.exit_code == 0, made.output
    assert "Created admin root" in made.output
    assert PASSWORD not in made.output
    login = client.post("/api/v1/auth/login", json={"username": "root", "password": PASSWORD})
    assert login.status_code == 200
    assert service.find("root").role == "admin"


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\nsecond line"])
def test_the_password_is_the_first_line(app, runner, client, end):
    assert (
        create(
            runner, "ada", "ada@example.org", "--password-stdin", password=PASSWORD + end
        ).exit_code
        == 0
    )
    service.authenticate("ada", PASSWORD)


def test_without_stdin_it_is_asked_for_twice_and_not_shown(app, runner):
    made = create(runner, "ada", "ada@example.org", password=f"{PASSWORD}\n{PASSWORD}\n")
    assert made.exit_code == 0, made.output
    assert PASSWORD not in made.output
    assert service.find("ada").role == "learner"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("a b", "ada@example.org"), "username: Use letters"),
        (("ada", "nowhere"), "email: That is not an e-mail address"),
    ],
)
def test_wrong_words_are_told_and_the_exit_code_is_1(app, runner, words, said):
    made = create(runner, *words, "--password-stdin")
    assert made.exit_code == 1
    assert said in made.output
    assert "Traceback" not in made.output


def test_a_weak_password_is_told(app, runner):
    made = create(runner, "ada", "ada@example.org", "--password-stdin", password="password\n")
    assert made.exit_code == 1
    assert "password: " in made.output


def test_a_taken_name_is_told(app, runner, user):
    made = create(runner, "ADA", "other@example.org", "--password-stdin")
    assert made.exit_code == 1
    assert "username: This name is taken." in made.output


def test_an_unknown_role_is_a_mistake_of_usage(app, runner):
    made = create(runner, "ada", "ada@example.org", "--role", "king", "--password-stdin")
    assert made.exit_code == 2
    assert "learner" in made.output


def test_roles_are_given_and_taken(app, runner, user):
    given = runner.invoke(args=["users", "set-role", "ada", "instructor"])
    assert given.exit_code == 0
    assert "ada is now instructor" in given.output
    db.session.refresh(user)
    assert user.role == "instructor"
    assert runner.invoke(args=["users", "set-role", "ADA@example.org", "learner"]).exit_code == 0
    db.session.refresh(user)
    assert user.role == "learner"


def test_nobody_gets_no_role(app, runner):
    given = runner.invoke(args=["users", "set-role", "nobody", "admin"])
    assert given.exit_code == 1
    assert "There is no user nobody." in given.output


def test_the_last_admin_keeps_the_role(app, runner, make_user):
    root = make_user("root", role="admin")
    given = runner.invoke(args=["users", "set-role", "root", "learner"])
    assert given.exit_code == 1
    assert "the only admin" in given.output
    db.session.refresh(root)
    assert root.role == "admin"


def test_a_database_without_tables_is_told(settings, tmp_path):
    from mlarena.app import create_app

    bare = create_app(
        settings.model_copy(update={"database_url": f"sqlite:///{tmp_path / 'bare.sqlite'}"})
    )
    made = create(bare.test_cli_runner(), "ada", "ada@example.org", "--password-stdin")
    assert made.exit_code == 1
    assert "flask db upgrade" in made.output
    with bare.app_context():
        db.engine.dispose()
