"""The arena in Telegram: who is linked, what is said there, what is on its way."""

from __future__ import annotations

from apiflask import APIFlask


def init_app(app: APIFlask) -> None:
    from mlarena.bot import api, channel, linking, pages, verdicts, webhook
    from mlarena.notifications.channels import register_channel

    app.register_blueprint(pages.blueprint)
    app.register_blueprint(webhook.blueprint)
    app.register_blueprint(api.blueprint)
    app.jinja_env.globals["telegram_available"] = linking.available
    with app.app_context():
        register_channel(channel.Telegram())
    verdicts.connect()
