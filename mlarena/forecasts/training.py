"""Training the house model on the database's matches, and keeping what came of it.

A model learns from what was played before a day, and is measured on what was played since: so two models
are compared on matches that neither has seen. Ratings go on learning from day to day whatever model is in
use; a model's coefficients hold for months.
"""

from __future__ import annotations

import hashlib
import io
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np
from sqlalchemy import select, update

from mlarena.core.db import db
from mlarena.core.errors import NotFound
from mlarena.core.storage import storage
from mlarena.forecasts.data import fingerprint, known_matches
from mlarena.forecasts.house import model as house
from mlarena.forecasts.house.features import Features, build
from mlarena.forecasts.house.matches import Matches
from mlarena.forecasts.models import TrainedModel
from mlarena.forecasts.progress import Say, silent
from mlarena.scoring.outcomes import measure

TEST_SIZE = 0.15
STEPS = 4
LARGEST = 1 << 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Training:
    """A training's model, and whether it is in use now. `against` is the RPS of the one before, on the
    same matches; None where there was none."""

    model: TrainedModel
    in_use: bool
    against: float | None


def train(
    family: str,
    seasons: int | None = None,
    test_size: float = TEST_SIZE,
    force: bool = False,
    say: Say = silent,
) -> Training:
    """Learn from the family's matches, of the last so many seasons or all; commits.

    The new model comes into use unless the one before is better on the last `test_size` of the matches, or
    `force` says that it shall. Raises TooFew.
    """
    matches = known_matches(family)
    if not len(matches):
        raise house.TooFew(f"There are no played matches in the {family} leagues.")
    say(f"{len(matches)} matches read", STEPS)
    features = build(matches)
    say("features built", STEPS)
    since = int(matches.season.max()) - seasons if seasons else None
    past, later = _divided(matches, test_size, since)
    made = house.fit_rows(matches, features, past)
    say(f"learnt from {len(past)}", STEPS)
    metrics = _measured(made, matches, features, later)
    say(f"measured on {len(later)}", STEPS)
    row = TrainedModel(
        family=family,
        blob=_stored(made),
        code_version=house.VERSION,
        data_hash=fingerprint(matches),
        matches=len(past),
        known_until=_EPOCH + timedelta(days=int(matches.day[later].min())),
        metrics=metrics,
    )
    before = model_in_use(family)
    against = None
    if before is not None:
        # One that cannot be read any more is no rival: it says nothing.
        with suppress(house.BadArtifact):
            against = _measured(loaded(before.blob), matches, features, later)["rps"]
    better = force or against is None or metrics["rps"] <= against
    if better:
        db.session.execute(
            update(TrainedModel).where(TrainedModel.family == family).values(in_use=False)
        )
        row.in_use = True
    db.session.add(row)
    db.session.commit()
    return Training(row, better, against)


def _divided(
    matches: Matches, test_size: float, since: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Which matches teach, and which measure: those from a day on. A day is not divided."""
    known = house.teaching(matches)
    if since is not None:
        known = known[matches.season[known] > since]
    if len(known) < 2:
        raise house.TooFew(
            f"{len(known)} played matches after each league's first season are too few to train on: "
            f"{house.FEWEST} are needed."
        )
    cut = matches.day[known[int(len(known) * (1 - test_size))]]
    return known[matches.day[known] < cut], known[matches.day[known] >= cut]


def _measured(
    model: house.HouseModel, matches: Matches, features: Features, rows: np.ndarray
) -> dict[str, float]:
    return measure(model.predict(features.of(rows)), matches.outcome[rows])


def _stored(model: house.HouseModel) -> str:
    content = model.to_json().encode()
    name = hashlib.sha256(content).hexdigest()
    try:
        loaded(name)
    except house.BadArtifact:
        # Not there yet, or damaged: what is held under a name is not written a second time.
        with suppress(NotFound):
            storage().delete(name)
    return storage().put(io.BytesIO(content), LARGEST).sha256


def ready(family: str) -> bool:
    """Whether there is a model in use that this program can read."""
    used = model_in_use(family)
    if used is None:
        return False
    try:
        loaded(used.blob)
    except house.BadArtifact:
        return False
    return True


def model_in_use(family: str) -> TrainedModel | None:
    query = select(TrainedModel).where(TrainedModel.family == family, TrainedModel.in_use)
    return db.session.scalars(query.order_by(TrainedModel.id.desc()).limit(1)).first()


@lru_cache(maxsize=8)
def loaded(blob: str) -> house.HouseModel:
    """The artifact, read once. Raises BadArtifact where it is not what was stored, or of another version."""
    try:
        content = storage().read(blob)
    except NotFound as error:
        raise house.BadArtifact(f"The stored model is away: {error}") from None
    if hashlib.sha256(content).hexdigest() != blob:
        raise house.BadArtifact("The stored model is damaged: its checksum is another one.")
    return house.HouseModel.from_json(content)
