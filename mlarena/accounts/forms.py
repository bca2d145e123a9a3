"""The forms. They carry what was typed; the verbs decide, and their words come back to the fields."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    EmailField,
    HiddenField,
    IntegerField,
    PasswordField,
    SelectField,
    StringField,
)
from wtforms.validators import InputRequired, NumberRange, Optional

from mlarena.accounts import names, passwords
from mlarena.core.errors import Problem

NEEDED = InputRequired("This cannot be empty.")
NEW_PASSWORD = {
    "autocomplete": "new-password",
    "minlength": passwords.SHORTEST,
    "maxlength": passwords.LONGEST,
}


class Form(FlaskForm):
    """A form that can show what a verb found wrong."""

    def validate(self, extra_validators: Any = None) -> bool:
        """What the fields' own validators say; and no text with NUL bytes, which PostgreSQL does not take."""
        fine: bool = super().validate(extra_validators)
        for field in self:
            if isinstance(field.data, str) and "\x00" in field.data:
                field.errors = [*field.errors, "Text must not contain NUL bytes."]
                fine = False
        return fine

    def show(self, problem: Problem) -> None:
        """Put the problem's words next to their fields; what has no field goes above the form."""
        told = False
        for name, messages in problem.errors.items():
            if name in self._fields:
                self._fields[name].errors = [*self._fields[name].errors, *messages]
                told = True
        if not told:
            self.form_errors.append(problem.message)

    def values(self, *fields: str) -> dict[str, Any]:
        """What was typed; a field that a hand-made request left out counts as empty."""
        typed = {name: self._fields[name].data for name in fields}
        return {name: "" if value is None else value for name, value in typed.items()}


def _zones() -> list[str]:
    return sorted(names.timezones())


class RegisterForm(Form):
    username = StringField(
        "User name",
        [NEEDED],
        render_kw={"autocomplete": "username", "maxlength": names.LONGEST_USERNAME, "dir": "auto"},
    )
    email = EmailField(
        "E-mail", [NEEDED], render_kw={"autocomplete": "email", "maxlength": names.LONGEST_EMAIL}
    )
    full_name = StringField(
        "Full name (optional)",
        render_kw={"autocomplete": "name", "maxlength": names.LONGEST_FULL_NAME, "dir": "auto"},
    )
    password = PasswordField("Password", [NEEDED], render_kw=NEW_PASSWORD)
    # Filled in by timezone.js; without it the settings are the place.
    timezone = HiddenField(default="UTC", render_kw={"data-timezone": True})


class LoginForm(Form):
    username = StringField(
        "User name or e-mail", [NEEDED], render_kw={"autocomplete": "username", "dir": "auto"}
    )
    password = PasswordField("Password", [NEEDED], render_kw={"autocomplete": "current-password"})
    remember = BooleanField("Stay logged in for 30 days on this device")


class ForgotForm(Form):
    email = EmailField("E-mail", [NEEDED], render_kw={"autocomplete": "email"})


class ResetForm(Form):
    new_password = PasswordField("New password", [NEEDED], render_kw=NEW_PASSWORD)


class ProfileForm(Form):
    full_name = StringField(
        "Full name",
        render_kw={"autocomplete": "name", "maxlength": names.LONGEST_FULL_NAME, "dir": "auto"},
    )
    timezone = SelectField("Time zone", choices=_zones)
    kaggle_username = StringField("Kaggle user name", render_kw={"maxlength": 64})
    listed = BooleanField("Show me on public boards and lists")
    streak_shown = BooleanField("Show my streak, to me and on my profile")
    activity_shown = BooleanField("Show what I solve and earn in the activity feeds")


class PasswordForm(Form):
    current_password = PasswordField(
        "Current password", [NEEDED], render_kw={"autocomplete": "current-password"}
    )
    new_password = PasswordField("New password", [NEEDED], render_kw=NEW_PASSWORD)


class TokenForm(Form):
    name = StringField("What is it for?", [NEEDED], render_kw={"maxlength": 64})
    expires_in_days = IntegerField(
        "Days until it expires (empty: never)",
        [Optional(), NumberRange(1, 3650, "Use 1 to 3650 days.")],
        render_kw={"min": 1, "max": 3650},
    )


class FarewellForm(Form):
    password = PasswordField(
        "Your password", [NEEDED], render_kw={"autocomplete": "current-password"}
    )
