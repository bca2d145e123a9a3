"""Users, roles, sessions and tokens."""

from apiflask import APIFlask


def init_app(app: APIFlask) -> None:
    from mlarena.accounts import api, audit, commands, identity, pages

    identity.init_app(app)
    audit.init_app(app)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(api.blueprint)
    app.cli.add_command(commands.users)
