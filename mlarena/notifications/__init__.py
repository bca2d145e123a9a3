"""Notifications: what people are told, in the page, by letter, and by whatever channel a room brings."""

from apiflask import APIFlask


def init_app(app: APIFlask) -> None:
    from mlarena.notifications import digest, listening, models, wake  # noqa: F401 – tables of the schema
    from mlarena.notifications.channels import register_channel

    with app.app_context():
        register_channel(digest.Digest())
        wake.listen()
    listening.connect()
