"""Notifications: what people are told, in the page, by letter, and by whatever channel a room brings."""

from apiflask import APIFlask


def init_app(app: APIFlask) -> None:
    from mlarena.notifications import api, digest, listening, pages
    from mlarena.notifications.channels import register_channel

    with app.app_context():
        register_channel(digest.Digest())
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(api.blueprint)
    listening.connect()
