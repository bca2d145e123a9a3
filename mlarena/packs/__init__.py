"""Packs: a folder of YAML and Markdown that holds tasks, to import."""

from apiflask import APIFlask


def init_app(app: APIFlask) -> None:
    from mlarena.packs import commands

    app.cli.add_command(commands.packs)
