"""The application, for gunicorn and for `flask --app wsgi`."""

from __future__ import annotations

import sys

from mlarena.app import create_app
from mlarena.core.config import ConfigError

try:
    app = create_app()
except ConfigError as problem:
    sys.exit(str(problem))
