"""LTI 1.3: a course of an LMS opens a cohort or a task here, and gets its grades back."""

from apiflask import APIFlask


def init_app(app: APIFlask) -> None:
    from mlarena.lti import console, doors, listening

    for blueprint in (doors.blueprint, console.blueprint):
        app.register_blueprint(blueprint)
    listening.connect()
