"""What an owner is told of a webhook that does not get through."""

from __future__ import annotations

from mlarena.core.clock import rfc3339, utcnow
from mlarena.notifications.service import About, notify
from mlarena.webhooks.models import Delivery, Webhook

KIND = "webhook_dead"


def webhook_died(webhook: Webhook) -> None:
    """It failed too often in a row. In the caller's transaction."""
    notify(
        webhook.owner_id,
        KIND,
        About(
            f"webhook:{webhook.id}:{rfc3339(utcnow())}",
            f"The webhook “{webhook.name}” was given up",
            f"{webhook.failures} attempts in a row failed. Nothing is lost: mend it and turn it on again.",
            f"/teach/webhooks/{webhook.id}",
        ),
    )


def delivery_died(delivery: Delivery) -> None:
    """One message did not get through, others did. In the caller's transaction."""
    notify(
        delivery.webhook.owner_id,
        KIND,
        About(
            f"delivery:{delivery.id}:{rfc3339(utcnow())}",
            f"A message to “{delivery.webhook.name}” was given up",
            f"It failed {delivery.attempts} times. You can send it again from its log.",
            f"/teach/webhooks/{delivery.webhook_id}/deliveries/{delivery.id}",
        ),
    )
