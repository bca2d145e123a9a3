"""Redis between the processes: workers speak, every web process listens.

Socket.IO's own Redis manager would do, but for this: after Redis was away it may sleep for a minute
before it listens again, it does not notice a connection that died silently, pages cannot know that they
missed something, Flask-SocketIO does not take a unix socket for it, and it encodes an update anew for
each of a thousand pages.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry
from socketio.pubsub_manager import PubSubManager

from mlarena.core.redis import RedisError
from mlarena.live.door import Broadcast

log = structlog.get_logger(__name__)

NAMESPACE = "/"
# After this many quiet seconds the connection is asked whether it lives, and again waited for.
QUIET_SECONDS = 10.0
RETRY_SECONDS = 1.0


def connect(url: str) -> redis.Redis:
    """A client that gives up soon: what is published is a hint, and nobody should wait for it."""
    return redis.Redis.from_url(
        url, socket_connect_timeout=1, socket_timeout=2, retry=Retry(NoBackoff(), 1)
    )


def channel_of(client: redis.Redis) -> str:
    """Pub/sub does not know Redis' database numbers; the channel's name keeps two arenas apart."""
    return f"mlarena:live:{client.get_connection_kwargs().get('db', 0)}"


class Bus(PubSubManager):
    """A Socket.IO client manager over one Redis channel. `write_only` is for those who only emit."""

    name = "redis"

    def __init__(self, client: redis.Redis, write_only: bool = False) -> None:
        super().__init__(channel=channel_of(client), write_only=write_only)
        self.client = client

    def emit(
        self, event: str, data: Any, namespace: str | None = None, room: Any = None, **more: Any
    ) -> None:
        """As its own, without a search for bytes through all of `data`: what we send is JSON, or refused."""
        if more:
            super().emit(event, data, namespace=namespace, room=room, **more)
            return
        message = {
            "method": "emit",
            "event": event,
            "data": [data],
            "binary": False,
            "namespace": namespace or NAMESPACE,
            "room": room,
            "skip_sid": None,
            "callback": None,
            "host_id": self.host_id,
        }
        self._handle_emit(message)
        self._publish(message)

    def _publish(self, data: dict[str, Any]) -> None:
        self.client.publish(self.channel, json.dumps(data, allow_nan=False, separators=(",", ":")))

    def _handle_emit(self, message: dict[str, Any]) -> None:
        """To everyone in the room who is connected here: encoded once, sent at once where possible."""
        if NAMESPACE not in self.rooms:
            return
        packet: Broadcast | None = None
        for _, eio_sid in self.get_participants(NAMESPACE, message["room"]):
            packet = packet or Broadcast(message["event"], message["data"])
            engine = self.server.eio.sockets.get(eio_sid)
            door = getattr(engine, "door", None)
            if door is None or not door.push(packet):
                self.server.eio.send_packet(eio_sid, packet)

    def _handle_close_room(self, message: dict[str, Any]) -> None:
        """A closed room's clients are disconnected: who may still enter comes back by itself."""
        room = message.get("room")
        if room is None or NAMESPACE not in self.rooms:
            return
        for sid, _ in list(self.get_participants(NAMESPACE, room)):
            self.server.disconnect(sid, namespace=NAMESPACE, ignore_queue=True)

    def _listen(self) -> Iterator[bytes]:
        heard_before = away = False
        while True:
            try:
                for message in self._messages():
                    if message["type"] == "message":
                        yield message["data"]
                    elif message["type"] == "subscribe":
                        if heard_before:
                            self._tell_to_catch_up()
                        if away:
                            log.info("live updates are back")
                        heard_before, away = True, False
            except (RedisError, OSError) as error:
                if not away:
                    log.warning("live updates are away", error=str(error))
                away = True
                time.sleep(RETRY_SECONDS)

    def _messages(self) -> Iterator[dict[str, Any]]:
        """What the channel says; raises RedisError once it no longer answers."""
        with self.client.pubsub() as channel:
            channel.subscribe(self.channel)
            asked = False
            while True:
                message = channel.get_message(timeout=QUIET_SECONDS)
                if message is not None:
                    asked = False
                    yield message
                elif asked:
                    raise redis.exceptions.ConnectionError("Redis does not answer a ping")
                else:
                    channel.ping("alive?")
                    asked = True

    def _tell_to_catch_up(self) -> None:
        """What was said while nobody listened is lost: every page here reads the truth again."""
        self.emit("resync", {}, namespace=NAMESPACE, ignore_queue=True)
