"""The bot process: asks for updates (or waits to be called), handles them, and sends what is on its way.

The client library is asynchronous, the house is not: everything that touches the database runs in a thread
of its own, one for what comes in and one for what goes out, so that neither waits for the other.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from mlarena.bot import linking, outbox, rates, talk, updates, verdicts, webhook
from mlarena.bot.client import Away, Client, Closed, Moved, Refused, TooFast
from mlarena.bot.outbox import Parcel
from mlarena.bot.text import bare
from mlarena.core import wake
from mlarena.core.db import db
from mlarena.core.errors import Malformed
from mlarena.core.health import start_heartbeat
from mlarena.core.redis import RedisError

log = structlog.get_logger(__name__)
T = TypeVar("T")

# What is called and not answered yet. A stall lets so many more arrive at once than were counted for then.
AT_ONCE = 10
# So long at least from one look at what waits to the next.
TURN = 0.005
# Telegram, the database or Redis away: not in a tight loop.
BREATHE = 1.0


class BotProcess:
    """Everything between one start and one end. `stop()` may be called from a signal or another thread."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.settings = app.extensions["settings"]
        self.name = ""
        self._stopping = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._in = ThreadPoolExecutor(1, "telegram in")
        self._out = ThreadPoolExecutor(1, "telegram out")
        self._hear = ThreadPoolExecutor(2, "telegram waits")
        self._redis = wake.connect(self.settings.redis)
        self._sending: set[asyncio.Task[None]] = set()
        # Sent, and not noted yet; answered in whatever way, and still holding a place.
        self._done: list[tuple[Parcel, int | None]] = []
        self._answered: list[tuple[Parcel, float]] = []
        self._finished = asyncio.Event()
        self._hint: asyncio.Future[bool] | None = None

    def stop(self) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)

    async def run(self) -> None:
        self._loop = asyncio.get_running_loop()
        token, url = self.settings.telegram_bot_token, self.settings.telegram_api_url
        async with Client(token, url) as client:
            if not await self._begin(client):
                return
            tasks = [self._handle(client), self._send(client)]
            if not self.settings.telegram_webhook:
                tasks.append(self._poll(client))
            running = [asyncio.create_task(one) for one in tasks]
            stopped = asyncio.create_task(self._stopping.wait())
            # One that fails ends all: half a bot looks like a whole one, and nobody starts it again.
            await asyncio.wait([stopped, *running], return_when=asyncio.FIRST_COMPLETED)
            self._stopping.set()
            for task in running:
                task.cancel()
            ended = await asyncio.gather(*running, return_exceptions=True)
            if self._sending:  # what was called is waited for: its answer says that it was said
                await asyncio.wait(self._sending, timeout=15)
            await self._patiently(self._out, lambda: outbox.sent(self._done))
            with suppress(RedisError):  # away: the places are free by themselves after a while
                await self._free_places()
        for pool in (self._in, self._out, self._hear):
            pool.shutdown(wait=True)
        self._redis.close()
        for fault in ended:
            if isinstance(fault, Exception):
                raise fault

    async def _begin(self, client: Client) -> bool:
        """Say who we are, and how updates are to come; again until Telegram answers."""
        while not self._stopping.is_set():
            try:
                self.name = await client.name()
                if self.settings.telegram_webhook:
                    await client.be_called(
                        webhook.address(self.settings), webhook.secret(self.settings)
                    )
                else:
                    await client.not_be_called()
                await client.introduce(talk.MENU)
                await self._do(self._in, lambda: linking.remember_name(self.name))
            except (Away, Refused, Closed, TooFast, SQLAlchemyError) as error:
                log.error("the bot cannot begin", why=str(error))
                await self._breathe(error.seconds if isinstance(error, TooFast) else 5.0)
                continue
            log.info("the bot listens", name=self.name, webhook=self.settings.telegram_webhook)
            return True
        return False

    async def _poll(self, client: Client) -> None:
        """Long polling: what has come is kept before Telegram hears that we have it."""
        after = await self._patiently(self._in, updates.last)
        while not self._stopping.is_set():
            try:
                told = await client.updates(after)
            except (Away, Refused, Closed) as error:
                log.warning("no updates", why=str(error))
                await self._breathe()
                continue
            except TooFast as error:
                await self._breathe(error.seconds)
                continue
            for one in told:
                await self._patiently(self._in, partial(_receive, one))
                after = max(after, one["update_id"])

    async def _handle(self, client: Client) -> None:
        """One update after the other; a button's press is answered at once, it shows for seconds only."""
        while not self._stopping.is_set():
            try:
                found, press = await self._do(
                    self._in, lambda: updates.handle_next(lambda one: talk.handle(one, self.name))
                )
            except (SQLAlchemyError, RedisError) as error:
                log.warning("updates wait", error=type(error).__name__)
                await self._breathe()
                continue
            if press is not None:
                try:
                    await client.answer(press.id, press.words)
                except (Away, Refused, Closed, TooFast) as error:
                    log.info("a press was not answered", why=str(error))
            if not found:
                await self._wait_for(webhook.RECEIVED, 1.0)

    async def _send(self, client: Client) -> None:
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                await self._free_places()
                parcels, wait = await self._take()
            except (SQLAlchemyError, RedisError) as error:
                log.warning("messages wait", error=type(error).__name__)
                await self._breathe()
                continue
            for parcel in parcels:
                task = asyncio.create_task(self._deliver(client, parcel))
                self._sending.add(task)
                task.add_done_callback(self._sending.discard)
            if len(self._sending) >= AT_ONCE:
                await asyncio.wait(self._sending, return_when=asyncio.FIRST_COMPLETED)
            elif not parcels:
                await self._rest(wait)
            # What is written within a moment is taken at once.
            await asyncio.sleep(max(0.0, began + TURN - time.monotonic()))

    async def _free_places(self) -> None:
        """In time: what is not told holds its place much longer than Telegram asks for."""
        answered, self._answered = self._answered, []
        if answered:
            try:
                await self._do(self._out, lambda: _free(answered))
            except BaseException:
                self._answered = answered + self._answered
                raise

    async def _take(self) -> tuple[list[Parcel], float]:
        """What is to be sent now; what Telegram has is noted along with it, however many they are."""
        done, self._done = self._done, []
        try:
            most = AT_ONCE - len(self._sending)
            return await self._do(self._out, lambda: _turn(most, done))
        except BaseException:
            self._done = done + self._done
            raise

    async def _rest(self, seconds: float) -> None:
        """Until there may be more to send: a hint, something that was sent, or so long."""
        # One that was left behind when something was sent may have heard it while we looked.
        heard = self._hint is not None and self._hint.done() and self._hint.result()
        if self._hint is None or self._hint.done():
            self._hint = None
        if heard:
            return
        if self._hint is None:
            loop = asyncio.get_running_loop()
            self._hint = loop.run_in_executor(self._hear, self._listen, outbox.WRITTEN, 1.0)
        finished = asyncio.ensure_future(self._finished.wait())
        try:
            both: set[asyncio.Future[Any]] = {self._hint, finished}
            await asyncio.wait(both, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            finished.cancel()
            self._finished.clear()

    async def _deliver(self, client: Client, parcel: Parcel) -> None:
        after: Callable[[], Any]
        try:
            await asyncio.sleep(parcel.begin - time.monotonic())
            number = await client.call(parcel.method, parcel.chat_id, parcel.payload)
            self._done.append((parcel, number))
            return
        except TooFast as error:
            after = partial(_slow_down, parcel, error.seconds)
        except Closed as error:
            after = partial(outbox.gone, parcel.chat_id, str(error))
        except Moved as error:
            after = partial(outbox.moved, parcel, error.chat_id)
        except Refused as error:
            after = partial(_after_refusal, parcel, str(error))
        except Away as error:
            after = partial(outbox.later, parcel, why=str(error))
        finally:
            self._answered.append((parcel, time.monotonic()))
            self._finished.set()
        await self._patiently(self._out, after)

    async def _wait_for(self, hint: str, seconds: float) -> None:
        """Until somebody leaves the hint, or so long."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._hear, self._listen, hint, seconds)

    def _listen(self, hint: str, seconds: float) -> bool:
        """Whether it was said."""
        try:
            return wake.wait(self._redis, [hint], seconds) is not None
        except RedisError:
            time.sleep(seconds)
            return False

    async def _do(self, pool: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        def inside() -> T:
            with self.app.app_context():
                try:
                    return work()
                finally:
                    db.session.remove()

        return await asyncio.get_running_loop().run_in_executor(pool, inside)

    async def _patiently(self, pool: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        """The same, again until the database is there."""
        while True:
            try:
                return await self._do(pool, work)
            except (SQLAlchemyError, RedisError) as error:
                log.warning("the bot waits", error=type(error).__name__)
                if self._stopping.is_set():
                    raise
                await self._breathe()

    async def _breathe(self, seconds: float = BREATHE) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return


def _receive(told: dict[str, Any]) -> None:
    try:
        updates.receive(told)
    except Malformed as problem:
        log.warning("an update was let go", why=problem.message)


def _turn(most: int, done: outbox.Answered) -> tuple[list[Parcel], float]:
    """What was asked for is told along with all else that waits, which a fault with it does not stop."""
    try:
        verdicts.tell()
    except Exception:
        db.session.rollback()
        log.exception("verdicts could not be told")
    return outbox.take(most, done)


def _free(answered: list[tuple[Parcel, float]]) -> None:
    """Their places, each counted from its own answer."""
    now = time.monotonic()
    rates.over((parcel.chat_id, parcel.ticket, now - at) for parcel, at in answered)


def _slow_down(parcel: Parcel, seconds: float) -> None:
    rates.pause(seconds, parcel.chat_id)
    outbox.later(parcel, seconds)


def _after_refusal(parcel: Parcel, why: str) -> None:
    if "message is not modified" in why.lower():
        outbox.sent([(parcel, parcel.payload.get("message_id"))])
    elif "parse entities" in why.lower() and not parcel.payload.get("plain"):
        outbox.plainly(parcel, bare(parcel.payload["text"]))
    else:
        outbox.refused(parcel, why)


def run(app: Flask) -> None:
    """Work until told to stop."""

    async def main() -> None:
        process = BotProcess(app)
        for sig in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(sig, process.stop)
        heartbeat = start_heartbeat(app, "bot", lambda: {"pid": os.getpid(), "name": process.name})
        try:
            await process.run()
        finally:
            heartbeat.stop()

    asyncio.run(main())
