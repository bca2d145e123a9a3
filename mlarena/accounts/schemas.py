"""What the API takes in. The rules themselves are the verbs'; these say shape and size."""

from __future__ import annotations

from pydantic import Field

from mlarena.accounts import names, passwords
from mlarena.core.api import Body

Username = Field(
    min_length=names.SHORTEST_USERNAME,
    max_length=names.LONGEST_USERNAME,
    description="Letters and digits of any language, and - _ .",
)
Password = Field(min_length=passwords.SHORTEST, max_length=passwords.LONGEST)
Given = Field(min_length=1, max_length=1024)


class RegisterIn(Body):
    username: str = Username
    email: str = Field(max_length=names.LONGEST_EMAIL)
    password: str = Password
    full_name: str = Field("", max_length=names.LONGEST_FULL_NAME)
    timezone: str = Field("UTC", max_length=64, description="An IANA name")


class LoginIn(Body):
    username: str = Field(min_length=1, max_length=1024, description="User name or e-mail address")
    password: str = Given


class TokenIn(Body):
    name: str = Field("script", min_length=1, max_length=64, description="What it is for")
    expires_in_days: int | None = Field(None, ge=1, le=3650)


class ProfileIn(Body):
    full_name: str = Field("", max_length=names.LONGEST_FULL_NAME)
    timezone: str = Field("UTC", max_length=64, description="An IANA name")
    kaggle_username: str = Field("", max_length=64)
    listed: bool = Field(True, description="Whether you stand on public boards and lists")
    streak_shown: bool = Field(
        True, description="Whether your streak is shown, to you and on your profile"
    )
    activity_shown: bool = Field(True, description="Whether feeds of activity say what you do")


class PasswordIn(Body):
    current_password: str = Given
    new_password: str = Password


class ForgotIn(Body):
    email: str = Field(max_length=names.LONGEST_EMAIL)


class ResetIn(Body):
    token: str = Field(min_length=1, max_length=512)
    new_password: str = Password


class FarewellIn(Body):
    password: str = Given
