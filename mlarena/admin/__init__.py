"""The instructor's console: what needs attention, the submissions log, judging again, the audit log."""

from apiflask import APIFlask


def init_app(app: APIFlask) -> None:
    from mlarena.admin import api, log_pages, pages, rejudge_pages

    for room in (pages, log_pages, rejudge_pages, api):
        app.register_blueprint(room.blueprint)
