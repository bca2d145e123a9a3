"""Challenges: SQL, coding and knowledge."""

from apiflask import APIFlask
from flask import url_for


def init_app(app: APIFlask) -> None:
    from mlarena.boards.service import register_board
    from mlarena.challenges import api, drawing, pages, search, service, writing_api, writing_pages
    from mlarena.challenges.models import KINDS
    from mlarena.core.search import tell_search

    register_board(
        "challenge",
        visible=service.board_visible,
        title=service.board_title,
        aim=service.board_aim,
        address=lambda challenge_id: url_for("challenges.show", challenge_id=challenge_id),
        shares_ranks=service.board_shares_ranks,
        task_kinds=KINDS,
    )
    tell_search("tasks", search.find)
    drawing.init_app(app)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(writing_pages.blueprint)
    app.register_blueprint(api.blueprint)
    app.register_blueprint(writing_api.blueprint)
