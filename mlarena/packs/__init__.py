"""Packs: a folder or zip of YAML, Markdown, SQL and tables that holds tasks, to import and export."""

from apiflask import APIFlask


def init_app(app: APIFlask) -> None:
    from mlarena.packs import commands, pages

    app.cli.add_command(commands.packs)
    app.register_blueprint(pages.blueprint)
