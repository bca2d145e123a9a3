"""What one person has grown: XP, level, streak, badges, submissions."""

from apiflask import APIFlask


def init_app(app: APIFlask) -> None:
    from mlarena.profiles import api, pages

    app.register_blueprint(pages.blueprint)
    app.register_blueprint(api.blueprint)
