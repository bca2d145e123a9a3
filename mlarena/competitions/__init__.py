"""Competitions: predictions on hidden answers, live boards, an end, ratings."""

from apiflask import APIFlask
from flask import url_for


def init_app(app: APIFlask) -> None:
    from mlarena.boards.service import register_board
    from mlarena.competitions import (
        api,
        board,
        desk_api,
        desk_pages,
        drawing,
        entry_pages,
        listening,
        pages,
        search,
    )
    from mlarena.competitions.commands import competitions
    from mlarena.competitions.kaggle import api as kaggle_api
    from mlarena.competitions.kaggle import pages as kaggle_pages
    from mlarena.core.search import tell_search

    register_board(
        "competition",
        visible=board.visible,
        title=board.title,
        aim=board.aim,
        address=lambda competition_id: url_for("competitions.show", competition_id=competition_id),
        source=board.CompetitionBoards(),
        task_kinds=("kaggle",),
    )
    tell_search("tasks", search.find)
    drawing.init_app(app)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(entry_pages.blueprint)
    app.register_blueprint(desk_pages.blueprint)
    app.register_blueprint(api.blueprint)
    app.register_blueprint(desk_api.blueprint)
    app.register_blueprint(kaggle_api.blueprint)
    app.register_blueprint(kaggle_pages.blueprint)
    app.cli.add_command(competitions)
    listening.connect()
