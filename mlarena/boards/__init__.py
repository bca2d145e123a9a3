"""Who stands where, on every leaderboard."""

from apiflask import APIFlask


def init_app(app: APIFlask) -> None:
    from mlarena.boards import api, drawing, listening, pages

    app.register_blueprint(pages.blueprint)
    app.register_blueprint(api.blueprint)
    drawing.init_app(app)
    listening.connect()
