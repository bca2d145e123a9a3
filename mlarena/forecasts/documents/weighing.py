"""What sentiment is worth: the house's words with and without it, on matches that neither has learnt from.

The house forecasts every season by what came before it. On the earlier of these matches one weight is
learnt, by which the difference of both teams' sentiment moves home against away; on the later ones both are
measured. Sentiment is no feature of the model: where this finds it worth something, it is to be made one.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from scipy.optimize import minimize_scalar
from sqlalchemy import select

from mlarena.core.db import db
from mlarena.forecasts.data import known_matches
from mlarena.forecasts.documents.models import Document, DocumentTeam
from mlarena.forecasts.house import model as house
from mlarena.forecasts.house.features import build
from mlarena.forecasts.house.matches import Matches

LEARN = 0.6
# With fewer a difference of a few thousandths is not to be seen.
FEWEST = 200
# A weight is drawn to 0 as by so many matches.
RIDGE = 5.0
MOST = 5.0


class TooFew(ValueError):
    """There are not enough matches with news before them; the message says how many there are."""


@dataclass(frozen=True)
class Weighed:
    """Log losses on `n` held-out matches. `better` is by how much sentiment lowers it, `error` the standard
    error of that difference, `weight` what was learnt."""

    learnt_from: int
    n: int
    without: float
    with_it: float
    better: float
    error: float
    weight: float

    @property
    def useful(self) -> bool:
        return self.better > 2 * self.error

    @property
    def verdict(self) -> str:
        if self.useful:
            return "it lowers the held-out loss: make it a feature"
        return "no more than chance: it stays out of the model"


def weighed(family: str, days: int) -> Weighed:
    """Measure it, with the news of so many days before each kick-off. Raises TooFew."""
    matches = known_matches(family)
    ahead = sentiment_ahead(matches, days)
    known = np.flatnonzero(matches.played & ~np.isnan(ahead)) if len(matches) else np.array([], int)
    if len(known) < FEWEST:
        raise TooFew(
            f"{len(known)} played matches have news of both teams in the {days} days before them: "
            f"{FEWEST} are needed."
        )
    features = build(matches)
    said = np.full((len(matches), 3), np.nan)
    for season in np.unique(matches.season[known]):
        rows = known[matches.season[known] == season]
        try:
            said[rows] = house.fit(matches, features, int(season)).predict(features.of(rows))
        except house.TooFew:
            continue  # nothing came before it
    known = known[~np.isnan(said[known]).any(axis=1)]
    if len(known) < FEWEST:
        raise TooFew(
            f"{len(known)} matches with news have a season before them to learn from: {FEWEST} are needed."
        )
    return compare(said[known], ahead[known], matches.outcome[known])


def compare(said: np.ndarray, ahead: np.ndarray, outcome: np.ndarray) -> Weighed:
    """The same of words (match, 3), sentiment and outcomes in the order of time."""
    cut = int(len(said) * LEARN)
    usual = said[:cut], ahead[:cut], outcome[:cut]
    found = minimize_scalar(
        lambda weight: losses(*usual, weight).sum() + RIDGE * weight**2,
        bounds=(-MOST, MOST), method="bounded",
    )  # fmt: skip
    weight = float(found.x)
    without = losses(said[cut:], ahead[cut:], outcome[cut:], 0.0)
    with_it = losses(said[cut:], ahead[cut:], outcome[cut:], weight)
    gain = without - with_it
    return Weighed(
        learnt_from=cut,
        n=len(gain),
        without=float(without.mean()),
        with_it=float(with_it.mean()),
        better=float(gain.mean()),
        error=float(gain.std(ddof=1) / np.sqrt(len(gain))),
        weight=weight,
    )


def losses(said: np.ndarray, ahead: np.ndarray, outcome: np.ndarray, weight: float) -> np.ndarray:
    """−ln of what was given to what happened, after sentiment has moved home against away."""
    odds = np.log(np.clip(said, 1e-9, 1)) + np.outer(weight * ahead, (0.5, 0.0, -0.5))
    odds -= odds.max(axis=1, keepdims=True)
    every: np.ndarray = np.log(np.exp(odds).sum(axis=1)) - odds[np.arange(len(odds)), outcome]
    return every


def sentiment_ahead(matches: Matches, days: int) -> np.ndarray:
    """By match, how much better the home team's news of the days before kick-off was; NaN where one of the
    teams has none. What was published later than kick-off is not looked at."""
    query = (
        select(DocumentTeam.team_id, Document.published_at, Document.sentiment)
        .join(Document, Document.id == DocumentTeam.document_id)
        .where(Document.sentiment.is_not(None))
        .order_by(Document.published_at)
    )
    news = defaultdict(list)
    for team, at, sentiment in db.session.execute(query):
        news[team].append((at.timestamp(), sentiment))
    by_team = {team: (np.array(rows)[:, 0], np.array(rows)[:, 1]) for team, rows in news.items()}
    span = timedelta(days=days).total_seconds()

    def mean(team: int, kickoff: float) -> float:
        if team not in by_team:
            return np.nan
        at, values = by_team[team]
        of = values[np.searchsorted(at, kickoff - span) : np.searchsorted(at, kickoff)]
        return float(of.mean()) if len(of) else np.nan

    frame = matches.frame
    rows = zip(frame["date"], frame["home"], frame["away"], strict=True)
    return np.array(
        [
            mean(int(home), at.timestamp()) - mean(int(away), at.timestamp())
            for at, home, away in rows
        ]
    )
