"""Whether an id_token is the platform's own, for us, of now, and asked for by us.

PyJWT checks signature and times; what LTI asks for on top (azp, nonce, deployment) is checked here.
"""

from __future__ import annotations

import hmac
import json
from datetime import timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy import update

from mlarena.core import outgoing
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.core.errors import Forbidden, Malformed, Unavailable
from mlarena.lti.keys import ALGORITHM
from mlarena.lti.models import Platform

LARGEST = 32 << 10
# Clocks differ.
LEEWAY = 60
SMALLEST_KEY = 2048
KEYS_LAST = timedelta(hours=12)
# A `kid` that is not there makes us read the keys again, but not for everybody who invents one.
KEYS_REST = timedelta(seconds=30)
# Somebody sits and waits.
SECONDS = 5.0
LARGEST_KEYS = 256 << 10

WRONG = {
    jwt.ExpiredSignatureError: "The launch has expired. Open it again from your course.",
    jwt.ImmatureSignatureError: "The launch is of a time to come: a clock goes wrong, yours or ours.",
    jwt.InvalidAudienceError: "The launch was made for another tool.",
    jwt.InvalidIssuerError: "The launch comes from another LMS than the one that was asked.",
    jwt.InvalidSignatureError: "The launch was not signed by your LMS.",
}


def read(platform: Platform, token: str, nonce: str) -> dict[str, Any]:
    """The claims. Raises Malformed for what is no such token, Forbidden for one that is not to be believed,
    Unavailable where the platform's keys cannot be had. May commit (the keys)."""
    if len(token) > LARGEST or not token.isascii():
        raise Malformed("The launch cannot be read.")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise Malformed("The launch cannot be read.") from None
    if header.get("alg") != ALGORITHM:
        raise Forbidden(f"The launch has to be signed with {ALGORITHM}.")
    kid = header.get("kid")
    if not isinstance(kid, str) or not kid:
        raise Forbidden("The launch does not say by which key it was signed.")
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            _key(platform, kid),
            algorithms=[ALGORITHM],
            audience=platform.client_id,
            issuer=platform.issuer,
            leeway=LEEWAY,
            options={"require": ["exp", "iat", "aud", "iss", "nonce"]},
        )
    except jwt.PyJWTError as wrong:
        words = next((told for kind, told in WRONG.items() if isinstance(wrong, kind)), None)
        raise Forbidden(words or "The launch is not in order.") from None
    others = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if others else platform.client_id) != platform.client_id:
        raise Forbidden(WRONG[jwt.InvalidAudienceError])
    said = claims["nonce"]
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.encode()):
        raise Forbidden("The launch answers another question than ours. Open it again.")
    deployment = claims.get("https://purl.imsglobal.org/spec/lti/claim/deployment_id")
    if deployment not in platform.deployments:
        raise Forbidden(
            f"The deployment “{str(deployment)[:80]}” is not entered for this LMS. "
            "Whoever entered the LMS here can add it."
        )
    return claims


def _key(platform: Platform, kid: str) -> rsa.RSAPublicKey:
    now = utcnow()
    old = platform.keys_at is None or platform.keys_at < now - KEYS_LAST
    found = None if old else _of(platform.keys, kid)
    if found is None and (platform.keys_at is None or platform.keys_at < now - KEYS_REST):
        found = _of(_fetch(platform), kid)
    if found is None:
        raise Forbidden("The launch is signed by a key that your LMS does not show.")
    return found


def _of(keys: dict[str, Any] | None, kid: str) -> rsa.RSAPublicKey | None:
    """The key of that name, if it is one that may sign."""
    rows = (keys or {}).get("keys")
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, dict) or row.get("kid") != kid or row.get("kty") != "RSA":
            continue
        if row.get("use", "sig") != "sig" or row.get("alg", ALGORITHM) != ALGORITHM:
            continue
        try:
            key = jwt.PyJWK(row, ALGORITHM).key
        except jwt.PyJWTError:
            continue
        if isinstance(key, rsa.RSAPublicKey) and key.key_size >= SMALLEST_KEY:
            return key
    return None


def _plain(row: dict[str, Any]) -> dict[str, str]:
    """What there is to keep of a key; a database does not take every text that JSON can hold."""
    return {
        name: row[name]
        for name in ("kid", "kty", "use", "alg", "n", "e")
        if isinstance(row.get(name), str) and row[name].isprintable() and row[name].isascii()
    }


def _fetch(platform: Platform) -> dict[str, Any]:
    url, platform_id = platform.keys_url, platform.id
    db.session.commit()  # nothing is held while somebody else's server thinks
    try:
        answer = outgoing.request("GET", url, seconds=SECONDS, largest=LARGEST_KEYS, hops=2)
    except (outgoing.Refused, outgoing.Away) as error:
        raise Unavailable(f"The keys of your LMS cannot be read: {error}") from None
    if answer.status != 200:
        raise Unavailable(f"The keys of your LMS cannot be read: it answers {answer.status}.")
    try:
        keys = json.loads(answer.body)
    except (ValueError, RecursionError):
        keys = None
    if answer.cut or not isinstance(keys, dict) or not isinstance(keys.get("keys"), list):
        raise Unavailable("What your LMS shows as its keys are none: not a JSON key set.")
    shown = {"keys": [_plain(row) for row in keys["keys"][:50] if isinstance(row, dict)]}
    db.session.execute(
        update(Platform).where(Platform.id == platform_id).values(keys=shown, keys_at=utcnow())
    )
    db.session.commit()
    return shown
