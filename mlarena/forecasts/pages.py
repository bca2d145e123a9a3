"""The wing's pages: what there is to forecast, leagues, teams, how good the house is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_login import current_user
from sqlalchemy import select

from mlarena.core.api import LARGEST_ID, page_meta
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.core.search import fold, rank
from mlarena.forecasts import analytics, board, matchdays, own, ratings, service, shown, story
from mlarena.forecasts.models import League, Match, Season, Team
from mlarena.forecasts.squads import readers

blueprint = Blueprint("forecasts", __name__, url_prefix="/forecasts")

SOON = timedelta(days=2)
MOST_SOON = 30
MOST_FOUND = 20
BOARD_ROWS = 50
MOST_PAGES = 1_000_000
TEAM_MATCHES = 10
SCORERS = 10
# A rating's line goes so far back.
DRAWN = timedelta(days=730)
PERIODS = {30: "30 days", 90: "90 days", 365: "A year", 3650: "All"}


def asker() -> Any:
    return current_user if current_user.is_authenticated else None


@blueprint.get("")
def index() -> str:
    viewer = asker()
    leagues = list(db.session.scalars(service.leagues_query()))
    soon = db.session.scalars(service.soon_query(utcnow() + SOON).limit(MOST_SOON)).all()
    return render_template(
        "forecasts/index.html",
        leagues=leagues,
        seasons=service.latest_seasons([one.id for one in leagues]),
        matches=soon,
        known=shown.Known.of(soon, viewer),
        so_far={one.league.id: one for one in reversed(own.seasons_of(viewer.id))}
        if viewer
        else {},
        names=db.session.scalars(select(Team.name).order_by(Team.name).limit(1000)).all(),
    )


@blueprint.get("/jump")
def jump() -> Any:
    """To the team or league that somebody has typed; a list where several would do."""
    asked = " ".join(request.args.get("q", "").split())[:80]
    hits: list[tuple[int, str, str, str]] = []
    if asked:
        leagues = {one.id: one for one in db.session.scalars(select(League))}
        for one in leagues.values():
            place = rank(asked, one.name, f"{one.code} {one.country}")
            if place is not None:
                address = url_for("forecasts.league", league_id=one.id)
                hits.append((place, one.name, "League", address))
        for team in db.session.scalars(select(Team).order_by(Team.name)):
            place = rank(asked, team.name)
            if place is not None:
                address = url_for("forecasts.team", team_id=team.id)
                hits.append((place, team.name, leagues[team.league_id].name, address))
    hits.sort(key=lambda hit: (hit[0], hit[1]))
    exact = [hit for hit in hits if fold(hit[1]) == fold(asked)]
    if len(exact) == 1 or len(hits) == 1:
        return redirect((exact or hits)[0][3], 303)
    return render_template("forecasts/jump.html", asked=asked, hits=hits[:MOST_FOUND])


@blueprint.get("/leagues/<id:league_id>")
def league(league_id: int) -> str:
    """A season of it: a matchday, the table. In a constant number of queries, however many seasons."""
    viewer, one = asker(), service.find_league(league_id)
    seasons = service.seasons_of(one)
    season = _season(one, seasons)
    days = matchdays.matchdays(season, one) if season else []
    place = matchdays.chosen(days, request.args.get("matchday"))
    today = days[place] if place is not None else None
    query = service.matches_query().where(Match.id.in_(today.ids if today else []))
    matches = db.session.scalars(query).all()
    return render_template(
        "forecasts/league.html",
        league=one,
        seasons=seasons,
        season=season,
        table=service.table_of(one, season),
        days=days,
        place=place,
        matchday=today,
        matches=matches,
        known=shown.Known.of(matches, viewer),
        winners=matchdays.winners(today.ids) if today else [],
        scorers=readers.top_scorers(season, SCORERS),
    )


@blueprint.get("/leagues/<id:league_id>/board")
def league_board(league_id: int) -> str:
    """Who beats the house, season by season."""
    viewer, one = asker(), service.find_league(league_id)
    seasons = service.seasons_of(one)
    current = board.season_of(one.id)
    season = _season(one, seasons, current)
    number = min(max(1, request.args.get("page", 1, type=int)), MOST_PAGES)
    own_id = viewer.id if viewer else None
    rows, size, mine = board.season_rows(
        season.id if season else None, (number - 1) * BOARD_ROWS, BOARD_ROWS, own_id
    )
    last = matchdays.latest_over(matchdays.matchdays(season, one)) if season else None
    return render_template(
        "forecasts/board.html",
        league=one,
        seasons=seasons,
        season=season,
        live=season is not None and season.id == current,
        rows=rows,
        mine=mine,
        so_far=_so_far_in(season),
        meta=page_meta(number, BOARD_ROWS, size),
        matchday=last,
        winners=matchdays.winners(last.ids) if last else [],
        fewest=board.FEWEST,
    )


@blueprint.get("/teams/<id:team_id>")
def team(team_id: int) -> str:
    """What a team has done, what it is to play, how strong it has been."""
    viewer, one = asker(), service.find_team(team_id)
    of, now = service.find_league(one.league_id), utcnow()
    to_come = Match.status.in_(("scheduled", "postponed", "live"))
    query = service.matches_query(team=one.id).where(to_come).limit(TEAM_MATCHES)
    coming = db.session.scalars(query).all()
    return render_template(
        "forecasts/team.html",
        team=one,
        league=of,
        players=readers.players_of(one, service.find_season(of, None)),
        form=service.form_of(one),
        coming=coming,
        known=shown.Known.of(coming, viewer),
        rating=story.recent(ratings.lines_of(one.league_id).get(one.id, []), now, now - DRAWN),
    )


@blueprint.get("/house")
def house() -> str:
    """How good the house is, by what it wrote down before kick-off."""
    days = request.args.get("days", 90, type=int)
    days = days if days in PERIODS else 90
    asked = request.args.get("league", 0, type=int)
    one = service.find_league(asked) if 0 < asked <= LARGEST_ID else None
    return render_template(
        "forecasts/house.html",
        league=one,
        leagues=list(db.session.scalars(service.leagues_query())),
        days=days,
        periods=PERIODS,
        told=analytics.accuracy(days, one.id if one else None),
        models=analytics.performance(days, one.id if one else None),
    )


def _season(one: League, seasons: list[Season], usual: int | None = None) -> Season | None:
    """The season of `?season=`, or the one with id `usual`, or the one that goes on. Raises NotFound."""
    asked = request.args.get("season")
    if asked is not None:
        return service.find_season(one, int(asked) if asked.isdecimal() and len(asked) < 6 else -1)
    found = next((season for season in seasons if season.id == usual), None)
    found = found or service.find_season(one, None)
    return found or (seasons[-1] if seasons else None)


def _so_far_in(season: Season | None) -> own.SeasonOf | None:
    """How whoever asks stands in a season, also with too few forecasts for its board."""
    viewer = asker()
    if viewer is None or season is None:
        return None
    found = own.seasons_of(viewer.id, season.league_id)
    return next((one for one in found if one.season.id == season.id), None)
