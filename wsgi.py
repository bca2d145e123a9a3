"""The application, for gunicorn and for `flask --app wsgi`."""

from __future__ import annotations

import gc
import sys

gc.disable()  # imports make nothing but lasting objects: looking through them is a fifth of the start

from mlarena.app import create_app  # noqa: E402 – after that line
from mlarena.core.config import ConfigError  # noqa: E402

try:
    app = create_app()
except ConfigError as problem:
    sys.exit(str(problem))

gc.freeze()
gc.enable()
