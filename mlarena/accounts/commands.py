"""`flask users …`: for the operator, who makes the first admin."""

from __future__ import annotations

import sys

import click
import structlog
from flask.cli import AppGroup
from sqlalchemy.exc import OperationalError, ProgrammingError

from mlarena.accounts import service
from mlarena.accounts.models import ROLES
from mlarena.core.errors import Problem

log = structlog.get_logger(__name__)


class Users(AppGroup):
    """The group; without tables its commands say what to run first."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (OperationalError, ProgrammingError) as error:
            log.debug("a command met no database", error=str(error))
            raise click.ClickException(
                "The database does not answer or has no tables. Is DATABASE_URL right? "
                "Then run `flask db upgrade`."
            ) from None


users = Users("users", help="Make users and give them roles.")


@users.command("create")
@click.argument("username")
@click.argument("email")
@click.option("--role", type=click.Choice(ROLES), default="learner", show_default=True)
@click.option("--full-name", default="")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def create(username: str, email: str, role: str, full_name: str, password_stdin: bool) -> None:
    """Create a user. Without --password-stdin the password is asked for."""
    password = _read_password() if password_stdin else _ask_password()
    try:
        user = service.create_user(username, email, password, role=role, full_name=full_name)
    except Problem as problem:
        raise _told(problem) from None
    click.echo(f"Created {user.role} {user.username} (id {user.id}).")


@users.command("set-role")
@click.argument("username")
@click.argument("role", type=click.Choice(ROLES))
def set_role(username: str, role: str) -> None:
    """Make USERNAME (or an e-mail address) a learner, instructor or admin."""
    user = service.find(username)
    if user is None:
        raise click.ClickException(f"There is no user {username}.")
    try:
        service.set_role(user, role)
    except Problem as problem:
        raise _told(problem) from None
    click.echo(f"{user.username} is now {user.role}.")


def _read_password() -> str:
    """The first line, without its end: `echo` and password managers add one."""
    return sys.stdin.readline().rstrip("\r\n")


def _ask_password() -> str:
    answer: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return answer


def _told(problem: Problem) -> click.ClickException:
    lines = [f"{name}: {' '.join(messages)}" for name, messages in problem.errors.items()]
    return click.ClickException("\n".join(lines) or problem.message)
