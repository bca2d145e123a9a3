"""A set to measure search by: short news of invented teams, and questions asked in other words.

Of every kind of news each team has three texts, told differently, and there are two questions: which texts
answer one follows from how the set is made, so that nobody's judgement is in it. What does not answer is
hard: other news of the same team, the same news of others. The texts are formulas and English, their number
is small: the set tells whether fusion is built rightly, and little about how anybody's own news will be
found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mlarena.forecasts.simulation import TEAMS


@dataclass(frozen=True)
class Kind:
    """One kind of news: how it is told, and how it is asked for; `{team}` is the team, `{other}` one more."""

    told: tuple[str, str, str]
    asked: tuple[str, str]


KINDS = (
    Kind(
        (
            "{team} will miss their leading striker for six weeks after he tore a hamstring in training.",
            "Scans have confirmed the worst for {team}: the number nine is sidelined until the new year.",
            "A muscle tear keeps the {team} forward out; against {other} a youngster leads the line.",
        ),
        ("injury to an attacker of {team}", "which {team} goalscorer is hurt"),
    ),
    Kind(
        (
            "{team} have sacked their head coach after a fifth defeat in a row.",
            "The board of {team} parted company with the manager on Monday morning.",
            "After the loss against {other} the bench at {team} is vacant: the trainer had to go.",
        ),
        ("{team} dismiss their boss", "who was fired at {team}"),
    ),
    Kind(
        (
            "{team} unveiled a new manager, who signed a contract for three years.",
            "The new man in the dugout of {team} took his first session today.",
            "He knows {other} well: {team} appoint the former assistant as head coach.",
        ),
        ("{team} hire a coach", "successor on the bench named by {team}"),
    ),
    Kind(
        (
            "{team} completed the signing of a midfielder for a club record fee.",
            "The playmaker passed his medical and joins {team} from {other}.",
            "Deal done: {team} strengthen the centre of the park with an expensive arrival.",
        ),
        ("{team} buy a player", "transfer to {team} for big money"),
    ),
    Kind(
        (
            "{team} have sold their captain to {other}, and supporters are furious.",
            "The skipper leaves {team} after nine years; the fee stays undisclosed.",
            "Farewell at {team}: the armband is free, its bearer moves abroad.",
        ),
        ("departure of the leader of {team}", "{team} let their longest serving man go"),
    ),
    Kind(
        (
            "{team} drew level at the top of the table with a win over {other}.",
            "Eleven matches unbeaten: nobody climbs as {team} do this autumn.",
            "The run goes on, {team} celebrate another victory and lead the league.",
        ),
        ("{team} in great form", "winning streak of {team}"),
    ),
    Kind(
        (
            "{team} slipped into the bottom three after another heartbreaking evening.",
            "One point from eight games: {team} look doomed.",
            "The drop zone is no place for {team}, says the chairman, but {other} were too strong.",
        ),
        ("danger of relegation for {team}", "{team} struggle badly"),
    ),
    Kind(
        (
            "The keeper of {team} saved two penalties in the shoot-out against {other}.",
            "Between the posts {team} have a hero: his gloves decided the evening.",
            "A wall in goal: the shot-stopper of {team} kept a seventh clean sheet.",
        ),
        ("outstanding goalkeeper of {team}", "{team} custodian shines"),
    ),
    Kind(
        (
            "A defender of {team} is suspended for three games after his red card.",
            "The tribunal rejected the appeal of {team}: the centre back has to watch from the stands.",
            "Banned: {team} travel to {other} without their tallest man.",
        ),
        ("{team} player not allowed to play after being sent off", "disciplinary punishment for {team}"),
    ),
    Kind(
        (
            "{team} presented plans for a new stadium with forty thousand seats.",
            "The council approved it: {team} move to a modern arena by the river.",
            "Diggers at the old docks, where {team} will receive {other} in three years.",
        ),
        ("{team} build a ground", "future home of {team}"),
    ),
    Kind(
        (
            "{team} are in financial trouble and could not pay wages this month.",
            "Debts of ninety million: {team} look for an investor.",
            "The auditors warn about the accounts of {team}; {other} wait for their transfer money.",
        ),
        ("money problems at {team}", "{team} close to bankruptcy"),
    ),
    Kind(
        (
            "A seventeen-year-old from the academy scored on his debut for {team}.",
            "The kid nobody knew: {team} celebrate a teenager.",
            "Youth pays at {team}, whose youngest ever beginner beat {other} alone.",
        ),
        ("young talent of {team}", "{team} prodigy makes his first appearance"),
    ),
)  # fmt: skip


def texts() -> Iterator[tuple[str, int, str]]:
    """(team, number of the kind, text) of every document."""
    for place, team in enumerate(TEAMS):
        for number, kind in enumerate(KINDS):
            other = TEAMS[(place + number + 1) % len(TEAMS)]
            if other == team:
                other = TEAMS[(place + 1) % len(TEAMS)]
            for told in kind.told:
                yield team, number, told.format(team=team, other=other)


def questions() -> Iterator[tuple[str, int, str]]:
    """(team, number of the kind, question): answered by the three texts of the same team and kind."""
    for team in TEAMS:
        for number, kind in enumerate(KINDS):
            for asked in kind.asked:
                yield team, number, asked.format(team=team)
