"""What reaches open pages without a reload."""

from apiflask import APIFlask


def init_app(app: APIFlask) -> None:
    from mlarena.live import sockets

    sockets.init_app(app)
