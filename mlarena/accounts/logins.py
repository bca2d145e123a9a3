"""Logins: a browser's session or a script's pair of tokens, each one row that can be ended."""

from __future__ import annotations

import hashlib
import secrets
import time
from datetime import timedelta
from typing import Any

import jwt
from flask import current_app
from flask_jwt_extended import create_access_token, create_refresh_token, decode_token
from flask_jwt_extended.exceptions import JWTExtendedException
from sqlalchemy import bindparam, delete, select, update

from mlarena.accounts.models import LoginSession, User
from mlarena.accounts.signals import login_ended
from mlarena.core.api import LARGEST_ID
from mlarena.core.clock import utcnow
from mlarena.core.db import UtcDateTime, db
from mlarena.core.errors import Unauthorized

ACCESS = timedelta(minutes=15)
REFRESH = timedelta(days=30)
BROWSER = timedelta(hours=24)
REMEMBERED = timedelta(days=30)

EXPIRED = "This token has expired. Get a new one at /api/v1/auth/refresh, or log in again."
FOREIGN = "This token was not signed here. Log in at /api/v1/auth/login to get one."
REVOKED = "This token has been revoked. Log in again."
GARBLED = "That is not a token. Send `Authorization: Bearer TOKEN`."
ONLY_REFRESHES = "This is a refresh token. It works at /api/v1/auth/refresh and nowhere else."
NOT_A_REFRESH = "This door takes the refresh token, and this is another one."


def open_login(user: User, lasts: timedelta) -> LoginSession:
    """A new login of `user`. The user's logins that are over are swept out with the same broom."""
    now = utcnow()
    user_id = user.id
    db.session.execute(
        delete(LoginSession).where(
            LoginSession.user_id == user_id, LoginSession.expires_at < now - ACCESS
        )
    )
    login = LoginSession(
        id=secrets.token_hex(16), user_id=user_id, created_at=now, expires_at=now + lasts
    )
    db.session.add(login)
    db.session.commit()
    return login


def end_login(login_id: str) -> None:
    """From now on nothing that carries this login's id is accepted."""
    user_id = db.session.scalar(
        update(LoginSession)
        .where(LoginSession.id == login_id, LoginSession.revoked_at.is_(None))
        .values(revoked_at=utcnow())
        .returning(LoginSession.user_id)
    )
    db.session.commit()
    if user_id is not None:
        login_ended.send(User, user_id=user_id)


# Asked with every request of somebody signed in: built once.
_WHO = (
    select(User)
    .join(LoginSession, LoginSession.user_id == User.id)
    .where(
        User.id == bindparam("user_id"),
        User.credentials_version == bindparam("version"),
        LoginSession.id == bindparam("login_id"),
        LoginSession.revoked_at.is_(None),
        LoginSession.expires_at > bindparam("now", type_=UtcDateTime),
    )
)


def who(user_id: int, version: int, login_id: str) -> User | None:
    """The user of a login that holds: not ended, not over, and of today's password."""
    asked = {"user_id": user_id, "version": version, "login_id": login_id, "now": utcnow()}
    return db.session.scalar(_WHO, asked)


def issue_tokens(user: User) -> dict[str, Any]:
    """Open a login for a script: its access and refresh tokens, as api.md gives them."""
    login = open_login(user, REFRESH)
    refresh = create_refresh_token(str(user.id), additional_claims=_claims(user, login.id))
    return _access(user, login.id) | {"refresh_token": refresh}


def refresh(token: str) -> dict[str, Any]:
    """A new access token of the same login. Raises Unauthorized with the reason."""
    user, login_id = read_token(token, "refresh")
    return _access(user, login_id)


def read_token(token: str, kind: str) -> tuple[User, str]:
    """Whose JWT of this `kind` ("access" or "refresh") it is, and its login's id.

    Raises Unauthorized, whose message says what is wrong with the token.
    """
    try:
        claims = _claims_of(token)
        user_id, version = _id(claims["sub"]), _id(claims["version"])
        login_id = str(claims["login"])
    except jwt.ExpiredSignatureError:
        raise Unauthorized(EXPIRED) from None
    except jwt.InvalidSignatureError:
        raise Unauthorized(FOREIGN) from None
    except (jwt.PyJWTError, JWTExtendedException, ValueError, KeyError, TypeError):
        raise Unauthorized(GARBLED) from None
    if claims["type"] != kind:
        raise Unauthorized(NOT_A_REFRESH if kind == "refresh" else ONLY_REFRESHES)
    user = who(user_id, version, login_id)
    if user is None:
        raise Unauthorized(REVOKED)
    return user, login_id


# By the key and the token's hash: what a signed token says. Checking a signature takes a fifth of the time of
# a short answer, and comes to the same each time; whether its login still holds is asked of the database.
_verified: dict[tuple[Any, bytes], dict[str, Any]] = {}
MOST_VERIFIED = 4096


def _claims_of(token: str) -> dict[str, Any]:
    """What the token says, its signature checked and its time not over. Raises as `decode_token` does."""
    digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
    name = current_app.config["JWT_SECRET_KEY"], digest
    known = _verified.get(name)
    if known is not None and known["exp"] > time.time():
        return known
    claims: dict[str, Any] = decode_token(token)
    if len(_verified) >= MOST_VERIFIED:
        _verified.clear()
    if "exp" in claims:
        _verified[name] = claims
    return claims


def _id(claim: Any) -> int:
    number = int(claim)
    if not 0 < number <= LARGEST_ID:
        raise ValueError("no row has such an id")
    return number


def _access(user: User, login_id: str) -> dict[str, Any]:
    return {
        "access_token": create_access_token(
            str(user.id), additional_claims=_claims(user, login_id)
        ),
        "token_type": "bearer",
        "expires_in": int(ACCESS.total_seconds()),
    }


def _claims(user: User, login_id: str) -> dict[str, Any]:
    return {"login": login_id, "version": user.credentials_version}
