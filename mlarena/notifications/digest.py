"""The channel by e-mail: what was not read in the page, gathered into one letter at the reader's hour.

It goes to an address that its owner has confirmed by a mailed link, and to nobody else.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from flask import current_app, render_template
from flask_mailman import EmailMultiAlternatives
from itsdangerous import BadSignature, URLSafeSerializer, URLSafeTimedSerializer
from sqlalchemy import select

from mlarena.accounts.models import User
from mlarena.core.config import settings
from mlarena.core.db import db
from mlarena.core.errors import Invalid, Unavailable
from mlarena.notifications.kinds import Kind
from mlarena.notifications.models import Habits, Notification

NAME = "mail"
LINK_SECONDS = 3 * 24 * 3600
STALE = (
    "This link has expired, or your address has changed since. Ask for a new one in the settings."
)
# A letter says so many in full; a longer list is read in the page.
MOST_TOLD = 40


class Digest:
    """See channels.Sender."""

    name = NAME
    word = "E-mail digest"
    digest = True

    def wants(self, kind: Kind) -> bool:
        return kind.letters

    def reaches(self, user_ids: Collection[int]) -> set[int]:
        if not reachable():
            return set()
        return set(
            db.session.scalars(
                select(User.id)
                .join(Habits, Habits.user_id == User.id)
                .where(User.id.in_(user_ids), Habits.confirmed_email == User.email_key)
            )
        )

    def send(self, user: User, notices: Sequence[Notification]) -> None:
        count = len(notices)
        subject = notices[0].title if count == 1 else f"{count} things that happened"
        letter = _write(
            user,
            subject,
            "digest",
            notices=[
                (one, f"{_base()}{one.link}" if one.link else "") for one in notices[:MOST_TOLD]
            ],
            more=max(0, count - MOST_TOLD),
            page=f"{_base()}/notifications",
            settings_page=f"{_base()}/settings/notifications",
            stop=stop_link(user),
        )
        letter.extra_headers["List-Unsubscribe"] = f"<{stop_link(user)}>"
        letter.send()


def reachable() -> bool:
    """Whether letters can carry links: a worker has no request that would say under which address we are."""
    return bool(_base())


def _base() -> str:
    known = settings()
    if known.public_url or known.production:
        return known.public_url
    return f"http://{known.host}:{known.port}"


def ask_to_confirm(user: User) -> EmailMultiAlternatives:
    """The letter with the link that confirms the user's address. Raises Unavailable."""
    if not reachable():
        raise Unavailable("Letters cannot be sent here yet: the operator has not set PUBLIC_URL.")
    token = _confirming().dumps([user.id, user.email_key])
    link = f"{_base()}/notifications/confirm/{token}"
    return _write(user, "Confirm your e-mail address", "confirm", link=link)


def confirmed_by(token: str) -> User:
    """Whose address this link shows to be theirs. Raises Invalid for a stale one."""
    try:
        user_id, email_key = _confirming().loads(token, max_age=LINK_SECONDS)
    except (BadSignature, ValueError, TypeError):
        raise Invalid(STALE) from None
    user = db.session.get(User, user_id)
    if user is None or user.email_key != email_key:
        raise Invalid(STALE)
    return user


def stop_link(user: User) -> str:
    """By which whoever has the letter ends the letters, without logging in."""
    return f"{_base()}/notifications/stop/{_stopping().dumps([user.id, user.email_key])}"


def stopped_by(token: str) -> User:
    """Whose letters this link ends. Raises Invalid for one that is not ours."""
    try:
        user_id, email_key = _stopping().loads(token)
    except (BadSignature, ValueError, TypeError):
        raise Invalid("This link is not one of ours.") from None
    user = db.session.get(User, user_id)
    if user is None or user.email_key != email_key:
        raise Invalid("This link belongs to an address that has no account here any more.")
    return user


def _write(user: User, subject: str, template: str, **words: object) -> EmailMultiAlternatives:
    shown = {"user": user, "subject": f"MLArena: {subject}", **words}
    text, html = (
        render_template(f"notifications/mail/{template}.{form}", **shown)
        for form in ("txt", "html")
    )
    letter = EmailMultiAlternatives(subject=f"MLArena: {subject}", body=text, to=[user.email])
    letter.attach_alternative(html, "text/html")
    return letter


def _confirming() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.secret_key or "", salt="mlarena confirm address")


def _stopping() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt="mlarena stop letters")
