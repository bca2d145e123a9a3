"""The front page, the health of the installation, its metrics and the API's documents."""

from apiflask import APIFlask


def init_app(app: APIFlask) -> None:
    from mlarena.site import health, metrics, openapi, pages

    pages.init_pages(app)
    openapi.init_openapi(app)
    metrics.watch_requests(app)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(metrics.blueprint)
