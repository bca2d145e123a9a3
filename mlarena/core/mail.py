"""E-mail by Flask-Mailman: SMTP by MAIL_URL, the console in development, memory in tests."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

from flask import Flask
from flask_mailman import Mail

from mlarena.core.config import Settings

mail = Mail()


def init_mail(app: Flask, settings: Settings) -> None:
    parts = urlsplit(settings.mail_url)
    backend = {"console": "console", "memory": "locmem"}.get(parts.scheme, "smtp")
    secure = parts.scheme == "smtps"
    app.config.update(
        MAIL_BACKEND=backend,
        MAIL_SERVER=parts.hostname or "localhost",
        MAIL_PORT=parts.port or (465 if secure else 587),
        MAIL_USERNAME=unquote(parts.username) if parts.username else None,
        MAIL_PASSWORD=unquote(parts.password) if parts.password else None,
        MAIL_USE_SSL=secure,
        MAIL_USE_TLS=parse_qs(parts.query).get("tls") == ["1"],
        MAIL_TIMEOUT=10,
        MAIL_DEFAULT_SENDER=settings.mail_from,
    )
    mail.init_app(app)
