"""The forms of categories, levels, badges and leagues."""

from __future__ import annotations

from typing import Any

from wtforms import EmailField, FloatField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import Optional

from mlarena.accounts import names
from mlarena.accounts.clashes import OURS, Reread
from mlarena.accounts.forms import NEEDED, Form
from mlarena.admin.lists.shelves import ROLES
from mlarena.rewards import badges

PAGE = {"rows": 4, "maxlength": 10_000, "dir": "auto", "spellcheck": "true"}


class ThingForm(Reread, Form):
    """`fields` as things.py takes them, `show_of` a known one."""

    def fields(self) -> dict[str, Any]:
        return {field.name: field.data for field in self if field.name not in OURS}

    def show_of(self, thing: Any) -> ThingForm:
        for field in self:
            if field.name not in OURS:
                value = getattr(thing, field.name)
                whole = isinstance(value, float) and value.is_integer()
                field.data = int(value) if whole else value
        self.begun()
        return self


class CategoryForm(ThingForm):
    name = StringField("Name", [NEEDED], render_kw={"maxlength": 128, "dir": "auto"})
    description = TextAreaField("About it", render_kw=PAGE)


class LevelForm(CategoryForm):
    required_xp = IntegerField(
        "Opens at so many XP", [Optional()], default=0, render_kw={"min": 0, "type": "number"}
    )


class BadgeForm(CategoryForm):
    icon = StringField("Icon: a name of the set, or an emoji", render_kw={"maxlength": 64})
    condition_type = SelectField("For", choices=lambda: sorted(badges.known_conditions()))
    condition_value = FloatField(
        "From this figure on", [Optional()], render_kw={"type": "number", "step": "any", "min": 0}
    )


class LeagueForm(ThingForm):
    name = StringField("Name", [NEEDED], render_kw={"maxlength": 80, "dir": "auto"})
    country = StringField("Country", render_kw={"maxlength": 64, "dir": "auto"})
    timezone = SelectField("Time zone", choices=lambda: sorted(names.timezones()))


class UserForm(ThingForm):
    """The name that somebody logs in by is theirs for good."""

    username = StringField(
        "User name", [NEEDED], render_kw={"maxlength": names.LONGEST_USERNAME, "dir": "auto"}
    )
    email = EmailField("E-mail", [NEEDED], render_kw={"maxlength": names.LONGEST_EMAIL})
    full_name = StringField(
        "Full name", render_kw={"maxlength": names.LONGEST_FULL_NAME, "dir": "auto"}
    )
    timezone = SelectField("Time zone", choices=lambda: sorted(names.timezones()), default="UTC")
    role = SelectField("Role", choices=lambda: list(ROLES.items()))


FORMS: dict[str, type[ThingForm]] = {
    "categories": CategoryForm,
    "levels": LevelForm,
    "badges": BadgeForm,
    "leagues": LeagueForm,
    "users": UserForm,
}
