"""A launch, read from the claims of an id_token that was found to be in order (tokens.py)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mlarena.core.errors import Malformed

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
DEEP = "https://purl.imsglobal.org/spec/lti-dl/claim/"
MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
SCORE_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
ITEM_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"

RESOURCE = "LtiResourceLinkRequest"
PICKING = "LtiDeepLinkingRequest"
# Roles in the course. Those of the institution or of the LMS itself say nothing of this course.
TEACHING = {"Instructor", "ContentDeveloper", "Manager", "Administrator"}
LONGEST = 255
LONGEST_URL = 2000


@dataclass(frozen=True)
class Launch:
    """`roles` are those of the course, without their namespace. Texts are cut to what the tables hold; ids
    that are too long are refused."""

    message: str
    deployment_id: str
    sub: str
    email: str
    name: str
    roles: frozenset[str]
    context_id: str
    context_title: str
    resource_link_id: str
    title: str
    chosen: str
    line_item: str
    line_items: str
    deep: dict[str, Any]

    @property
    def teaches(self) -> bool:
        return bool(self.roles & TEACHING)

    @property
    def learns(self) -> bool:
        return "Learner" in self.roles and not self.teaches


def read(claims: dict[str, Any]) -> Launch:
    """Raises Malformed naming the claim that is not as it should be."""
    if claims.get(f"{LTI}version") != "1.3.0":
        raise Malformed("The launch is not of LTI 1.3.")
    message = claims.get(f"{LTI}message_type")
    if message not in (RESOURCE, PICKING):
        raise Malformed(f"This arena does not know launches of the type “{str(message)[:60]}”.")
    context, link = _part(claims, f"{LTI}context"), _part(claims, f"{LTI}resource_link")
    custom, endpoint = _part(claims, f"{LTI}custom"), _part(claims, AGS)
    deep = _part(claims, f"{DEEP}deep_linking_settings")
    if message == RESOURCE and not link.get("id"):
        raise Malformed("The launch names no resource link.")
    if message == PICKING and not deep.get("deep_link_return_url"):
        raise Malformed("The launch does not say where the choice is to go.")
    scopes = endpoint.get("scope")
    scored = isinstance(scopes, list) and SCORE_SCOPE in scopes
    made = scored and ITEM_SCOPE in scopes  # type: ignore[operator]
    return Launch(
        message=message,
        deployment_id=_id(claims, f"{LTI}deployment_id"),
        sub=_id(claims, "sub"),
        email=_text(claims, "email", 254),
        name=_text(claims, "name", 128),
        roles=_roles(claims.get(f"{LTI}roles")),
        context_id=_id(context, "id", needed=False),
        context_title=_text(context, "title") or _text(context, "label"),
        resource_link_id=_id(link, "id", needed=False),
        title=_text(link, "title"),
        chosen=_text(custom, "mlarena", LONGEST_URL),
        line_item=_text(endpoint, "lineitem", LONGEST_URL) if scored else "",
        line_items=_text(endpoint, "lineitems", LONGEST_URL) if made else "",
        deep=deep,
    )


def _part(claims: dict[str, Any], name: str) -> dict[str, Any]:
    found = claims.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Malformed(f"The launch’s claim {name.rpartition('/')[2]} cannot be read.")
    return found


def _text(claims: dict[str, Any], name: str, most: int = LONGEST) -> str:
    found = claims.get(name)
    if not isinstance(found, str):
        return ""
    # PostgreSQL takes neither NUL nor half a character.
    clean = found.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    return " ".join(clean.split())[:most]


def _id(claims: dict[str, Any], name: str, needed: bool = True) -> str:
    found = claims.get(name)
    if found is None and not needed:
        return ""
    if not isinstance(found, str) or not 0 < len(found) <= LONGEST or not found.isprintable():
        short = name.rpartition("/")[2]
        raise Malformed(
            f"The launch’s {short} is missing, or is no id of 1 to {LONGEST} characters."
        )
    return found


def _roles(found: Any) -> frozenset[str]:
    if not isinstance(found, list):
        return frozenset()
    given = [one for one in found if isinstance(one, str)]
    full = {one.removeprefix(MEMBERSHIP) for one in given if one.startswith(MEMBERSHIP)}
    # The short names of the course's roles may be sent without a namespace.
    return frozenset(full | {one for one in given if "/" not in one and "#" not in one})
