from __future__ import annotations

from wtforms import BooleanField, IntegerField, StringField
from wtforms.validators import InputRequired, NumberRange

from mlarena.accounts.forms import Form


class MirrorForm(Form):
    slug = StringField(
        "The competition at Kaggle",
        [InputRequired("Give the competition's address at Kaggle, or its last part.")],
        render_kw={"maxlength": 200, "placeholder": "titanic", "autocomplete": "off"},
    )
    xp_reward = IntegerField(
        "XP for taking part",
        [InputRequired("Use a number; 0 pays nothing."), NumberRange(0, 10_000)],
        default=100,
        render_kw={"min": 0, "max": 10_000},
    )
    rated = BooleanField("It counts for ratings", default=True)
