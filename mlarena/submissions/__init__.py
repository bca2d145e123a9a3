"""The spine: intake → evaluate → settle, and the sweep that loses nothing."""

from apiflask import APIFlask


def init_app(app: APIFlask) -> None:
    from mlarena.submissions import api, commands, pages

    app.register_blueprint(pages.blueprint)
    app.register_blueprint(api.blueprint)
    app.cli.add_command(commands.submissions)
    app.cli.add_command(commands.sandbox)
