"""The worker process of the Procfile: `python worker.py`."""

from mlarena.app import create_app
from mlarena.core.config import ConfigError
from mlarena.worker import run

if __name__ == "__main__":
    try:
        app = create_app()
    except ConfigError as error:
        raise SystemExit(str(error)) from None
    run(app)
