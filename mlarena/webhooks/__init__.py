"""Webhooks: job events, sent to the servers of instructors and admins, signed, until they arrive."""

from apiflask import APIFlask


def init_app(app: APIFlask) -> None:
    from mlarena.webhooks import api, listening, pages

    for blueprint in (pages.blueprint, api.blueprint):
        app.register_blueprint(blueprint)
    listening.connect()
