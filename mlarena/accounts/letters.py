"""What accounts write to people. The words are in templates/accounts/mail/."""

from __future__ import annotations

from threading import Thread

import structlog
from flask import Flask, current_app, render_template
from flask_mailman import EmailMessage, EmailMultiAlternatives

from mlarena.accounts.models import User

log = structlog.get_logger(__name__)


def write_reset(user: User, link: str) -> EmailMessage:
    return _write(user, "Choose a new password", "reset", link=link)


def write_changed(user: User) -> EmailMessage:
    return _write(user, "Your password was changed", "changed")


def post(letter: EmailMessage | None) -> None:
    """Send in a thread of its own: a mail server takes seconds, and its time would tell who exists.

    The thread starts for nobody (None) as well, so that both cases cost the same.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    Thread(target=_deliver, args=(app, letter), name="letter", daemon=True).start()


def _deliver(app: Flask, letter: EmailMessage | None) -> None:
    if letter is None:
        return
    with app.app_context():
        try:
            letter.send()
        except OSError as error:  # smtplib's errors are OSErrors
            log.error("a letter could not be sent", subject=letter.subject, error=str(error))


def _write(user: User, subject: str, template: str, **words: str) -> EmailMessage:
    """Each letter in two forms: text for every reader, and HTML for those who want it."""
    subject = f"MLArena: {subject}"
    shown = {"user": user, "subject": subject, **words}
    text, html = (
        render_template(f"accounts/mail/{template}.{kind}", **shown) for kind in ("txt", "html")
    )
    letter = EmailMultiAlternatives(subject=subject, body=text, to=[user.email])
    letter.attach_alternative(html, "text/html")
    return letter
