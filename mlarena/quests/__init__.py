"""Quests: train, upload, learn."""

from apiflask import APIFlask
from flask import url_for


def init_app(app: APIFlask) -> None:
    from mlarena.boards.service import register_board, tell_divisions
    from mlarena.core.search import tell_search
    from mlarena.quests import (
        api,
        bench_pages,
        catalogue,
        drawing,
        listening,
        pages,
        search,
        service,
    )
    from mlarena.quests.desk import pages as desk_pages

    register_board(
        "quest",
        visible=service.board_visible,
        title=service.board_title,
        aim=service.board_aim,
        address=lambda quest_id: url_for("quests.show", quest_id=quest_id),
    )
    tell_search("tasks", search.find)
    tell_divisions(catalogue.level_steps)
    drawing.init_app(app)
    listening.connect()
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(bench_pages.blueprint)
    app.register_blueprint(desk_pages.blueprint)
    app.register_blueprint(api.blueprint)
