"""How often an owner may have a webhook's address asked at once: what they press themselves knows no rest."""

from __future__ import annotations

from flask import request

from mlarena.core.security import limiter

PINGS, REPLAYS = "10 per minute", "30 per minute"

# By whichever door, and for whichever of one's webhooks.
limit_pings = limiter.shared_limit(PINGS, scope="webhook pings")
limit_replays = limiter.shared_limit(REPLAYS, scope="webhook replays")


def _other_than(step: str) -> bool:
    return (request.view_args or {}).get("webhook_step") != step


# The same for the console's door, which takes every step.
limit_ping_step = limiter.shared_limit(
    PINGS, scope="webhook pings", exempt_when=lambda: _other_than("ping")
)
limit_replay_step = limiter.shared_limit(
    REPLAYS, scope="webhook replays", exempt_when=lambda: _other_than("replay")
)
