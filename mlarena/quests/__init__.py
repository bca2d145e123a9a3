"""Quests: train, upload, learn."""

from apiflask import APIFlask


def init_app(app: APIFlask) -> None:
    from mlarena.quests import api, pages

    app.register_blueprint(pages.blueprint)
    app.register_blueprint(api.blueprint)
