"""Names of teams: every source has its own, and none is guessed.

The first source that brings a league names its teams. What any other source calls them is looked up; a name
that nobody has mapped waits, and with it that source's matches of the team.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from mlarena.core.db import db, insert
from mlarena.core.errors import NotFound
from mlarena.forecasts.models import League, Team, TeamAlias


def teams_by_name(league: League, source: str, names: set[str]) -> dict[str, int | None]:
    """The team of every name, None for one that waits. Names that are new are written down."""
    query = select(TeamAlias.name, TeamAlias.team_id).where(
        TeamAlias.league_id == league.id, TeamAlias.source == source
    )
    known: dict[str, int | None] = {row.name: row.team_id for row in db.session.execute(query)}
    new = sorted(names - known.keys())
    if not new:
        return known
    if league.named_by is None:
        league.named_by = source
    for name in new:
        team = _named(db.session(), league, name) if league.named_by == source else None
        db.session.execute(
            insert(TeamAlias)
            .values(league_id=league.id, source=source, name=name, team_id=team)
            .on_conflict_do_nothing()
        )
        known[name] = team
    return known


def _named(session: Session, league: League, name: str) -> int:
    team = Team(league_id=league.id, name=name)
    session.add(team)
    session.flush()
    return team.id


def waiting_names() -> list[TeamAlias]:
    """What nobody has mapped yet, the oldest first."""
    query = select(TeamAlias).where(TeamAlias.team_id.is_(None))
    return list(db.session.scalars(query.order_by(TeamAlias.seen_at, TeamAlias.id)))


def find_waiting(alias_id: int) -> TeamAlias:
    """A name that nobody has mapped yet. Raises NotFound."""
    alias = db.session.get(TeamAlias, alias_id)
    if alias is None or alias.team_id is not None:
        raise NotFound("There is no such name, or it is known by now.")
    return alias


def map_name(alias_id: int, team_id: int) -> None:
    """Say which team a waiting name means; its matches enter with the next sync. Commits.

    Raises NotFound: no such name, or the team is not of its league.
    """
    alias = db.session.get(TeamAlias, alias_id)
    team = db.session.get(Team, team_id)
    if alias is None or team is None or team.league_id != alias.league_id:
        raise NotFound("There is no such name, or no such team in its league.")
    alias.team_id = team.id
    db.session.commit()
