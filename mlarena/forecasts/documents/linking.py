"""Whom a text is about: teams by all names that somebody has given them, players by theirs.

Nothing is guessed. A name that two teams have links to neither; a surname alone is a player's only where
their team is named too, and where nobody else of the named teams has it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import select

from mlarena.core.db import db
from mlarena.forecasts.documents.cleaning import fold, words
from mlarena.forecasts.models import Team, TeamAlias
from mlarena.forecasts.squads.models import Player

# What clubs have around their names and papers leave out.
_DECORATION = "fc afc cf sc ac as ss ssc rc rcd cd ud sv tsv vfb vfl fsv tsg us ogc bc ca"
DECORATION = frozenset(_DECORATION.split())
SHORTEST = 4
Name = tuple[str, ...]


@dataclass
class Names:
    """What the teams and players are called: names in words, to the ids of those who have them."""

    teams: dict[Name, set[int]] = field(default_factory=lambda: defaultdict(set))
    players: dict[Name, set[int]] = field(default_factory=lambda: defaultdict(set))
    surnames: dict[int, dict[str, set[int]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(set))
    )

    def add_team(self, team_id: int, name: str) -> None:
        whole = tuple(words(fold(name)))
        bare = tuple(word for word in whole if word not in DECORATION)
        for one in {whole, bare}:
            if sum(map(len, one)) >= SHORTEST:
                self.teams[one].add(team_id)

    def add_player(self, player_id: int, team_id: int, name: str, full_name: str | None) -> None:
        for one in {tuple(words(fold(said))) for said in (name, full_name or "") if said}:
            if len(one) > 1:
                self.players[one].add(player_id)
        last = words(fold(name))[-1:]
        if last and len(last[0]) >= SHORTEST:
            self.surnames[team_id][last[0]].add(player_id)

    def found_in(self, text: str) -> tuple[Counter[int], Counter[int]]:
        """Teams and players that a text names, with how often."""
        said = words(fold(text))
        teams, rest = _longest(said, self.teams)
        players, rest = _longest(rest, self.players)
        known: dict[str, set[int]] = defaultdict(set)
        for team in teams:
            for surname, ids in self.surnames.get(team, {}).items():
                known[surname] |= ids
        for word in rest:
            if len(known.get(word, ())) == 1:
                players[next(iter(known[word]))] += 1
        return teams, players


def known_names() -> Names:
    """All teams and players there are; in three queries."""
    names = Names()
    for id_, name in db.session.execute(select(Team.id, Team.name)):
        names.add_team(id_, name)
    aliases = select(TeamAlias.team_id, TeamAlias.name).where(TeamAlias.team_id.is_not(None))
    for team_id, name in db.session.execute(aliases):
        names.add_team(int(team_id or 0), name)
    query = select(Player.id, Player.team_id, Player.name, Player.full_name)
    for id_, team_id, name, full_name in db.session.execute(query):
        names.add_player(id_, team_id, name, full_name)
    return names


def _longest(said: list[str], names: dict[Name, set[int]]) -> tuple[Counter[int], list[str]]:
    """Who is named, the longest name first ("Manchester United" is not also "United"), and what is left of
    the words: a blank where a name was."""
    most = max(map(len, names), default=0)
    begins = {name[0] for name in names}
    found: Counter[int] = Counter()
    left: list[str] = []
    at = 0
    while at < len(said):
        length = _length(said, at, names, most) if said[at] in begins else 0
        if not length:
            left.append(said[at])
            at += 1
            continue
        ids = names[tuple(said[at : at + length])]
        if len(ids) == 1:
            found[next(iter(ids))] += 1
        left.append("")
        at += length
    return found, left


def _length(said: list[str], at: int, names: dict[Name, set[int]], most: int) -> int:
    sizes: Iterable[int] = range(min(most, len(said) - at), 0, -1)
    return next((size for size in sizes if tuple(said[at : at + size]) in names), 0)
