"""The worker process of the Procfile: `python worker.py`."""

import gc

from mlarena.core.config import ConfigError, load_settings
from mlarena.submissions import jail

if __name__ == "__main__":
    try:
        settings = load_settings()
    except ConfigError as error:
        raise SystemExit(str(error)) from None
    gc.disable()  # see wsgi.py
    # First the jail, which warms up in a process of its own while the app is imported here.
    jail.start(settings)

    from mlarena.app import create_app
    from mlarena.worker import run

    app = create_app(settings)
    gc.freeze()
    gc.enable()
    run(app)
