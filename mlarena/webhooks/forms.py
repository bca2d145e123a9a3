"""The one form of webhooks."""

from __future__ import annotations

from typing import Any

from wtforms import BooleanField, StringField, URLField

from mlarena.accounts.forms import NEEDED, Form
from mlarena.submissions.outbox import COMPLETED, INIT
from mlarena.webhooks.models import EVENTS, Webhook

FIELDS = {"init": INIT, "completed": COMPLETED}


class WebhookForm(Form):
    name = StringField("Name", [NEEDED], render_kw={"maxlength": 64, "dir": "auto"})
    url = URLField("Address", [NEEDED], render_kw={"maxlength": 2000, "placeholder": "https://"})
    init = BooleanField(f"{EVENTS[INIT]} ({INIT})")
    completed = BooleanField(f"{EVENTS[COMPLETED]} ({COMPLETED})", default=True)

    def fields(self) -> dict[str, Any]:
        chosen = [kind for name, kind in FIELDS.items() if self[name].data]
        return {**self.values("name", "url"), "events": chosen}

    def show_of(self, webhook: Webhook) -> WebhookForm:
        self.name.data, self.url.data = webhook.name, webhook.url
        for name, kind in FIELDS.items():
            self[name].data = kind in webhook.events
        return self
