"""The forms of the settings. What is chosen by kind and channel is a table of boxes, read in pages.py."""

from __future__ import annotations

from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice

from mlarena.accounts.forms import Form
from mlarena.core.errors import Invalid
from mlarena.notifications.models import Habits

HOURS = [SelectChoice(str(hour), f"{hour:02d}:00") for hour in range(24)]
PERIODS = [SelectChoice("daily", "every day"), SelectChoice("weekly", "on Mondays")]


class HabitsForm(Form):
    quiet_from = StringField("Quiet from", render_kw={"type": "time", "maxlength": 5})
    quiet_to = StringField("until", render_kw={"type": "time", "maxlength": 5})
    digest = SelectField("The digest comes", choices=PERIODS)
    digest_hour = SelectField("at", choices=HOURS)

    @classmethod
    def of(cls, habits: Habits) -> HabitsForm:
        return cls(
            formdata=None,
            data={
                "quiet_from": clock(habits.quiet_from),
                "quiet_to": clock(habits.quiet_to),
                "digest": habits.digest,
                "digest_hour": str(habits.digest_hour),
            },
        )


def clock(minute: int | None) -> str:
    """A minute of the day as clocks show it; "" for none."""
    return "" if minute is None else f"{minute // 60:02d}:{minute % 60:02d}"


def minute_of(text: str | None, field: str) -> int | None:
    """The minute of the day that "22:30" is; None for nothing. Raises Invalid at `field`."""
    if not text:
        return None
    hours, colon, minutes = text.partition(":")
    if (
        colon
        and len(hours) == len(minutes) == 2
        and (hours + minutes).isascii()
        and (hours + minutes).isdigit()
        and int(hours) < 24
        and int(minutes) < 60
    ):
        return int(hours) * 60 + int(minutes)
    raise Invalid.field(field, "Give a time of the day such as 22:30, or leave it empty.")
