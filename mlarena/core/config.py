"""Configuration, from the environment only (and `.env` in development), checked once at the start."""

from __future__ import annotations

import ipaddress
import re
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from mlarena.core.database_urls import same_database


class ConfigError(Exception):
    """One line that names the variable and says what is wrong with it."""


class Settings(BaseSettings):
    """Every setting, under the name of its environment variable in lower case."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    mlarena_env: Literal["development", "production", "testing"] = "development"
    mlarena_data: Path = Path("instance")
    secret_key: str = ""
    database_url: str = ""
    redis_url: str = ""
    storage_url: str = "database:"
    # Whether a release imports content/starter; what was imported once stays.
    starter_content: bool = True
    # The PostgreSQL that SQL challenges may use: never the one above.
    challenge_database_url: str = ""
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65535)
    public_url: str = ""

    mail_url: str = "console:"
    mail_from: str = "MLArena <noreply@localhost>"

    max_upload_mb: int = Field(50, ge=1, le=2048)
    max_data_mb: int = Field(512, ge=1, le=8192)
    ratelimit_enabled: bool = True
    proxies: int = Field(0, ge=0, le=5)

    sandbox_allow_degraded: bool = False
    sandbox_memory_mb: int = Field(1024, ge=64, le=65536)
    sandbox_wall_seconds: float = Field(10, gt=0, le=600)
    sandbox_train_memory_mb: int = Field(2048, ge=64, le=65536)
    sandbox_train_seconds: float = Field(60, gt=0, le=300)

    rating_system: Literal["elo", "codeforces"] = "elo"

    # As whom competitions at Kaggle are read. The names are those that Kaggle's own tools look at.
    kaggle_api_token: str = ""
    kaggle_username: str = ""
    kaggle_key: str = ""
    kaggle_api_url: str = ""
    kaggle_seconds: float = Field(20, gt=0, le=120)

    # Football: with neither, leagues come from files, from openfootball, and from the simulation.
    football_data_api_key: str = ""
    api_football_key: str = ""

    # The bot, of @BotFather. Its API elsewhere: a proxy, or a server of one's own.
    telegram_bot_token: str = Field("", repr=False)
    telegram_api_url: str = "https://api.telegram.org"
    telegram_updates: Literal["auto", "polling", "webhook"] = "auto"

    lease_seconds: float = Field(10, ge=1, le=600)
    sweep_seconds: float = Field(3, ge=0.2, le=600)
    evaluation_attempts: int = Field(4, ge=1, le=20)

    # Job events: how many the stream holds, and for how many days the database keeps them.
    events_length: int = Field(100_000, ge=10, le=10_000_000)
    events_days: int = Field(30, ge=1, le=3650)

    # Addresses behind our own walls that requests to addresses people gave may go to all the same.
    outgoing_allow: str = ""
    webhook_attempts: int = Field(8, ge=1, le=20)
    # The pause after the first failed attempt; every further one is four times as long, up to six hours.
    webhook_retry_seconds: float = Field(5, gt=0, le=3600)
    webhook_seconds: float = Field(10, gt=0, le=60)

    workers: int = Field(2, ge=1, le=64)
    metrics_token: str = ""
    log_format: Literal["", "console", "json"] = ""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        # Heroku still hands out postgres://, which SQLAlchemy no longer takes.
        if url.startswith("postgres://"):
            url = "postgresql://" + url.removeprefix("postgres://")
        if url and not url.startswith(("postgresql://", "postgresql+psycopg2://", "sqlite://")):
            raise ValueError("must start with postgresql:// or sqlite://")
        # SQLAlchemy 2.1 takes a bare postgresql:// for psycopg 3; the house has psycopg2.
        if url.startswith("postgresql://"):
            url = "postgresql+psycopg2://" + url.removeprefix("postgresql://")
        return url

    @field_validator("challenge_database_url")
    @classmethod
    def _known_challenge_database(cls, url: str) -> str:
        if url and not url.startswith(("postgres://", "postgresql://")):
            raise ValueError("must start with postgresql://")
        return url

    @field_validator("redis_url")
    @classmethod
    def _known_redis(cls, url: str) -> str:
        if url and not url.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must start with redis://, rediss:// or unix://")
        return url

    @field_validator("storage_url")
    @classmethod
    def _known_storage(cls, url: str) -> str:
        if url != "database:" and not url.startswith(("file:///", "s3://")):
            raise ValueError("must be database:, file:///folder or s3://bucket/prefix")
        return url

    @field_validator("mail_url")
    @classmethod
    def _known_mail(cls, url: str) -> str:
        if not url.startswith(("console:", "smtp://", "smtps://", "memory:")):
            raise ValueError("must be console: or smtp://user:password@host:port")
        return url

    @field_validator("telegram_bot_token")
    @classmethod
    def _a_bots_token(cls, token: str) -> str:
        if token and not re.fullmatch(r"[0-9]{1,19}:[A-Za-z0-9_-]{20,}", token):
            raise ValueError("must be what @BotFather gave, such as 123456:ABC-DEF...")
        return token

    @field_validator("outgoing_allow")
    @classmethod
    def _known_networks(cls, text: str) -> str:
        for one in text.split(","):
            if one.strip():
                try:
                    ipaddress.ip_network(one.strip())
                except ValueError:
                    raise ValueError(
                        f"must be networks such as 10.1.0.0/16, divided by commas; {one.strip()!r} is none"
                    ) from None
        return text

    @field_validator("public_url", "kaggle_api_url", "telegram_api_url")
    @classmethod
    def _web_address(cls, url: str) -> str:
        if url and not url.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _production_is_complete(self) -> Settings:
        if self.mlarena_env != "production":
            return self
        if len(self.secret_key) < 32:
            raise ValueError("SECRET_KEY: set at least 32 random characters in production")
        if not self.database_url:
            raise ValueError("DATABASE_URL: set it in production")
        if not self.redis_url:
            raise ValueError("REDIS_URL: set it in production")
        return self

    @model_validator(mode="after")
    def _strangers_have_their_own_database(self) -> Settings:
        if self.challenge_database_url and same_database(
            self.challenge_database_url, self.database
        ):
            raise ValueError(
                "CHALLENGE_DATABASE_URL: is the application's own database, and strangers' queries run "
                "there. Name another server, or at least another database"
            )
        return self

    @model_validator(mode="after")
    def _telegram_finds_us(self) -> Settings:
        if self.telegram_bot_token and self.telegram_updates == "webhook" and not self.public_url:
            raise ValueError(
                "TELEGRAM_UPDATES: webhook needs PUBLIC_URL, where Telegram reaches us"
            )
        return self

    @property
    def telegram_webhook(self) -> bool:
        """Whether Telegram calls us; else we ask it (long polling)."""
        if self.telegram_updates == "auto":
            return self.production and self.public_url.startswith("https://")
        return self.telegram_updates == "webhook"

    @property
    def production(self) -> bool:
        return self.mlarena_env == "production"

    @property
    def kaggle_ready(self) -> bool:
        """Whether we can say to Kaggle who we are."""
        return bool(self.kaggle_api_token or (self.kaggle_username and self.kaggle_key))

    @property
    def max_upload_bytes(self) -> int:
        return self.max_upload_mb << 20

    @property
    def max_data_bytes(self) -> int:
        """The largest file an organiser hands in: a competition's data, its answers."""
        return self.max_data_mb << 20

    @property
    def database(self) -> str:
        """The SQLAlchemy URL: DATABASE_URL, or a SQLite file in the data folder."""
        if self.database_url:
            return self.database_url
        return f"sqlite:///{(self.mlarena_data / 'mlarena.sqlite').resolve()}"

    @property
    def redis(self) -> str:
        """The Redis URL: REDIS_URL, or where `make run` put its own server."""
        if self.redis_url:
            return self.redis_url
        own = self.mlarena_data / "redis" / "url"
        return own.read_text() if own.exists() else "redis://127.0.0.1:6379/0"

    def key(self) -> str:
        """The signing key: SECRET_KEY, or one made once and kept in the data folder."""
        if self.secret_key:
            return self.secret_key
        kept = self.mlarena_data / "secret_key"
        self.mlarena_data.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not kept.exists():
            # Written aside (mode 600) and linked: processes starting together read one whole key.
            with tempfile.NamedTemporaryFile("w", dir=self.mlarena_data, encoding="ascii") as file:
                file.write(secrets.token_hex(32))
                file.flush()
                with suppress(FileExistsError):
                    kept.hardlink_to(file.name)
        return kept.read_text(encoding="ascii")


def load_settings(**overrides: object) -> Settings:
    """Read the environment; raises ConfigError with one line for the first bad variable."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as invalid:
        first = invalid.errors()[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        message = first["msg"].removeprefix("Value error, ")
        raise ConfigError(f"{name}: {message}" if name else message) from None


def settings() -> Settings:
    """The settings of the running app."""
    from flask import current_app  # here, for processes that have no app: supervisor and clock

    found: Settings = current_app.extensions["settings"]
    return found
