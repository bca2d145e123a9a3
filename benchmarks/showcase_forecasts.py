"""The showcase's forecasts: the simulated league in mid-season, and people who have played it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from benchmarks.showcase_competitions import inside

if TYPE_CHECKING:
    from benchmarks.showcase import Showcase

# Of the latest matches that are over, so many are played here; some of the next are forecast.
PLAYED = 90
NEXT = 6
# A season with fewer matches has just begun.
FEWEST = 20


def pages(case: Showcase, hero: str, teacher: str) -> dict[str, tuple[str, str | None]]:
    of = case.forecasts
    return {
        "forecasts": ("/forecasts", hero),
        "forecasts-signed-out": ("/forecasts", None),
        "forecasts-jump": ("/forecasts/jump?q=t", None),
        "forecast-league": (f"/forecasts/leagues/{of['league']}", hero),
        "forecast-board": (f"/forecasts/leagues/{of['league']}/board", hero),
        "forecast-match": (f"/forecasts/matches/{of['open']}", "newcomer"),
        "forecast-match-said": (f"/forecasts/matches/{of['said']}", hero),
        "forecast-match-over": (f"/forecasts/matches/{of['over']}", hero),
        "forecast-team": (f"/forecasts/teams/{of['team']}", hero),
        "forecast-house": (f"/forecasts/house?league={of['league']}", None),
        "forecasts-mine": ("/forecasts/mine", hero),
        "forecasts-mine-empty": ("/forecasts/mine", "newcomer"),
        "forecast-news": ("/forecasts/news?q=injured", None),
        "forecast-names": ("/forecasts/names", teacher),
        "forecast-feeds": ("/forecasts/feeds", teacher),
    }


def play(case: Showcase, hero: str, people: Sequence[str]) -> None:
    """Everybody has forecast some of the past; the hero says something of what comes."""
    chance = random.Random(11)
    with inside(case.here):
        from sqlalchemy import select

        from mlarena.core.db import db
        from mlarena.forecasts.documents import ingest
        from mlarena.forecasts.leagues import league_by_code
        from mlarena.forecasts.models import TeamAlias

        over, coming = season(PLAYED, NEXT)
        for place, name in enumerate(people):
            said = over if name == hero else chance.sample(over, 8 + 9 * place % len(over))
            enter_past(case.users[name], said, doubt=0.02 + 0.02 * place, seed=place)
        settle()
        league = league_by_code("SIM")
        if not db.session.scalar(select(TeamAlias.id).where(TeamAlias.team_id.is_(None))):
            for named in ("Entropy Tn.", "Überfit Utd"):
                db.session.add(TeamAlias(league_id=league.id, source="openfootball", name=named))
            db.session.commit()
        ingest.add_feed("https://paper.example/football.rss")
        ingest.paste(
            f"{coming[0].home.name} without their captain",
            f"{coming[0].home.name} have lost their captain, who was injured in training on Thursday. "
            f"The derby against {coming[0].away.name} comes too early, the club said.",
        )
        last = max(over, key=lambda match: match.kickoff)
        case.forecasts = {
            "league": league.id,
            "over": last.id,
            "said": coming[0].id,
            "open": coming[1].id,
            "team": last.home_id,
        }
        next_ones = [match.id for match in coming[:3]]
    for match_id in next_ones:
        body = {"home": 0.48, "draw": 0.27, "away": 0.25}
        status, answer = case.here.call(
            "PUT", f"/matches/{match_id}/forecast", case.tokens[hero], body
        )
        if status != 200:
            raise RuntimeError(f"forecast: {status} {answer}")


def season(played: int, coming: int) -> tuple[list[Any], list[Any]]:
    """The simulated league up to the minute, with a trained house: the latest matches that are over of a
    season that has some, of which the house has a word as it would have had it then, and the next ones."""
    from sqlalchemy import func, select

    from mlarena.core.clock import utcnow
    from mlarena.core.db import db
    from mlarena.forecasts import ledger, sync, training
    from mlarena.forecasts.leagues import league_by_code
    from mlarena.forecasts.models import Match

    sync.keep_simulated()
    if training.model_in_use("simulated") is None:
        training.train("simulated")
    ledger.generate("simulated")
    matches = select(Match).where(Match.league_id == league_by_code("SIM").id)
    finished = matches.where(Match.status == "finished")
    begun = finished.with_only_columns(Match.season_id).group_by(Match.season_id)
    begun = begun.having(func.count() >= FEWEST).order_by(func.max(Match.kickoff).desc())
    newest = db.session.scalars(begun).first()
    over = finished.where(Match.season_id == newest).order_by(Match.kickoff.desc(), Match.id)
    rows = list(db.session.scalars(over.limit(played)))
    next_ones = matches.where(
        Match.status == "scheduled", Match.kickoff > utcnow() + timedelta(minutes=10)
    )
    next_ones = next_ones.order_by(Match.kickoff, Match.id).limit(coming)
    _words_of(rows)
    return rows, list(db.session.scalars(next_ones))


def season_before(match: Any, played: int) -> list[Any]:
    """The season before that of `match`, which is over: all of it, the latest first, with the house's words
    of so many."""
    from sqlalchemy import select

    from mlarena.core.db import db
    from mlarena.forecasts.models import Match, Season

    of_year = select(Match).join(Season, Season.id == Match.season_id)
    of_year = of_year.where(
        Season.year == match.season.year - 1, Match.league_id == match.league_id
    )
    rows = list(db.session.scalars(of_year.order_by(Match.kickoff.desc(), Match.id)))
    _words_of(rows[:played])
    return rows


def _words_of(over: Sequence[Any]) -> None:
    """What the house would have said before each kick-off: features know nothing later anyway."""
    import numpy as np

    from mlarena.core.db import db
    from mlarena.forecasts import ledger, training
    from mlarena.forecasts.data import known_matches
    from mlarena.forecasts.house.features import build
    from mlarena.forecasts.house.model import teaching
    from mlarena.forecasts.models import Prediction

    model_row = training.model_in_use("simulated")
    if model_row is None:
        raise RuntimeError("the simulated league has no model")
    model, matches = training.loaded(model_row.blob), known_matches("simulated")
    features = build(matches)
    usual = features.matrix[teaching(matches)].mean(axis=0)
    said = ledger.words_of(match.id for match in over)
    wanted = {match.id: match for match in over if match.id not in said}
    ids = matches.frame["id"].to_numpy()
    rows = np.flatnonzero(np.isin(ids, list(wanted)))
    known = features.of(rows)
    for row, shares, why in zip(
        rows, model.predict(known), model.moved_by(known, usual), strict=True
    ):
        match = wanted[int(ids[row])]
        home, draw, away = (float(share) for share in shares)
        told = {name: round(pull, 4) for name, pull in list(why.items())[: ledger.TOLD]}
        db.session.add(
            Prediction(
                match_id=match.id, model_id=model_row.id, home=home, draw=draw, away=away,
                made_at=match.kickoff - timedelta(hours=4), moved_by=told,
            )
        )  # fmt: skip
    db.session.commit()


def enter_past(user_id: int, over: Sequence[Any], doubt: float, seed: int) -> None:
    """Forecasts as somebody would have made them an hour before: the house's, moved by their own `doubt`."""
    from mlarena.core.db import db
    from mlarena.forecasts import ledger
    from mlarena.forecasts.models import Forecast

    chance, words = random.Random(seed), ledger.words_of(match.id for match in over)
    for match in over:
        moved = [max(0.02, share + chance.gauss(0, doubt)) for share in words[match.id].shares]
        home, draw, away = (share / sum(moved) for share in moved)
        at = match.kickoff - timedelta(hours=1)
        db.session.add(
            Forecast(
                user_id=user_id, match_id=match.id, home=home, draw=draw, away=away,
                entered_at=at, changed_at=at,
            )
        )  # fmt: skip
        match.settled_at = None
    db.session.commit()


def settle() -> None:
    """As the clock's job does."""
    from mlarena.forecasts import jobs

    jobs.settle()
