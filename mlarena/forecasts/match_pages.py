"""A match's page, the forecast that is made there, and one's own forecasts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required
from sqlalchemy import func, select

from mlarena.accounts.permissions import role_required
from mlarena.core.api import page_meta
from mlarena.core.db import db
from mlarena.core.errors import Problem
from mlarena.forecasts import game, names, own, ratings, service, shown, story
from mlarena.forecasts.documents import search
from mlarena.forecasts.forms import AliasForm, ForecastForm
from mlarena.forecasts.models import League, Match, Team
from mlarena.forecasts.pages import DRAWN, MOST_PAGES, asker
from mlarena.forecasts.prizes import BEAT_XP, TOOK_PART_XP
from mlarena.forecasts.squads import readers

blueprint = Blueprint("forecasting", __name__, url_prefix="/forecasts")

PER_PAGE = 25
NEWS = 3
# A season's matches can be gone through in one sitting; a script has the API.


@blueprint.get("/matches/<id:match_id>")
def show(match_id: int) -> str:
    return _page(game.find_match(match_id))


@blueprint.post("/matches/<id:match_id>/forecast")
@login_required
@game.ENTER_LIMIT
def enter(match_id: int) -> Any:
    """Say it, or say it anew. What is wrong with it stands beside it, and what was typed stays."""
    match = game.find_match(match_id)
    form = ForecastForm.of(match, None, request.form)
    shares = form.shares() if form.validate() else None
    if shares is None:
        return _page(match, form), 422
    try:
        game.enter(current_user, match.id, shares)
    except Problem as problem:
        form.show(problem)
        return _page(match, form), problem.status
    return redirect(url_for("forecasting.show", match_id=match.id, _anchor="yours"), 303)


@blueprint.get("/mine")
@login_required
def mine() -> str:
    """One's own: seasons, calibration, the race against the house, every forecast."""
    query = own.matches_of(current_user.id)
    total = db.session.scalar(select(func.count()).select_from(query.order_by(None).subquery()))
    page = min(max(1, request.args.get("page", 1, type=int)), MOST_PAGES)
    meta = page_meta(page, PER_PAGE, total or 0)
    matches = db.session.scalars(query.offset((page - 1) * PER_PAGE).limit(PER_PAGE)).all()
    return render_template(
        "forecasts/mine.html",
        seasons=own.seasons_of(current_user.id),
        drawn=own.drawn(current_user.id),
        matches=matches,
        known=shown.Known.of(matches, current_user),
        meta=meta,
    )


@blueprint.get("/mine.csv")
@login_required
def mine_csv() -> Any:
    return own.as_csv(current_user)


@blueprint.get("/names")
@role_required("instructor")
def waiting() -> str:
    """Names of teams that nobody has mapped yet, and with them matches that wait."""
    return _names_page({})


@blueprint.post("/names/<id:alias_id>")
@role_required("instructor")
def map_name(alias_id: int) -> Any:
    alias = names.find_waiting(alias_id)
    form = AliasForm.of(alias, _teams([alias.league_id])[alias.league_id], request.form)
    if not form.validate() or not form.team_id.data:
        form.team_id.errors = ["Choose which team it is."]
        return _names_page({alias.id: form}), 422
    names.map_name(alias.id, form.team_id.data)
    flash(f"“{alias.name}” is known now: its matches enter with the next sync.")
    return redirect(url_for("forecasting.waiting"), 303)


def _page(match: Match, form: ForecastForm | None = None) -> str:
    viewer = asker()
    known = shown.Known.of([match], viewer)
    word, mine = known.houses.get(match.id), known.own.get(match.id)
    begun = known.now >= match.kickoff
    revealed = known.revealed(match)
    lines = ratings.lines_of(match.league_id)
    since, until = match.kickoff - DRAWN, match.kickoff + timedelta(minutes=1)
    drawn = [
        (team.name, story.recent(lines.get(team.id, []), until, since))
        for team in (match.home, match.away)
    ]
    crowd = game.crowd(match.id) if begun else None
    said = [("You", mine.shares if mine and mine.score is not None else None)]
    said.append(("The house", word.shares if word else None))
    return render_template(
        "forecasts/match.html",
        match=match,
        league=match.league,
        form=form or ForecastForm.of(match, mine),
        typed=form is not None,
        is_open=match.open_at(known.now),
        begun=begun,
        mine=mine,
        word=word if revealed else None,
        has_word=word is not None,
        reasons=story.reasons(word, match.home.name, match.away.name) if revealed else [],
        crowd=crowd,
        spread=story.crowd_spread(match.id) if crowd else [],
        worth=story.worth(match.outcome if match.settled_at else None, said),
        forms=[service.form_of(team, match.kickoff) for team in (match.home, match.away)],
        meetings=story.meetings(match),
        ratings=drawn,
        stats=service.stats_of(match.id),
        changes=story.changes(match.id),
        goals=readers.goals_of(match.id),
        absent=readers.absent_from(match.id),
        news=search.latest([match.home_id, match.away_id], NEWS),
        so_far=_so_far(viewer, match),
        prizes=(TOOK_PART_XP, BEAT_XP),
    )


def _so_far(viewer: Any, match: Match) -> own.SeasonOf | None:
    if viewer is None:
        return None
    found = own.seasons_of(viewer.id, match.league_id)
    return next((one for one in found if one.season.id == match.season_id), None)


def _teams(league_ids: list[int]) -> dict[int, list[Team]]:
    query = select(Team).where(Team.league_id.in_(league_ids)).order_by(Team.name)
    found: dict[int, list[Team]] = {league_id: [] for league_id in league_ids}
    for team in db.session.scalars(query):
        found[team.league_id].append(team)
    return found


def _names_page(answered: dict[int, AliasForm]) -> str:
    waiting = names.waiting_names()
    teams = _teams(sorted({alias.league_id for alias in waiting}))
    rows = [
        (alias, answered.get(alias.id) or AliasForm.of(alias, teams[alias.league_id]))
        for alias in waiting
    ]
    leagues = {one.id: one for one in db.session.scalars(select(League))}
    return render_template("forecasts/names.html", rows=rows, leagues=leagues)
