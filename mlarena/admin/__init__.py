"""The instructor's console: what needs attention, submissions, judging again, what is alike, audit."""

from apiflask import APIFlask


def init_app(app: APIFlask) -> None:
    from mlarena.admin import api, log_pages, pages, rejudge_pages, version_pages
    from mlarena.admin.integrity import pages as integrity_pages
    from mlarena.admin.lists import pages as list_pages
    from mlarena.admin.statistics import pages as statistics_pages

    for room in (
        pages,
        log_pages,
        rejudge_pages,
        version_pages,
        integrity_pages,
        statistics_pages,
        list_pages,
        api,
    ):
        app.register_blueprint(room.blueprint)
