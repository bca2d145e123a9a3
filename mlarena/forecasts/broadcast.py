"""Live scores on the way to open pages: the event `match`, to everybody in the room `forecasts:LEAGUE`.

As every live message it is a hint: a page that misses one reads `GET /matches/{id}`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mlarena.core.clock import rfc3339, utcnow
from mlarena.forecasts.models import Match
from mlarena.live import publish


def tell(matches: Iterable[Match]) -> None:
    """How these matches stand. Call it after the commit."""
    for match in matches:
        publish.publish("match", said(match), publish.board_room(f"forecasts:{match.league_id}"))


def said(match: Match) -> dict[str, Any]:
    """What the event `match` carries: names as in `GET /matches/{id}`."""
    return {
        "id": match.id,
        "league_id": match.league_id,
        "status": match.status,
        "minute": match.minute,
        "home_goals": match.home_goals,
        "away_goals": match.away_goals,
        "half_time": None if match.ht_home is None else [match.ht_home, match.ht_away],
        "changed_at": rfc3339(utcnow()),
    }
