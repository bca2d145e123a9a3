"""The competitions' JSON door: see, take part, hand in, choose, stand together."""

from __future__ import annotations

from typing import Any, BinaryIO, cast

from flask import Response, request
from flask_login import current_user
from sqlalchemy import func, select

from mlarena.accounts.models import User
from mlarena.accounts.permissions import api_login_required
from mlarena.boards import service as boards
from mlarena.competitions import files, ratings, service, teams
from mlarena.competitions.models import Competition
from mlarena.competitions.schemas import (
    CompetitionsQuery,
    JoinIn,
    PredictionsUpload,
    RatingsQuery,
    SelectionIn,
    TeamIn,
)
from mlarena.core.api import PageQuery, api_blueprint, ok, page_meta, paged
from mlarena.core.db import db
from mlarena.core.errors import Forbidden, Invalid, NotFound, WrongType
from mlarena.core.security import limiter
from mlarena.core.uploads import takes_file

blueprint = api_blueprint("competitions", "Competitions")
Answer = tuple[Response, int]
SMALLER = "Write fewer decimals, and only the columns of the sample submission."


def asker() -> Any:
    """Who asks, or None for anyone."""
    return current_user if current_user.is_authenticated else None


def _listing(phase: str | None, wanted: PageQuery) -> Answer:
    query = service.competitions_query(phase)
    counted = select(func.count()).select_from(query.order_by(None).subquery())
    total = db.session.scalar(counted) or 0
    found = db.session.scalars(query.offset(wanted.offset).limit(wanted.per_page)).all()
    shown = [view.shown() for view in service.views(found, asker())]
    return ok(shown, **page_meta(wanted.page, wanted.per_page, total))


@blueprint.get("/competitions")
@blueprint.input(CompetitionsQuery, location="query")
def list_competitions(query_data: CompetitionsQuery) -> Answer:
    """Published competitions, those that end last first; `?status=` upcoming, ongoing or completed."""
    return _listing(query_data.status, query_data)


@blueprint.get("/competitions/ongoing")
@blueprint.input(PageQuery, location="query")
def list_ongoing(query_data: PageQuery) -> Answer:
    """What goes on now; what ends next comes first."""
    return _listing("ongoing", query_data)


@blueprint.get("/competitions/upcoming")
@blueprint.input(PageQuery, location="query")
def list_upcoming(query_data: PageQuery) -> Answer:
    """What is to come; what begins next comes first."""
    return _listing("upcoming", query_data)


@blueprint.get("/competitions/completed")
@blueprint.input(PageQuery, location="query")
def list_completed(query_data: PageQuery) -> Answer:
    """What is over, the latest first."""
    return _listing("completed", query_data)


@blueprint.get("/competitions/<id:competition_id>")
def show_competition(competition_id: int) -> Answer:
    """One competition with its pages and files; `me` is your entry, or null."""
    return ok(service.view(competition_id, asker()).whole())


@blueprint.get("/competitions/<id:competition_id>/leaderboard")
@blueprint.input(PageQuery, location="query")
def show_board(competition_id: int, query_data: PageQuery) -> Answer:
    """The board, best first: public scores until the end, then the private ones. `meta.me` is your row.

    A row is a person or a team (`team`, with its `members`); `track` is its rank over time.
    """
    name = str(boards.check_visible(f"competition:{competition_id}", asker()))
    page = boards.page(name, query_data.page, query_data.per_page, asker())
    return ok([row.shown() for row in page.rows], **page.meta)


@blueprint.post("/competitions/<id:competition_id>/register")
@api_login_required
def register(competition_id: int) -> Answer:
    """Take part. Asking again changes nothing."""
    competition = service.find(competition_id, current_user)
    service.register(current_user, competition)
    return _whole(competition)


@blueprint.delete("/competitions/<id:competition_id>/register")
@api_login_required
def withdraw(competition_id: int) -> Answer:
    """Not take part after all; only while nothing is handed in."""
    competition = service.find(competition_id, current_user)
    service.withdraw(current_user, competition)
    return _whole(competition)


@blueprint.post("/competitions/<id:competition_id>/submit")
@takes_file(SMALLER)
@api_login_required
@limiter.limit(service.SUBMIT_LIMIT)
@blueprint.input(PredictionsUpload, location="files", validation=False)
@blueprint.doc(responses={202: "Taken in; its verdict comes by socket and at /submissions/{id}"})
def submit(competition_id: int, files_data: Any = None) -> Answer:
    """Hand predictions in: multipart/form-data with the one CSV file `predictions_file`."""
    competition = service.find(competition_id, current_user)
    file = attached("predictions_file")
    submission = service.submit(
        current_user, competition, file.filename or "", cast(BinaryIO, file.stream)
    )
    return ok(submission.shown(), 202)


@blueprint.get("/competitions/<id:competition_id>/submissions")
@api_login_required
@blueprint.input(PageQuery, location="query")
def own_submissions(competition_id: int, query_data: PageQuery) -> Answer:
    """What you or your team have handed in, newest first, with what is chosen; after the end both scores."""
    competition = service.find(competition_id, current_user)
    own = _own(competition)
    query = (
        service.entries(competition, own.id).offset(query_data.offset).limit(query_data.per_page)
    )
    counted = select(func.count()).select_from(
        service.entries(competition, own.id).order_by(None).subquery()
    )
    rows = list(db.session.scalars(query))
    known = service.scores_of(competition, [row.id for row in rows])
    shown = [row.shown() | known.get(row.id, service.NO_ENTRY) for row in rows]
    return ok(
        shown, **page_meta(query_data.page, query_data.per_page, db.session.scalar(counted) or 0)
    )


@blueprint.put("/competitions/<id:competition_id>/selection")
@api_login_required
@blueprint.input(SelectionIn, location="json")
def choose(competition_id: int, json_data: SelectionIn) -> Answer:
    """Choose up to two submissions that count at the end; an empty list is the best public one."""
    competition = service.find(competition_id, current_user)
    service.select_final(current_user, competition, json_data.submission_ids)
    return ok({"submission_ids": sorted(set(json_data.submission_ids))})


@blueprint.post("/competitions/<id:competition_id>/team")
@api_login_required
@limiter.limit(service.JOIN_LIMIT)
@blueprint.input(TeamIn, location="json")
def create_team(competition_id: int, json_data: TeamIn) -> Answer:
    """Make your entry a team. `data.me.invite` is the code that others join it with."""
    competition = service.find(competition_id, current_user)
    teams.create(current_user, competition, json_data.name)
    return _whole(competition)


@blueprint.post("/competitions/<id:competition_id>/team/join")
@api_login_required
@limiter.limit(service.JOIN_LIMIT)
@blueprint.input(JoinIn, location="json")
def join_team(competition_id: int, json_data: JoinIn) -> Answer:
    """Join a team by its code; what you have handed in counts for the team from now on."""
    competition = service.find(competition_id, current_user)
    teams.join(current_user, competition, json_data.code)
    return _whole(competition)


@blueprint.delete("/competitions/<id:competition_id>/team")
@api_login_required
def leave_team(competition_id: int) -> Answer:
    """Stand alone again; only before the team has handed anything in."""
    competition = service.find(competition_id, current_user)
    teams.leave(current_user, competition)
    return _whole(competition)


@blueprint.get("/competitions/<id:competition_id>/sample")
@api_login_required
@blueprint.doc(responses={200: "The sample submission as CSV"})
def download_sample(competition_id: int) -> Response:
    """The sample submission: the form that yours must have."""
    return files.sample(service.find(competition_id, current_user), current_user)


@blueprint.get("/competitions/<id:competition_id>/files/<id:file_id>")
@api_login_required
@blueprint.doc(
    responses={200: "The file; `Range` gives a part of it, `Repr-Digest` is its SHA-256"}
)
def download(competition_id: int, file_id: int) -> Response:
    """One file of the data page."""
    return files.data(service.find(competition_id, current_user), file_id, current_user)


@blueprint.get("/ratings")
@blueprint.input(RatingsQuery, location="query")
def list_ratings(query_data: RatingsQuery) -> Answer:
    """Ratings as they stand, best first; `?user=` of one. With `?competition=` what that one changed."""
    if query_data.competition is not None:
        changes = ratings.changes_query(query_data.competition, query_data.user)
        return paged(changes, query_data, ratings.shown_change)
    return paged(ratings.ratings_query(query_data.user), query_data, ratings.shown_rating)


@blueprint.get("/users/<id:user_id>/rating-history")
@blueprint.input(PageQuery, location="query")
def rating_history(user_id: int, query_data: PageQuery) -> Answer:
    """How somebody's rating came about, the oldest change first."""
    if db.session.get(User, user_id) is None:
        raise NotFound("There is no such user.")
    return paged(ratings.history_query(user_id), query_data, ratings.shown_change)


def attached(name: str, *others: str) -> Any:
    """The uploaded file in the field `name`; raises WrongType, Invalid."""
    if request.mimetype != "multipart/form-data":
        raise WrongType(f"Send the file as multipart/form-data, in the field `{name}`.")
    unknown = sorted({*request.files, *request.form} - {name, *others, "csrf_token"})
    if unknown:
        raise Invalid(
            "There are fields here that this door does not know.",
            {field: ["Unknown field."] for field in unknown},
        )
    file = request.files.get(name)
    if file is None:
        raise Invalid.field(name, f"Attach the file in the field `{name}`.")
    return file


def _own(competition: Competition) -> Any:
    own = teams.entrant_of(competition.id, current_user.id)
    if own is None:
        raise Forbidden("You do not take part in this competition.")
    return own


def _whole(competition: Competition) -> Answer:
    db.session.expire_all()
    return ok(service.view(competition.id, current_user).whole())
