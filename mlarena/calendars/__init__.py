"""Calendars: what lies ahead of somebody, for the program that keeps their days."""

from apiflask import APIFlask


def init_app(app: APIFlask) -> None:
    from mlarena.calendars import api, pages

    app.register_blueprint(pages.blueprint)
    app.register_blueprint(api.blueprint)
