"""Our own key pair: what we sign for platforms, and the public half that they read at /lti/jwks.json.

The private half lies in the database, where web and worker both find it, encrypted with a key made from
SECRET_KEY: a copy of the database does not hold it. Another SECRET_KEY means another pair, under another
`kid`; platforms then read the JWKS again by themselves.

An admin may change the pair (rotate). The new one signs at once; the public half of the one before stays in
the JWKS for a day, for what it has signed and is still on its way. Its private half is gone.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import current_app
from jwt.algorithms import RSAAlgorithm
from sqlalchemy import Select, Update, select, update

from mlarena.accounts import audit
from mlarena.accounts.models import User
from mlarena.core.clock import rfc3339, utcnow
from mlarena.core.db import db, insert
from mlarena.core.errors import Conflict
from mlarena.core.installation import InstallationSecret

NAME = "lti-key"
BEFORE = "lti-keys-before"
# What we sign is good for minutes; a platform may keep what it has read of the JWKS for some hours.
SHOWN_AFTER = timedelta(days=1)
MOST_BEFORE = 5
BITS = 2048
ALGORITHM = "RS256"

# Reading the PEM takes some 30 ms; a process does it once for each pair.
_read: dict[tuple[bytes, bytes], rsa.RSAPrivateKey] = {}


def jwks() -> dict[str, Any]:
    """Our public keys as RFC 7517 has them: the one that signs, then those that did until lately."""
    return {"keys": [_public(_private()), *(one["key"] for one in before())]}


def signing() -> str:
    """The `kid` of the pair that signs now."""
    kid: str = _public(_private())["kid"]
    return kid


def before() -> list[dict[str, Any]]:
    """The public halves that are still shown (`key`), and until when (`until`): the latest first."""
    kept = db.session.scalar(_stored(BEFORE))
    now = utcnow()
    rows: list[dict[str, Any]] = json.loads(kept) if kept else []
    return [row for row in rows if datetime.fromisoformat(row["until"]) > now]


def rotate(actor: User) -> str:
    """A new pair signs from now on; its `kid`. Raises Conflict where somebody else was first. Commits."""
    old = _public(_private())
    stored = db.session.scalars(_stored(NAME)).one()
    shown = [{"key": old, "until": rfc3339(utcnow() + SHOWN_AFTER)}, *before()][:MOST_BEFORE]
    db.session.commit()  # making a pair takes a while
    pem = _new_pem()
    changed = db.session.execute(_in_place_of(stored, pem))
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        db.session.rollback()
        raise Conflict("Somebody else has changed the key just now. Look at it again.")
    kept = insert(InstallationSecret).values(name=BEFORE, value=json.dumps(shown).encode())
    db.session.execute(
        kept.on_conflict_do_update(index_elements=["name"], set_={"value": kept.excluded.value})
    )
    new = signing()
    audit.note(actor, "lms.rotate_key", before=old["kid"], now=new)
    db.session.commit()
    return new


def sign(claims: dict[str, Any]) -> str:
    private = _private()
    return jwt.encode(claims, private, ALGORITHM, headers={"kid": _public(private)["kid"]})


def _public(private: rsa.RSAPrivateKey) -> dict[str, Any]:
    shown = RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
    found = {"kty": shown["kty"], "n": shown["n"], "e": shown["e"]}
    # The thumbprint of RFC 7638, near enough: a name that follows from the key.
    kid = hashlib.sha256("".join(sorted(found.values())).encode("ascii")).hexdigest()[:32]
    return {**found, "alg": ALGORITHM, "use": "sig", "kid": kid}


def _private() -> rsa.RSAPrivateKey:
    stored = db.session.scalar(_stored(NAME))
    if stored is not None and (stored, _passphrase()) in _read:
        return _read[stored, _passphrase()]
    if stored is None or (found := _opened(stored)) is None:
        stored = _make(stored)
        found = _opened(stored)
    if found is None:
        raise RuntimeError("two processes have different SECRET_KEYs")
    _read.clear()
    _read[stored, _passphrase()] = found
    return found


def _stored(name: str) -> Select[bytes]:
    return select(InstallationSecret.value).where(InstallationSecret.name == name)


def _in_place_of(old: bytes, new: bytes) -> Update:
    return (
        update(InstallationSecret)
        .where(InstallationSecret.name == NAME, InstallationSecret.value == old)
        .values(value=new)
        .execution_options(synchronize_session=False)
    )


def _make(unreadable: bytes | None) -> bytes:
    """A new pair in place of none, or of one that this SECRET_KEY does not open. Commits."""
    pem = _new_pem()
    db.session.commit()
    db.session.execute(
        insert(InstallationSecret).values(name=NAME, value=pem).on_conflict_do_nothing()
    )
    if unreadable is not None:
        db.session.execute(_in_place_of(unreadable, pem))
    db.session.commit()
    kept: bytes = db.session.scalars(_stored(NAME)).one()  # whoever was first
    return kept


def _new_pem() -> bytes:
    private = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    return private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(_passphrase()),
    )


def _opened(pem: bytes) -> rsa.RSAPrivateKey | None:
    try:
        found = serialization.load_pem_private_key(pem, _passphrase())
    except ValueError:
        return None
    return found if isinstance(found, rsa.RSAPrivateKey) else None


def _passphrase() -> bytes:
    app_key = current_app.secret_key or ""
    raw = app_key.encode() if isinstance(app_key, str) else app_key
    return hmac.digest(raw, b"mlarena lti key", hashlib.sha256).hex().encode("ascii")
