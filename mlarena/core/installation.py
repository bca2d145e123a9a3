"""What this installation knows of itself: secrets made once, and small notes."""

from __future__ import annotations

import secrets

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from mlarena.core.db import Base, db, insert


class InstallationSecret(Base):
    """Kept in the database, because that is the one thing that web and worker share."""

    __tablename__ = "installation_secrets"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[bytes] = mapped_column(LargeBinary)


class Note(Base):
    """A small thing the installation remembers about itself."""

    __tablename__ = "installation_notes"

    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    value: Mapped[str] = mapped_column(String(256))


def installation_secret(name: str) -> bytes:
    """The 32 random bytes of that name, made on first use. Commits."""
    db.session.execute(
        insert(InstallationSecret)
        .values(name=name, value=secrets.token_bytes(32))
        .on_conflict_do_nothing()
    )
    db.session.commit()
    return db.session.get_one(InstallationSecret, name).value
