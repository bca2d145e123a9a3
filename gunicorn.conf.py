"""How gunicorn serves MLArena. Read by itself from the folder it starts in; see docs/deploy.md.

Nothing of the app is imported up here: the worker patches the standard library for gevent first
(GeventWorker.init_process) and loads the app after that.
"""

from __future__ import annotations

import os
import signal
from typing import Any

production = os.environ.get("MLARENA_ENV") == "production"

host = os.environ.get("HOST") or ("0.0.0.0" if production else "127.0.0.1")  # noqa: S104
bind = f"{f'[{host}]' if ':' in host else host}:{os.environ.get('PORT') or '8000'}"

# gevent's own HTTP server with gevent-websocket: Socket.IO's WebSocket transport needs the upgrade.
# (Measured beside the plain gevent worker with simple-websocket: a third more requests a second.)
worker_class = "geventwebsocket.gunicorn.workers.GeventWebSocketWorker"
workers = int(os.environ.get("WEB_CONCURRENCY") or 1)
worker_connections = 4000

# Open sockets never end by themselves, so this is how long every restart takes with a page open.
graceful_timeout = 10 if production else 2
timeout = 60
# ProxyFix in the app reads X-Forwarded-*, as far as PROXIES says they can be believed.
forwarded_allow_ips = "127.0.0.1"
# No line for each request: /metrics counts them, and what fails is logged by the app with its request's id.
accesslog = None
errorlog = "-"
loglevel = "info" if production else "warning"
control_socket_disable = True


def post_fork(server: Any, worker: Any) -> None:
    """A killed master leaves no worker behind; and as many sockets as the system allows at all."""
    import resource

    from mlarena.core.processes import die_with_parent

    die_with_parent(server.pid, signal.SIGTERM)
    # Every open page is an open file, and the usual soft limit is 1,024.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def post_worker_init(worker: Any) -> None:
    """Wait for PostgreSQL through gevent, so that other requests go on; then give signs of life."""
    from mlarena.core.green import wait_with_gevent

    wait_with_gevent()
    from mlarena.site.metrics import beat_as_web

    beat_as_web(worker.wsgi)
