"""GET /healthz: what works and what does not, each part asked for a bounded time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import structlog
from apiflask import APIBlueprint
from flask import Response, current_app, jsonify
from redis.exceptions import TimeoutError as RedisTimeout
from sqlalchemy import text

from mlarena.core.config import settings
from mlarena.core.db import db
from mlarena.core.health import Info, beats

log = structlog.get_logger(__name__)

blueprint = APIBlueprint("health", __name__, enable_openapi=False)

PATIENCE_SECONDS = 2.0
# A page looks for the banner's reason at most this often.
BANNER_SECONDS = 5.0

Component = dict[str, Any]


def up(**more: Any) -> Component:
    return {"status": "ok", **more}


def down(message: str, **more: Any) -> Component:
    return {"status": "down", "message": message, **more}


class Question:
    """One part of the installation, asked in a thread of its own so that its silence is bounded.

    While an earlier asking still hangs no further one is started: however often /healthz is called,
    a part that is silent holds one thread, not one per call.
    """

    def __init__(self, name: str, ask: Callable[[], Any]) -> None:
        self.name, self._ask = name, ask
        self._asking = threading.Lock()
        self._hanging: _Asking | None = None

    def answer(self, patience: float = PATIENCE_SECONDS) -> Any:
        """What `ask` returned. Raises what it raised, or TimeoutError; call inside an app context."""
        with self._asking:
            if self._hanging is None or self._hanging.done.is_set():
                self._hanging = _Asking(self.name, self._ask)
            asking = self._hanging
        if not asking.done.wait(patience):
            raise TimeoutError(f"no answer within {patience:g} s")
        if asking.error is not None:
            raise asking.error
        return asking.result


class _Asking:
    def __init__(self, name: str, ask: Callable[[], Any]) -> None:
        self.done = threading.Event()
        self.result: Any = None
        self.error: Exception | None = None
        self._ask = ask
        self._app = current_app._get_current_object()  # type: ignore[attr-defined]
        threading.Thread(target=self._run, name=f"health {name}", daemon=True).start()

    def _run(self) -> None:
        try:
            with self._app.app_context():
                self.result = self._ask()
        except Exception as error:  # raised again where the answer is awaited
            self.error = error
        finally:
            self.done.set()


def _ask_database() -> None:
    with db.engine.connect() as connection:
        connection.execute(text("SELECT 1"))


def _ask_redis() -> dict[str, list[Info]]:
    return beats()


DATABASE = Question("database", _ask_database)
REDIS = Question("redis", _ask_redis)


def components() -> dict[str, Component]:
    """Every part of the installation: `status` "ok" or "down", and in words what is wrong."""
    return {"database": _database(), **_redis_and_those_who_beat_in_it()}


def _database() -> Component:
    try:
        DATABASE.answer()
    except Exception as error:  # whatever it is, the database is down, and the log says why
        return down(_told("database", error))
    return up()


def _redis_and_those_who_beat_in_it() -> dict[str, Component]:
    try:
        alive: dict[str, list[Info]] = REDIS.answer()
    except Exception as error:  # as above
        unknown = down("Not known while Redis is away: signs of life are left there.")
        parts = ("worker", "clock", *_bots(), "sandbox")
        return {"redis": down(_told("redis", error)), **dict.fromkeys(parts, unknown)}
    workers = alive.get("worker", [])
    return {
        "redis": up(),
        "worker": _living("worker", workers),
        "clock": _living("clock", alive.get("clock", [])),
        **{name: _bot(alive.get(name, [])) for name in _bots()},
        "sandbox": sandbox([info.get("sandbox", {}) for info in workers]),
    }


def _told(name: str, error: Exception) -> str:
    """What everybody may read. The error itself may hold addresses and goes to the log."""
    log.error("health", component=name, error=str(error))
    if isinstance(error, (TimeoutError, RedisTimeout)):  # ours, or the client's own
        return f"The {name} does not answer within {PATIENCE_SECONDS:g} s."
    return f"The {name} cannot be reached or refuses us; the log of the web process says why."


def _living(kind: str, alive: list[Info]) -> Component:
    if not alive:
        return down(f"No {kind} has given a sign of life. Start one: see the Procfile.")
    return up(alive=len(alive))


def _bots() -> tuple[str, ...]:
    """A bot is a part only of an installation that has one."""
    return ("bot",) if settings().telegram_bot_token else ()


def _bot(alive: list[Info]) -> Component:
    """`listening`: Telegram has said who it is. That Telegram is away is no fault of the installation."""
    found = _living("bot", alive)
    if alive:
        found["listening"] = any(info.get("name") for info in alive)
    return found


def sandbox(reports: list[Info]) -> Component:
    """The jail as the workers report it, the weakest of them counting: its layers, by name.

    A layer is true where it is in force, or says in words why it is not.
    """
    if not reports:
        return down("No worker is there to tell.")
    layers: dict[str, bool | str] = {}
    for report in reports:
        for name, state in report.get("layers", {}).items():
            layers[name] = state if layers.get(name, True) is True else layers[name]
    degraded = any(report.get("degraded", False) for report in reports)
    state = {"degraded": degraded, **layers}
    refusals = [report["refuses"] for report in reports if report.get("refuses")]
    if refusals:
        return down(str(refusals[0]), **state)
    if not all(report.get("ready", False) for report in reports):
        return down("The jail is not running yet, or was lost and is being started again.", **state)
    return up(**state)


@blueprint.get("/healthz")
def healthz() -> Response:
    found = components()
    missing = {name: part for name, part in found.items() if part["status"] != "ok"}
    body: dict[str, Any] = {"status": "ok", "components": found}
    if missing:
        words = (f"{name}: {part['message']}" for name, part in missing.items())
        body = {"status": "down", "message": " ".join(words), "components": found}
    response = jsonify(body)
    response.status_code = 503 if missing else 200
    response.headers["Cache-Control"] = "no-store"
    return response


class Banner:
    """Whether learner code runs without the full jail, remembered for a few seconds."""

    def __init__(self) -> None:
        self._until = 0.0
        self._degraded = False

    def degraded(self) -> bool:
        """True while a worker says so. Redis away: what was last known."""
        if time.monotonic() >= self._until:
            self._until = time.monotonic() + BANNER_SECONDS
            try:
                workers = REDIS.answer(patience=0.5).get("worker", [])
            except Exception as error:  # a page is shown with or without its banner
                log.warning("banner not known", error=str(error))
            else:
                self._degraded = any(w.get("sandbox", {}).get("degraded") for w in workers)
        return self._degraded
