"""Quests: train, upload, learn."""

from apiflask import APIFlask


def init_app(app: APIFlask) -> None:
    from mlarena.boards.service import register_board
    from mlarena.quests import api, pages, service

    register_board("quest", visible=service.board_visible, title=service.board_title)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(api.blueprint)
