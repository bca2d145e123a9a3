"""The leagues there are from the start, and what each source calls them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from mlarena.core.db import db, insert
from mlarena.core.errors import NotFound
from mlarena.forecasts.models import League

SIMULATED = "SIM"


def _real(
    code: str, name: str, country: str, zone: str, rules: str, **codes: Any
) -> dict[str, Any]:
    return {
        "code": code,
        "name": name,
        "country": country,
        "timezone": zone,
        "family": "real",
        "rules": rules,
        "codes": codes,
    }


LEAGUES = (
    _real(
        "PL", "Premier League", "England", "Europe/London", "england",
        csv="E0", openfootball="en.1", football_data="PL", api_football=39,
    ),
    _real(
        "PD", "La Liga", "Spain", "Europe/Madrid", "spain",
        csv="SP1", openfootball="es.1", football_data="PD", api_football=140,
    ),
    _real(
        "BL1", "Bundesliga", "Germany", "Europe/Berlin", "germany",
        csv="D1", openfootball="de.1", football_data="BL1", api_football=78,
    ),
    _real(
        "SA", "Serie A", "Italy", "Europe/Rome", "italy",
        csv="I1", openfootball="it.1", football_data="SA", api_football=135,
    ),
    _real(
        "FL1", "Ligue 1", "France", "Europe/Paris", "france",
        csv="F1", openfootball="fr.1", football_data="FL1", api_football=61,
    ),
)  # fmt: skip
PLAYED_HERE = {
    "code": SIMULATED,
    "name": "Simulated League",
    "country": "nowhere",
    "timezone": "UTC",
    "family": "simulated",
    "rules": "goal_difference",
    "codes": {"simulated": SIMULATED},
}


def seed_leagues() -> int:
    """Make the leagues that are missing; how many. Those that are there stay as they are. Commits."""
    made = db.session.execute(
        insert(League).values([PLAYED_HERE, *LEAGUES]).on_conflict_do_nothing().returning(League.id)
    ).all()
    db.session.commit()
    return len(made)


def league_by_code(code: str) -> League:
    """By its own code, or by that in a CSV. Raises NotFound."""
    for league in db.session.scalars(select(League).order_by(League.id)):
        if code in (league.code, league.codes.get("csv")):
            return league
    raise NotFound(
        f"There is no league {code}; `flask forecasts seed-leagues` makes the first ones."
    )
