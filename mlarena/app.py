"""The factory. It joins the rooms and does nothing else."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path

from apiflask import APIFlask
from werkzeug.local import LocalProxy

from mlarena.accounts.operators import note_commands
from mlarena.core import problems
from mlarena.core.api import PREFIX, IdConverter, csrf
from mlarena.core.assets import init_assets
from mlarena.core.compression import init_compression
from mlarena.core.config import Settings, load_settings
from mlarena.core.db import db
from mlarena.core.drawn import init_drawn
from mlarena.core.logs import configure, init_request_ids
from mlarena.core.mail import init_mail
from mlarena.core.redis import init_redis
from mlarena.core.security import init_security
from mlarena.core.storage import init_storage
from mlarena.core.templates import init_templates
from mlarena.core.uploads import init_uploads
from mlarena.release import release

ROOT = Path(__file__).resolve().parent.parent

ROOMS = (
    "accounts",
    "boards",
    "live",
    "notifications",
    "activity",
    "submissions",
    "quests",
    "challenges",
    "competitions",
    "forecasts",
    "cohorts",
    "reports",
    "admin",
    "bot",
    "packs",
    "webhooks",
    "lti",
    "profiles",
    "calendars",
    "site",
)


def create_app(settings: Settings | None = None) -> APIFlask:
    """The whole application. Raises ConfigError with one line if the environment is wrong."""
    settings = settings or load_settings()
    configure(settings)
    app = APIFlask(
        "mlarena",
        title="MLArena",
        version="1",
        spec_path=f"{PREFIX}/openapi.json",
        docs_path=None,
        json_errors=False,
        template_folder=str(ROOT / "templates"),
        static_folder=str(ROOT / "static"),
        root_path=str(ROOT / "mlarena"),
    )
    app.secret_key = settings.key()
    app.extensions["settings"] = settings
    app.url_map.converters["id"] = IdConverter
    app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.database,
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(settings),
        TESTING=settings.mlarena_env == "testing",
    )
    app.security_schemes = {"bearer": {"type": "http", "scheme": "bearer"}}
    app.config["DESCRIPTION"] = "Everything a page can do, a script can do."
    app.json.ensure_ascii = False  # type: ignore[attr-defined]

    init_request_ids(app)
    init_uploads(app)
    init_compression(app)
    init_security(app, settings)
    init_redis(app, settings.redis)
    init_storage(app, settings.storage_url)
    init_mail(app, settings)
    init_templates(app)
    init_drawn(app)
    init_assets(app)
    csrf.init_app(app)
    db.init_app(app)
    if os.environ.get("FLASK_RUN_FROM_CLI") == "true":
        _migrations(app)  # brings the command `flask db`
    else:
        app.extensions["migrate"] = LocalProxy(lambda: _migrations(app))
    problems.init_app(app)
    for room in ROOMS:
        import_module(f"mlarena.{room}").init_app(app)
    app.cli.add_command(release)
    note_commands(app)
    return app


def _migrations(app: APIFlask) -> object:
    """Flask-Migrate, for commands and for whoever calls upgrade().

    Alembic takes a twelfth of the time to import everything, and web and worker never migrate.
    """
    from flask_migrate import Migrate

    Migrate(app, db, directory=str(ROOT / "migrations"), render_as_batch=True, compare_type=True)
    return app.extensions["migrate"]  # the real one, which has just taken our place


def _engine_options(settings: Settings) -> dict[str, object]:
    # The parameters of a failed statement are people's addresses and password hashes: not for the log.
    options: dict[str, object] = {
        "pool_size": 20,
        "max_overflow": 20,
        "hide_parameters": settings.production,
    }
    if not settings.database.startswith("sqlite"):
        # A database that was away for a moment must not cost the next request its connection.
        options |= {"pool_pre_ping": True, "pool_recycle": 1800}
    return options
