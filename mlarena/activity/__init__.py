"""The activity feed: what happens in the arena that anybody may see."""

from apiflask import APIFlask


def init_app(app: APIFlask) -> None:
    from mlarena.activity import api, listening

    app.register_blueprint(api.blueprint)
    listening.connect()
