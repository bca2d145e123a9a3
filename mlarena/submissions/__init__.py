"""The spine: intake → evaluate → settle, and the sweep that loses nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apiflask import APIFlask


def init_app(app: APIFlask) -> None:
    from mlarena.submissions import api, commands, listening, pages
    from mlarena.submissions.rejudging import models  # noqa: F401 – its tables are part of the schema

    app.register_blueprint(pages.blueprint)
    app.register_blueprint(api.blueprint)
    listening.connect()
    app.cli.add_command(commands.submissions)
    app.cli.add_command(commands.sandbox)
