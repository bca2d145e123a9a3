"""The front page, the health of the installation, its metrics and the API's documents."""

from apiflask import APIFlask


def init_app(app: APIFlask) -> None:
    from mlarena.site import frame, health, metrics, openapi, pages, search, styleguide

    frame.init_frame(app)
    pages.init_pages(app)
    search.init_search(app)
    styleguide.init_styleguide(app)
    openapi.init_openapi(app)
    metrics.watch_requests(app)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(metrics.blueprint)
