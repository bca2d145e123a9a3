"""The bot process of the Procfile: `python bot.py`. There is one only where TELEGRAM_BOT_TOKEN is set."""

from mlarena.core.config import ConfigError, load_settings

if __name__ == "__main__":
    try:
        settings = load_settings()
    except ConfigError as error:
        raise SystemExit(str(error)) from None
    if not settings.telegram_bot_token:
        raise SystemExit("TELEGRAM_BOT_TOKEN is not set, so there is no bot to run.")

    from mlarena.app import create_app
    from mlarena.bot.process import run

    run(create_app(settings))
