"""Reports: a learner says what is wrong with a task, and hears what came of it."""

from apiflask import APIFlask


def init_app(app: APIFlask) -> None:
    from mlarena.reports import api, desk_pages, pages

    for blueprint in (pages.blueprint, desk_pages.blueprint, api.blueprint):
        app.register_blueprint(blueprint)
