"""The clock process of the Procfile: `python clock.py`."""

from mlarena.core.config import ConfigError, load_settings
from mlarena.schedule import run

if __name__ == "__main__":
    try:
        settings = load_settings()
    except ConfigError as error:
        raise SystemExit(str(error)) from None
    run(settings)
