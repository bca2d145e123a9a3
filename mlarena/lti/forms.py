"""The forms: an LMS, what a link opens, and who somebody is who comes for the first time."""

from __future__ import annotations

from typing import Any

from wtforms import EmailField, PasswordField, SelectField, StringField, TextAreaField, URLField

from mlarena.accounts import names
from mlarena.accounts.forms import NEEDED, Form
from mlarena.lti.models import Platform
from mlarena.lti.platforms import FIELDS

_URL = {"maxlength": 2000, "placeholder": "https://"}


class PlatformForm(Form):
    name = StringField("Name", [NEEDED], render_kw={"maxlength": 64, "dir": "auto"})
    issuer = StringField("Issuer (platform id)", [NEEDED], render_kw={"maxlength": 255})
    client_id = StringField("Client id", [NEEDED], render_kw={"maxlength": 255})
    deployments = TextAreaField("Deployment ids", render_kw={"rows": 2})
    auth_url = URLField("Authentication address", [NEEDED], render_kw=_URL)
    token_url = URLField("Token address", [NEEDED], render_kw=_URL)
    keys_url = URLField("Key set address (JWKS)", [NEEDED], render_kw=_URL)
    audience = StringField("Audience of tokens (optional)", render_kw={"maxlength": 2000})

    def fields(self) -> dict[str, Any]:
        return self.values(*FIELDS)

    def show_of(self, platform: Platform) -> PlatformForm:
        for name in FIELDS:
            self[name].data = getattr(platform, name)
        self.deployments.data = "\n".join(platform.deployments)
        return self


class BindForm(Form):
    choice = SelectField("It opens", [NEEDED], validate_choice=False)


class LinkForm(Form):
    """There is an account; its password says whose it is."""

    username = StringField(
        "User name or e-mail", [NEEDED], render_kw={"autocomplete": "username", "dir": "auto"}
    )
    password = PasswordField("Password", [NEEDED], render_kw={"autocomplete": "current-password"})


class NewForm(Form):
    email = EmailField(
        "E-mail", [NEEDED], render_kw={"autocomplete": "email", "maxlength": names.LONGEST_EMAIL}
    )
