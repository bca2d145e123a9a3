"""Forecasts: football matches, against the house model."""

from apiflask import APIFlask
from flask import url_for


def init_app(app: APIFlask) -> None:
    from mlarena.boards.service import register_board
    from mlarena.core.search import tell_search
    from mlarena.forecasts import (
        api,
        board,
        commands,
        drawing,
        feed_pages,
        match_pages,
        news_pages,
        pages,
        search,
    )
    from mlarena.forecasts.documents import commands as document_commands
    from mlarena.forecasts.sources import budget  # noqa: F401  its tables

    register_board(
        "forecasts",
        visible=board.visible,
        title=board.title,
        aim=board.aim,
        address=lambda league_id: url_for("forecasts.league_board", league_id=league_id),
        source=board.ForecastBoards(),
    )
    tell_search("tasks", search.find)
    drawing.init_app(app)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(match_pages.blueprint)
    app.register_blueprint(news_pages.blueprint)
    app.register_blueprint(feed_pages.blueprint)
    app.register_blueprint(api.blueprint)
    commands.forecasts.add_command(document_commands.documents)
    app.cli.add_command(commands.forecasts)
