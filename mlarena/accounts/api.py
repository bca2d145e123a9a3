"""The JSON doors of accounts, as /api/docs shows them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Response, g
from flask_login import current_user

from mlarena.accounts import identity, limits, logins, people, recovery, service, tokens
from mlarena.accounts.models import PersonalToken, User
from mlarena.accounts.permissions import api_login_required
from mlarena.accounts.schemas import (
    FarewellIn,
    ForgotIn,
    LoginIn,
    PasswordIn,
    ProfileIn,
    RegisterIn,
    ResetIn,
    TokenIn,
)
from mlarena.core.api import PageQuery, api_blueprint, documented, ok, paged
from mlarena.core.clock import rfc3339
from mlarena.core.db import db
from mlarena.core.errors import Conflict, Forbidden, NotFound

blueprint = api_blueprint("accounts", tag="Accounts")
Answer = tuple[Response, int]

SOMEONE = {
    "id": 7,
    "username": "ada",
    "full_name": "Ada Lovelace",
    "created_at": "2026-11-21T09:30:00Z",
}
MYSELF = SOMEONE | {
    "email": "ada@example.org",
    "role": "learner",
    "timezone": "Europe/London",
    "kaggle_username": "",
    "listed": True,
    "streak_shown": True,
    "activity_shown": True,
}
PAIR = {
    "access_token": "eyJ...",
    "refresh_token": "eyJ...",
    "token_type": "bearer",
    "expires_in": 900,
}
TOKEN = {
    "id": 3,
    "name": "notebook",
    "created_at": "2026-11-21T09:30:00Z",
    "expires_at": None,
    "last_used_at": None,
}
SECRET = "correct horse battery"  # noqa: S105 – an example in the documents


@blueprint.after_request
def keep_out_of_caches(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/auth/register")
@limits.registering
@blueprint.input(
    RegisterIn, example={"username": "ada", "email": "ada@example.org", "password": SECRET}
)
@blueprint.doc(
    summary="Register",
    description="A new learner. 409 if the name or the address is taken.",
    responses=documented(201, SOMEONE | {"email": "ada@example.org"}),
)
def register(json_data: RegisterIn) -> Answer:
    user = service.register(**json_data.model_dump())
    return ok(user.public() | {"email": user.email}, 201)


@blueprint.post("/auth/login")
@limits.logging_in
@blueprint.input(LoginIn, example={"username": "ada", "password": SECRET})
@blueprint.doc(
    summary="Log in",
    description="By user name or e-mail. The access token lives 15 minutes, the refresh token 30 days.",
    responses=documented(200, PAIR),
)
def login(json_data: LoginIn) -> Answer:
    user = service.authenticate(json_data.username, json_data.password)
    return ok(logins.issue_tokens(user))


@blueprint.post("/auth/refresh")
@limits.refreshing
@blueprint.doc(
    summary="A new access token",
    description="Send the refresh token as bearer. It works here and nowhere else.",
    security="bearer",
    responses=documented(200, {k: PAIR[k] for k in PAIR if k != "refresh_token"}),
)
def refresh() -> Answer:
    return ok(logins.refresh(identity.bearer_token()))


@blueprint.post("/auth/logout")
@api_login_required
@blueprint.doc(
    summary="Log out",
    description="Revokes the access and refresh tokens of this login; a browser's session likewise.",
    responses=documented(200, None),
)
def logout() -> Answer:
    if "personal_token_id" in g:
        raise Conflict("A personal token has no login to end. Revoke it at /api/v1/auth/tokens/ID.")
    if "login_id" in g:
        logins.end_login(g.login_id)
    else:
        identity.sign_out()
    return ok(None)


@blueprint.get("/auth/tokens")
@api_login_required
@blueprint.input(PageQuery, location="query")
@blueprint.doc(
    summary="Your personal tokens",
    description="Those that still work, newest first.",
    responses=documented(200, [TOKEN]),
)
def list_tokens(query_data: PageQuery) -> Answer:
    return paged(tokens.living(current_user), query_data, _shown)


@blueprint.post("/auth/tokens")
@api_login_required
@limits.making_tokens
@blueprint.input(TokenIn, example={"name": "notebook", "expires_in_days": 90})
@blueprint.doc(
    summary="Make a personal token",
    description="For scripts. `token` is shown in this answer and never again.",
    responses=documented(201, TOKEN | {"token": "mla_..."}),
)
def make_token(json_data: TokenIn) -> Answer:
    if "personal_token_id" in g:
        # A token that leaked must not be able to outlive its own end.
        raise Forbidden("A personal token cannot make another. Log in for that.")
    days = json_data.expires_in_days
    token, text = tokens.issue(current_user, json_data.name, timedelta(days=days) if days else None)
    return ok(_shown(token) | {"token": text}, 201)


@blueprint.delete("/auth/tokens/<id:token_id>")
@api_login_required
@blueprint.doc(summary="Revoke a personal token", responses=documented(200, None))
def revoke_token(token_id: int) -> Answer:
    tokens.revoke(current_user, token_id)
    return ok(None)


@blueprint.post("/auth/password/forgot")
@limits.asking_for_reset
@blueprint.input(ForgotIn, example={"email": "ada@example.org"})
@blueprint.doc(
    summary="Forgot the password",
    description="Mails a link if the address has an account. The answer is the same if it has none.",
    responses=documented(202, None),
)
def forgot(json_data: ForgotIn) -> Answer:
    recovery.request_password_reset(json_data.email)
    return ok(None, 202)


@blueprint.post("/auth/password/reset")
@limits.resetting
@blueprint.input(ResetIn, example={"token": "from-the-mail", "new_password": SECRET})
@blueprint.doc(
    summary="Set a new password by a mailed token",
    responses=documented(200, None),
)
def reset(json_data: ResetIn) -> Answer:
    recovery.reset_password(json_data.token, json_data.new_password)
    return ok(None)


@blueprint.get("/users")
@blueprint.input(PageQuery, location="query")
@blueprint.doc(
    summary="Everybody",
    description="In the order of joining. Who does not want to be listed is left out.",
    responses=documented(200, [SOMEONE]),
)
def list_users(query_data: PageQuery) -> Answer:
    return paged(_visible().order_by(User.id), query_data, User.public)


@blueprint.get("/users/<id:user_id>")
@blueprint.doc(summary="A public profile", responses=documented(200, SOMEONE))
def show_user(user_id: int) -> Answer:
    user = db.session.get(User, user_id)
    if user is None:
        raise NotFound("There is no such user.")
    return ok(user.public())


@blueprint.get("/users/me")
@api_login_required
@blueprint.doc(summary="Yourself", responses=documented(200, MYSELF))
def show_me() -> Answer:
    return ok(current_user.private())


@blueprint.patch("/users/me")
@api_login_required
@blueprint.input(ProfileIn, example={"full_name": "Ada Lovelace", "timezone": "Europe/London"})
@blueprint.doc(
    summary="Change your profile",
    description="Only the fields that you send change.",
    responses=documented(200, MYSELF),
)
def change_me(json_data: ProfileIn) -> Answer:
    user = service.update_profile(current_user, **json_data.model_dump(exclude_unset=True))
    return ok(user.private())


@blueprint.delete("/users/me")
@api_login_required
@limits.giving_password
@blueprint.input(FarewellIn, example={"password": SECRET})
@blueprint.doc(
    summary="Delete your account",
    description="With your submissions, XP and places on the boards. It cannot be undone.",
    responses=documented(200, None),
)
def delete_me(json_data: FarewellIn) -> Answer:
    service.delete_account(current_user, json_data.password)
    return ok(None)


@blueprint.put("/users/me/password")
@api_login_required
@limits.giving_password
@blueprint.input(PasswordIn, example={"current_password": "old", "new_password": SECRET})
@blueprint.doc(
    summary="Change your password",
    description="Ends every session and every token made before; the answer brings new ones.",
    responses=documented(200, PAIR),
)
def change_password(json_data: PasswordIn) -> Answer:
    recovery.change_password(current_user, json_data.current_password, json_data.new_password)
    return ok(logins.issue_tokens(current_user))


def _visible() -> Any:
    return people.visible_to(current_user if current_user.is_authenticated else None)


def _shown(token: PersonalToken) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "created_at": rfc3339(token.created_at),
        "expires_at": rfc3339(token.expires_at),
        "last_used_at": rfc3339(token.last_used_at),
    }
