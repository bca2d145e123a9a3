"""Whether two URLs of databases lead to the same place."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit


def same_database(one: str, other: str) -> bool:
    """Whether two PostgreSQL URLs name the same database of the same server, as far as URLs tell."""
    return bool(other) and not other.startswith("sqlite") and _place(one) == _place(other)


def _place(url: str) -> tuple[str, str, str]:
    parts = urlsplit(url.replace("postgresql+psycopg2://", "postgresql://", 1))
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    host = (asked.get("host") or parts.hostname or "localhost").lower()
    if host in ("127.0.0.1", "::1"):
        host = "localhost"
    user = asked.get("user") or parts.username or ""
    database = asked.get("dbname") or parts.path.lstrip("/") or user
    return host, str(asked.get("port") or parts.port or 5432), database
