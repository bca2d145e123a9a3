"""The doors that an LMS and its people come by.

A launch is three steps: the LMS opens /lti/login, we send the browser back to it with a question (state,
nonce), and it posts its signed answer to /lti/launch. Both are posts of another site with no token of ours:
what they may do rests on the platform's signature over our nonce, and on a cookie of this browser.

In a frame of the LMS no session of ours would be sent along, so a launch begins again in a window of its own;
what does stay in the frame is choosing (deep linking), whose answer the LMS expects there.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import secrets
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from mlarena.accounts import identity, limits, service
from mlarena.accounts.models import User
from mlarena.core.api import csrf
from mlarena.core.config import settings
from mlarena.core.db import db
from mlarena.core.errors import Malformed, Problem, Unavailable
from mlarena.core.security import POLICY, limiter
from mlarena.lti import claims, keys, launching, linking, once, people, picking, platforms, tokens
from mlarena.lti.claims import Launch
from mlarena.lti.forms import LinkForm, NewForm
from mlarena.lti.models import Platform

blueprint = Blueprint("lti", __name__, url_prefix="/lti")
Page = str | tuple[str, int] | AnyResponse

STATE_SECONDS = 600
WELCOME_SECONDS = 1800
WELCOME_COOKIE = "lti-welcome"
ASKED = (
    "iss",
    "login_hint",
    "target_link_uri",
    "lti_message_hint",
    "client_id",
    "lti_deployment_id",
)
LONGEST = 8000
# A class of a hundred behind one address opens its link at the same minute.
OFTEN = "600 per minute"
# What may stand in a frame: it holds nothing of anybody's, and no session reaches it there.
FRAMED = frozenset({"lti.login", "lti.launch", "lti.pick", "lti.answer"})
PER_PAGE = 25


@blueprint.after_request
def in_frames(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    if request.endpoint in FRAMED and "Content-Security-Policy" not in response.headers:
        response.headers["Content-Security-Policy"] = _policy()
    return response


def _policy(form_to: str = "") -> str:
    policy = POLICY.replace("frame-ancestors 'none'", "frame-ancestors *")
    return policy.replace("form-action 'self'", f"form-action {form_to}") if form_to else policy


@blueprint.get("/jwks.json")
def jwks() -> AnyResponse:
    """Our public key, for platforms."""
    answer = make_response(keys.jwks())
    answer.headers["Cache-Control"] = "public, max-age=300"
    return answer


@blueprint.get("/config.json")
def config() -> AnyResponse:
    """What Canvas takes as the configuration of a tool."""
    launch = address("lti.launch")
    placements = [
        {
            "placement": name,
            "message_type": "LtiDeepLinkingRequest",
            "target_link_uri": picking_address(),
            "text": "MLArena",
        }
        for name in ("assignment_selection", "link_selection")
    ]
    return make_response(
        {
            "title": "MLArena",
            "description": "Learn machine learning by playing it.",
            "oidc_initiation_url": address("lti.login"),
            "target_link_uri": launch,
            "redirect_uris": [launch],
            "public_jwk_url": address("lti.jwks"),
            "scopes": [claims.SCORE_SCOPE, claims.ITEM_SCOPE],
            "extensions": [
                {
                    "platform": "canvas.instructure.com",
                    "privacy_level": "public",
                    "settings": {"text": "MLArena", "placements": placements},
                }
            ],
        }
    )


@blueprint.route("/login", methods=["GET", "POST"])
@csrf.exempt
@limiter.limit(OFTEN, key_func=limits.address)
def login() -> Page:
    """Somebody opens a link in the LMS (third-party initiated login): ask the LMS who it is."""
    asked = {name: request.values.get(name, "")[:LONGEST] for name in ASKED}
    platform = platforms.of_login(asked["iss"], asked["client_id"])
    if not asked["login_hint"]:
        raise Malformed("Your LMS did not say whom it is about (login_hint). Open the link again.")
    given = {name: value for name, value in asked.items() if value}
    again = f"{url_for('lti.login')}?{urlencode(given)}"
    picks = parse_qs(urlsplit(asked["target_link_uri"]).query).get("for") == ["picking"]
    if _in_frame() and not picks:
        return render_template("lti/window.html", again=again, title="Opens in a window of its own")
    nonce, binding = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    state = once.keep(
        "state",
        {"platform": platform.id, "nonce": nonce, "binding": binding, "again": again},
        STATE_SECONDS,
    )
    question = {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": platform.client_id,
        "redirect_uri": address("lti.launch"),
        "login_hint": asked["login_hint"],
        "state": state,
        "nonce": nonce,
    }
    if asked["lti_message_hint"]:
        question["lti_message_hint"] = asked["lti_message_hint"]
    joint = "&" if urlsplit(platform.auth_url).query else "?"
    answer = redirect(f"{platform.auth_url}{joint}{urlencode(question)}", 302)
    # The LMS posts its answer from its own site: a cookie that is only Lax would not come along. It names no
    # session and opens nothing by itself; partitioned, it also holds in a frame.
    safe = settings().production or request.is_secure
    answer.set_cookie(
        _cookie(state),
        binding,
        max_age=STATE_SECONDS,
        path="/lti",
        httponly=True,
        secure=safe,
        samesite="None" if safe else "Lax",
        partitioned=safe,
    )
    return answer


@blueprint.post("/launch")
@csrf.exempt
@limiter.limit(OFTEN, key_func=limits.address)
def launch() -> Page:
    """The LMS's signed answer: let them in."""
    platform, found, asked = _read_launch()
    user = people.known(platform, found.sub)
    if found.message == claims.PICKING:
        if user is not None:
            word = picking.begin(platform, found, user)
            return _forget_state(redirect(url_for("lti.pick", word=word), 303))
        if _in_frame():
            page = render_template(
                "lti/window.html",
                again=asked["again"],
                title="Who are you here?",
                linking=True,
            )
            return _forget_state(make_response(page))
    elif user is None:
        user = launching.person(platform, found)
    if user is None:
        return _forget_state(_ask_who(platform, found))
    return _forget_state(_let_in(platform, found, user))


def _read_launch() -> tuple[Platform, Launch, dict[str, Any]]:
    """Raises a Problem for whatever is not in order. A state is used by this, whatever comes of it."""
    state, token = request.form.get("state", ""), request.form.get("id_token", "")
    if not state:
        raise Malformed("This address is opened by an LMS. Open the link in your course.")
    asked = once.take("state", state)
    if asked is None:
        raise Malformed("This launch was used already, or took too long. Open the link again.")
    shown = request.cookies.get(_cookie(state), "")
    if not hmac.compare_digest(shown.encode(), str(asked["binding"]).encode()):
        raise Malformed(
            "This launch was begun in another browser, or yours kept no cookie of it. "
            "Open the link in a new window."
        )
    if request.form.get("error"):
        raise Malformed(f"Your LMS refuses: {request.form['error'][:80]}. Log in there again.")
    platform = platforms.living(db.session.get(Platform, asked["platform"]))
    if not token:
        raise Malformed("Your LMS sent no launch. Open the link again.")
    return platform, claims.read(tokens.read(platform, token, asked["nonce"])), asked


def _let_in(platform: Platform, found: Launch, user: User) -> AnyResponse:
    path = launching.enter(platform, found, user)
    identity.sign_in(user)
    return redirect(path, 303)


def _ask_who(platform: Platform, found: Launch) -> AnyResponse:
    """There may be an account: its password is asked for, in a page that only this browser can open."""
    word = once.keep(
        "welcome",
        {"platform": platform.id, "launch": dataclasses.asdict(found) | {"roles": [*found.roles]}},
        WELCOME_SECONDS,
    )
    answer = redirect(url_for("lti.welcome"), 303)
    answer.set_cookie(
        WELCOME_COOKIE, word, max_age=WELCOME_SECONDS, path="/lti", httponly=True,
        secure=settings().production or request.is_secure, samesite="Lax",
    )  # fmt: skip
    return answer


@blueprint.get("/welcome")
def welcome() -> Page:
    """Who comes for the first time, where the LMS's word is not enough: is there an account?"""
    platform, found = _welcomed()
    return _welcome(platform, found, LinkForm(formdata=None), _new_form(found))


@blueprint.post("/welcome/link")
@limits.logging_in
def link_account() -> Page:
    """By its password, an account is linked."""
    platform, found = _welcomed()
    form = LinkForm()
    try:
        if not form.validate_on_submit():
            return _welcome(platform, found, form, _new_form(found)), 422
        user = service.authenticate(form.username.data, form.password.data)
        people.link(platform, found.sub, user)
    except Problem as problem:
        form.show(problem)
        return _welcome(platform, found, form, _new_form(found)), problem.status
    return _welcomed_in(platform, found, user)


@blueprint.post("/welcome/new")
@limits.registering
def new_account() -> Page:
    """Under an address that has no account yet, one is made."""
    platform, found = _welcomed()
    form = NewForm()
    try:
        if not form.validate_on_submit():
            return _welcome(platform, found, LinkForm(formdata=None), form), 422
        user = people.make(platform, found.sub, form.email.data, found.name)
    except Problem as problem:
        form.show(problem)
        return _welcome(platform, found, LinkForm(formdata=None), form), problem.status
    return _welcomed_in(platform, found, user)


def _welcomed() -> tuple[Platform, Launch]:
    kept = once.look("welcome", request.cookies.get(WELCOME_COOKIE, ""))
    if kept is None:
        raise Malformed("This took too long, or is done. Open the link in your course again.")
    platform = platforms.living(db.session.get(Platform, kept["platform"]))
    given = kept["launch"]
    return platform, Launch(**{**given, "roles": frozenset(given["roles"])})


def _welcomed_in(platform: Platform, found: Launch, user: User) -> AnyResponse:
    once.take("welcome", request.cookies.get(WELCOME_COOKIE, ""))
    if found.message == claims.PICKING:
        identity.sign_in(user)
        page = render_template("lti/linked.html", platform=platform)
        answer: AnyResponse = make_response(page)
    else:
        answer = _let_in(platform, found, user)
    answer.delete_cookie(WELCOME_COOKIE, path="/lti")
    return answer


def _new_form(found: Launch) -> NewForm:
    taken = service.find(found.email) if "@" in found.email else None
    return NewForm(formdata=None, data={"email": "" if taken else found.email})


def _welcome(platform: Platform, found: Launch, link: LinkForm, new: NewForm) -> str:
    known = "@" in found.email and service.find(found.email) is not None
    return render_template(
        "lti/welcome.html", platform=platform, launch=found, link=link, new=new, known=known
    )


@blueprint.get("/pick/<word>")
@limiter.limit(OFTEN, key_func=limits.address)
def pick(word: str) -> Page:
    """What there is to choose for a new link. Nothing is stored here: the choice travels signed."""
    _asked, platform, user = picking.going_on(word)
    cohorts = linking.led(user)
    cohort_id = request.args.get("cohort", 0, type=int)
    chosen = next((one for one in cohorts if one.id == cohort_id), None)
    words = request.args.get("q", "")[:100]
    offered = [
        one
        for one in linking.offered(user, chosen.id if chosen else None)
        if words.casefold() in one.title.casefold()
    ]
    number = min(max(1, request.args.get("page", 1, type=int)), 1000)
    return render_template(
        "lti/pick.html",
        word=word,
        platform=platform,
        cohorts=cohorts,
        chosen=chosen,
        words=words,
        offered=offered[(number - 1) * PER_PAGE : number * PER_PAGE],
        number=number,
        more=len(offered) > number * PER_PAGE,
    )


@blueprint.get("/pick/<word>/answer")
@limiter.limit(OFTEN, key_func=limits.address)
def answer(word: str) -> Page:
    """The choice, signed, in a form that goes back to the LMS."""
    asked, platform, user = picking.going_on(word)
    choice = linking.choose(user, request.args.get("choice", ""))
    signed = picking.answer(asked, platform, user, choice, address("lti.launch"))
    page = make_response(
        render_template(
            "lti/answer.html", back=asked["back"], signed=signed, choice=choice, platform=platform
        )
    )
    page.headers["Content-Security-Policy"] = _policy(platforms.origin(asked["back"]))
    return page


def address(endpoint: str) -> str:
    """The full address of a door, as it is entered in an LMS."""
    try:
        return identity.public_url(url_for(endpoint))
    except LookupError:
        raise Unavailable("Whoever runs this arena has to set PUBLIC_URL first.") from None


def picking_address() -> str:
    """A launch that is to choose something says so by this address, before it is signed."""
    return f"{address('lti.launch')}?for=picking"


def _in_frame() -> bool:
    return request.headers.get("Sec-Fetch-Dest") in ("iframe", "frame")


def _cookie(state: str) -> str:
    return f"lti-{hashlib.sha256(state.encode('utf-8', 'replace')).hexdigest()[:16]}"


def _forget_state(response: AnyResponse) -> AnyResponse:
    response.delete_cookie(_cookie(request.form.get("state", "")), path="/lti")
    return response
