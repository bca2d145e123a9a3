"""Cohorts: classes with a code to join by, assignments with deadlines, a gradebook."""

from apiflask import APIFlask


def init_app(app: APIFlask) -> None:
    from mlarena.boards.service import register_board
    from mlarena.cohorts import (
        announcement_pages,
        api,
        board,
        desk_api,
        desk_pages,
        grade_pages,
        listening,
        pages,
    )

    register_board(
        "cohort",
        visible=board.visible,
        title=board.title,
        aim=board.aim,
        address=board.address,
        source=board.CohortBoards(),
        whole_numbers=True,
    )
    for blueprint in (pages, announcement_pages, desk_pages, grade_pages, api, desk_api):
        app.register_blueprint(blueprint.blueprint)
    listening.connect()
