"""The JSON door of mirrors: add one, read it now; who is whom at Kaggle."""

from __future__ import annotations

from flask import Response
from flask_login import current_user

from mlarena.accounts.permissions import api_login_required, role_required
from mlarena.competitions import service
from mlarena.competitions.kaggle import links, mirrors
from mlarena.competitions.kaggle.models import KaggleCompetition
from mlarena.competitions.kaggle.schemas import LinksQuery, MirrorIn
from mlarena.core.api import api_blueprint, ok, paged
from mlarena.core.config import settings
from mlarena.core.errors import Conflict
from mlarena.core.security import limiter

blueprint = api_blueprint("kaggle", "Competitions")
Answer = tuple[Response, int]
# Each of these is a request to Kaggle in the arena's name.
READ_LIMIT = "10 per minute"


@blueprint.post("/competitions/kaggle")
@role_required("instructor")
@limiter.limit(READ_LIMIT)
@blueprint.input(MirrorIn, location="json")
@blueprint.doc(responses={201: "The competition"})
def mirror(json_data: MirrorIn) -> Answer:
    """Mirror a competition that is held at Kaggle. 409 says what to set where Kaggle is not set up."""
    made = mirrors.mirror(current_user, json_data.slug, json_data.xp_reward, json_data.rated)
    return ok(service.view(made, current_user).whole(), 201)


@blueprint.post("/competitions/<id:competition_id>/sync")
@role_required("instructor")
@limiter.limit(READ_LIMIT)
@blueprint.doc(responses={202: "A worker reads it; the board's room hears of changes"})
def read_now(competition_id: int) -> Answer:
    """Have a mirrored competition read from Kaggle now, before the clock does."""
    found = service.find(competition_id, current_user)
    if not isinstance(found, KaggleCompetition):
        raise Conflict("This competition is held here; there is nothing to read.")
    mirrors.read_soon(found)
    return ok(None, 202)


@blueprint.get("/kaggle/links")
@role_required("instructor")
@blueprint.input(LinksQuery, location="query")
def list_links(query_data: LinksQuery) -> Answer:
    """Who gives which Kaggle name as theirs: those that wait to be verified, or `?state=verified`."""
    return paged(links.links_query(query_data.state == "verified"), query_data, links.shown)


@blueprint.post("/kaggle/links/<id:user_id>")
@role_required("instructor")
def verify(user_id: int) -> Answer:
    """Say that the Kaggle name which this user gives is theirs."""
    return ok(links.shown(links.verify(user_id, current_user)))


@blueprint.delete("/kaggle/links/<id:user_id>")
@role_required("instructor")
def undo(user_id: int) -> Answer:
    """Take that back: the user leaves all mirrored boards, and ratings are made again."""
    links.undo(user_id)
    return ok(None)


@blueprint.get("/users/me/kaggle")
@api_login_required
def own_link() -> Answer:
    """Your Kaggle name, whether it is verified, and the code that verifies it."""
    own = links.link_of(current_user.id)
    return ok(
        {
            "kaggle_username": current_user.kaggle_username,
            "verified": own is not None and own.verified_at is not None,
            "code": own.code if own is not None and own.verified_at is None else None,
            "set_up": settings().kaggle_ready,
        }
    )
