"""How leagues, matches and forecasts are told, to scripts and pages alike.

Before kick-off the house's word is told to those who have said their own, and to instructors: who has not
is not to copy it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mlarena.accounts.models import User
from mlarena.core.clock import rfc3339, utcnow
from mlarena.forecasts import game, ledger
from mlarena.forecasts.models import Forecast, League, Match, MatchStats, Prediction, Season, Team
from mlarena.scoring.outcomes import brier, log_loss

OUTCOMES = ("home", "draw", "away")


def league(one: League, season: Season | None = None) -> dict[str, Any]:
    return {
        "id": one.id,
        "code": one.code,
        "name": one.name,
        "country": one.country,
        "simulated": one.simulated,
        "season": {"id": season.id, "year": season.year, "name": season.name} if season else None,
    }


def team(one: Team) -> dict[str, Any]:
    return {"id": one.id, "name": one.name, "league_id": one.league_id}


def forecast(one: Forecast | None, match: Match) -> dict[str, Any] | None:
    """One's own, with its figures once it is settled."""
    if one is None:
        return None
    told = dict(zip(OUTCOMES, one.shares, strict=True)) | {
        "match_id": one.match_id,
        "entered_at": rfc3339(one.entered_at),
        "changed_at": rfc3339(one.changed_at),
        "score": one.score,
        "rps": one.rps,
        "house_rps": one.house_rps,
        "log_loss": None,
        "brier": None,
    }
    if one.score is not None and match.outcome is not None:
        told["log_loss"] = log_loss(one.shares, match.outcome)
        told["brier"] = brier(one.shares, match.outcome)
    return told


def prediction(one: Prediction | None, match: Match, revealed: bool) -> dict[str, Any] | None:
    """The house's word; of one that is not revealed, that there is one."""
    if one is None:
        return None
    shares = one.shares if revealed else (None, None, None)
    return dict(zip(OUTCOMES, shares, strict=True)) | {
        "match_id": match.id,
        "confidence": one.confidence if revealed else None,
        "revealed": revealed,
        "model_version": one.model_id,
        "made_at": rfc3339(one.made_at),
        "moved_by": one.moved_by if revealed else {},
    }


@dataclass(frozen=True)
class Known:
    """What there is to tell of some matches, read at once: the house's words, and the viewer's own."""

    viewer: User | None
    now: datetime
    houses: Mapping[int, Prediction] = field(default_factory=dict)
    own: Mapping[int, Forecast] = field(default_factory=dict)

    @classmethod
    def of(cls, matches: Sequence[Match], viewer: User | None) -> Known:
        ids = [one.id for one in matches]
        own = game.own_forecasts(viewer.id, ids) if viewer and ids else {}
        return cls(viewer, utcnow(), ledger.words_of(ids) if ids else {}, own)

    def revealed(self, match: Match) -> bool:
        if self.now >= match.kickoff or match.id in self.own:
            return True
        return self.viewer is not None and self.viewer.is_at_least("instructor")

    def house(self, match: Match) -> dict[str, Any] | None:
        return prediction(self.houses.get(match.id), match, self.revealed(match))

    def match(self, one: Match) -> dict[str, Any]:
        return {
            "id": one.id,
            "league_id": one.league_id,
            "season": one.season.year,
            "round": one.round,
            "kickoff": rfc3339(one.kickoff),
            "status": one.status,
            "home": team(one.home),
            "away": team(one.away),
            "home_goals": one.home_goals,
            "away_goals": one.away_goals,
            "minute": one.minute,
            "half_time": None if one.ht_home is None else [one.ht_home, one.ht_away],
            "outcome": None if one.outcome is None else OUTCOMES[one.outcome],
            "open": one.open_at(self.now),
            "forecast": forecast(self.own.get(one.id), one),
            "prediction": self.house(one),
        }

    def with_match(self, one: Match) -> dict[str, Any]:
        """A prediction as the lists of predictions have it: with what it is of."""
        told = self.match(one)
        names = ("id", "league_id", "kickoff", "status", "home", "away", "outcome")
        return (told["prediction"] or {}) | {"match": {name: told[name] for name in names}}


def stats(rows: Sequence[MatchStats]) -> dict[str, Any]:
    names = ("shots", "on_target", "corners", "red", "possession", "xg")
    return {row.side: {name: getattr(row, name) for name in names} for row in rows}
