"""The forecasts' JSON door: leagues, teams and matches, the house's words, and one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response
from flask_login import current_user
from sqlalchemy import Select, func, select

from mlarena.accounts.permissions import api_login_required, role_required
from mlarena.core.api import PageQuery, api_blueprint, ok, page_meta, paged
from mlarena.core.db import db
from mlarena.forecasts import analytics, game, service, shown
from mlarena.forecasts.documents import ingest
from mlarena.forecasts.documents import search as documents
from mlarena.forecasts.models import Forecast, Match, Team
from mlarena.forecasts.schemas import (
    DaysQuery,
    DocumentIn,
    DocumentsQuery,
    ForecastIn,
    LedgerQuery,
    MatchesQuery,
    SeasonQuery,
    TeamsQuery,
)
from mlarena.forecasts.squads import readers

blueprint = api_blueprint("forecasts", "Forecasts")
Answer = tuple[Response, int]


def asker() -> Any:
    """Who asks, or None for anyone."""
    return current_user if current_user.is_authenticated else None


def _matches(
    query: Select[Any],
    wanted: PageQuery,
    tell: Callable[[shown.Known, Match], dict[str, Any]] = shown.Known.match,
) -> Answer:
    """One page of matches, in a constant number of queries."""
    counted = select(func.count()).select_from(query.order_by(None).subquery())
    total = db.session.scalar(counted) or 0
    rows = db.session.scalars(query.offset(wanted.offset).limit(wanted.per_page)).all()
    known = shown.Known.of(rows, asker())
    meta = page_meta(wanted.page, wanted.per_page, total)
    return ok([tell(known, match) for match in rows], **meta)


def _whole(rows: list[dict[str, Any]]) -> Answer:
    """A list that is one page, however long."""
    return ok(rows, **page_meta(1, max(1, len(rows)), len(rows)))


@blueprint.get("/leagues")
@blueprint.input(PageQuery, location="query")
def list_leagues(query_data: PageQuery) -> Answer:
    """The leagues, each with the season it is in."""
    seasons = service.latest_seasons(
        [one.id for one in db.session.scalars(service.leagues_query())]
    )
    return paged(
        service.leagues_query(), query_data, lambda one: shown.league(one, seasons.get(one.id))
    )


@blueprint.get("/leagues/<id:league_id>")
def show_league(league_id: int) -> Answer:
    """One league, with the season it is in."""
    league = service.find_league(league_id)
    return ok(shown.league(league, service.find_season(league, None)))


@blueprint.get("/leagues/<id:league_id>/standings")
@blueprint.input(SeasonQuery, location="query")
def show_standings(league_id: int, query_data: SeasonQuery) -> Answer:
    """The table by the league's own rules, with form; of the season it is in, or `?season=`."""
    league = service.find_league(league_id)
    return _whole(service.table_of(league, service.find_season(league, query_data.season)))


@blueprint.get("/leagues/<id:league_id>/fixtures")
@blueprint.input(PageQuery, location="query")
def league_fixtures(league_id: int, query_data: PageQuery) -> Answer:
    """What is to be played in a league, the next first."""
    service.find_league(league_id)
    coming = service.matches_query(league=league_id, status="scheduled")
    return _matches(coming, query_data)


@blueprint.get("/teams")
@blueprint.input(TeamsQuery, location="query")
def list_teams(query_data: TeamsQuery) -> Answer:
    """Teams by name; `?league=` of one league."""
    query = select(Team).order_by(Team.name, Team.id)
    if query_data.league is not None:
        query = query.where(Team.league_id == query_data.league)
    return paged(query, query_data, shown.team)


@blueprint.get("/teams/<id:team_id>")
def show_team(team_id: int) -> Answer:
    """One team, with its league."""
    team = service.find_team(team_id)
    return ok(shown.team(team) | {"league": shown.league(service.find_league(team.league_id))})


@blueprint.get("/teams/<id:team_id>/form")
def team_form(team_id: int) -> Answer:
    """The last ten matches of a team, the latest first: results, points, opponents."""
    return ok(service.form_of(service.find_team(team_id)))


@blueprint.get("/teams/<id:team_id>/fixtures")
@blueprint.input(PageQuery, location="query")
def team_fixtures(team_id: int, query_data: PageQuery) -> Answer:
    """What a team is to play, the next first."""
    service.find_team(team_id)
    return _matches(service.matches_query(team=team_id, status="scheduled"), query_data)


@blueprint.get("/teams/<id:team_id>/players")
def team_players(team_id: int) -> Answer:
    """A team's players, goalkeepers first: position, injury, market value in euros, figures of the season."""
    team = service.find_team(team_id)
    season = service.latest_seasons([team.league_id]).get(team.league_id)
    return _whole(readers.players_of(team, season))


@blueprint.get("/leagues/<id:league_id>/top-scorers")
@blueprint.input(SeasonQuery, location="query")
def top_scorers(league_id: int, query_data: SeasonQuery) -> Answer:
    """Who has scored most in the season it is in, or `?season=`; equals share a rank. `counted` where every
    goal's scorer is known, else the figures are a source's."""
    league = service.find_league(league_id)
    return _whole(readers.top_scorers(service.find_season(league, query_data.season)))


@blueprint.get("/matches")
@blueprint.input(MatchesQuery, location="query")
def list_matches(query_data: MatchesQuery) -> Answer:
    """Matches by kick-off; `?league= &team= &status= &from= &to=`."""
    asked = query_data.model_dump(include={"league", "team", "status", "since", "until"})
    return _matches(service.matches_query(**asked), query_data)


@blueprint.get("/matches/live")
@blueprint.input(PageQuery, location="query")
def live_matches(query_data: PageQuery) -> Answer:
    """What is being played now."""
    return _matches(service.matches_query(status="live"), query_data)


@blueprint.get("/matches/<id:match_id>")
def show_match(match_id: int) -> Answer:
    """One match: what was counted, the house's word, your own forecast, and after kick-off the crowd's."""
    match = game.find_match(match_id)
    known = shown.Known.of([match], asker())
    crowd = game.crowd(match.id) if known.now >= match.kickoff else None
    more = {
        "stats": service.stats_of(match.id),
        "crowd": crowd,
        "goals": readers.goals_of(match.id),
        "absent": readers.absent_from(match.id),
    }
    return ok(known.match(match) | more)


@blueprint.put("/matches/<id:match_id>/forecast")
@api_login_required
@game.ENTER_LIMIT
@blueprint.input(ForecastIn, location="json")
def enter_forecast(match_id: int, json_data: ForecastIn) -> Answer:
    """Say what you believe, until kick-off: three probabilities that sum to 1. Again changes it."""
    shares = (json_data.home, json_data.draw, json_data.away)
    entered = game.enter(current_user, match_id, shares)
    match = game.find_match(match_id)
    known = shown.Known.of([match], current_user)
    return ok((shown.forecast(entered, match) or {}) | {"prediction": known.house(match)})


@blueprint.get("/users/me/forecasts")
@api_login_required
@blueprint.input(PageQuery, location="query")
def own_forecasts(query_data: PageQuery) -> Answer:
    """Your own forecasts, each with its match; the latest kick-off first."""
    query = (
        select(Match)
        .options(*service.WHOLE)
        .join(Forecast, Forecast.match_id == Match.id)
        .where(Forecast.user_id == current_user.id)
        .order_by(Match.kickoff.desc(), Match.id.desc())
    )
    return _matches(query, query_data)


@blueprint.get("/predictions/upcoming")
@blueprint.input(PageQuery, location="query")
def upcoming(query_data: PageQuery) -> Answer:
    """What the house says of the coming matches, the next first. Its probabilities are shown to those who
    have entered their own (`revealed`)."""
    return _matches(service.predicted_query(), query_data, shown.Known.with_match)


@blueprint.get("/predictions/today")
@blueprint.input(PageQuery, location="query")
def today(query_data: PageQuery) -> Answer:
    """The same of today's matches (UTC), those that have begun too."""
    start, end = service.today()
    query = service.matches_query(since=start, until=end)
    return _matches(query, query_data, shown.Known.with_match)


@blueprint.get("/predictions/match/<id:match_id>")
def match_prediction(match_id: int) -> Answer:
    """What the house says of one match; `data` is null where it has said nothing."""
    match = game.find_match(match_id)
    return ok(shown.Known.of([match], asker()).house(match))


@blueprint.get("/predictions/league/<id:league_id>")
@blueprint.input(PageQuery, location="query")
def league_predictions(league_id: int, query_data: PageQuery) -> Answer:
    """What the house says of a league's coming matches."""
    service.find_league(league_id)
    query = service.predicted_query().where(Match.league_id == league_id)
    return _matches(query, query_data, shown.Known.with_match)


@blueprint.get("/predictions/history")
@blueprint.input(LedgerQuery, location="query")
def history(query_data: LedgerQuery) -> Answer:
    """What the house has said of matches that are over, the latest first."""
    query = service.predicted_query(past=True)
    if query_data.league is not None:
        query = query.where(Match.league_id == query_data.league)
    return _matches(query, query_data, shown.Known.with_match)


@blueprint.get("/analytics/model-performance")
@blueprint.input(DaysQuery, location="query")
def model_performance(query_data: DaysQuery) -> Answer:
    """Every model of the house: its figures when it was trained, and what its words were worth since."""
    return _whole(analytics.performance(query_data.days))


@blueprint.get("/analytics/prediction-accuracy")
@blueprint.input(DaysQuery, location="query")
def prediction_accuracy(query_data: DaysQuery) -> Answer:
    """How good the house's words were in the last days: scores, calibration, by league, beside base rates."""
    return ok(analytics.accuracy(query_data.days, query_data.league))


@blueprint.get("/documents/search")
@blueprint.input(DocumentsQuery, location="query")
def search_documents(query_data: DocumentsQuery) -> Answer:
    """News by words, and by meaning where that is installed (`found_by`), the best first; `?team=` and
    `?player=` for what names them."""
    rows, total = documents.search(
        query_data.q, query_data.offset, query_data.per_page, query_data.team, query_data.player
    )
    return ok(rows, **page_meta(query_data.page, query_data.per_page, total))


@blueprint.post("/documents")
@role_required("instructor")
@blueprint.input(DocumentIn, location="json")
def add_document(json_data: DocumentIn) -> Answer:
    """Add a text by hand: it is cleaned, linked to teams and players, and searched with the others."""
    made = ingest.paste(json_data.title, json_data.text, json_data.url, json_data.published_at)
    return ok(documents.shown([made.id])[0], 201)
