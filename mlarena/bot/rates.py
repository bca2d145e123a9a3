"""How much may be said: Telegram's limits, held over all processes in Redis.

30 messages a second in all, one a second in a chat, twenty a minute in a group
(https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this).

What counts is when a call arrives there, somewhere between our asking and Telegram's answer. So a place is
held from before the call until a second after its answer: of the calls that arrive within any second all
still hold theirs when the last of them asks for one, and there are never more places than Telegram allows.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from typing import cast

from mlarena.core.redis import redis_client

OVERALL = 30
OVERALL_MS = 1050
# A chat's next call begins so long after the last one's answer, which came later than it had arrived: the
# rest is for a clock there that runs slower than ours.
CHAT_MS = 1002
GROUP_MS = 3050
# A chat that may be called so soon is given its place now: who has it makes ready, and calls in time.
AHEAD_MS = 12
# A place whose holder was killed is free again after so long: no call lasts longer.
HOLD_MS = 40_000

# ms of a clock in place of the one that all processes share, which is Redis' own.
clock: Callable[[], int] | None = None

# Until when a chat has to wait, as far as this process was told.
_known: dict[int, float] = {}
EVERYBODY = 0
MOST_KNOWN = 10_000

_NAME = "mlarena:telegram:"
_PLACES = f"{_NAME}places"
_PAUSE = f"{_NAME}pause"

_NOW = """
local now = tonumber(ARGV[1])
if now == 0 then
  local clock = redis.call('TIME')
  now = clock[1] * 1000 + math.floor(clock[2] / 1000)
end
"""

# How long to wait, in ms; where that is no longer than AHEAD_MS a place is held. Below 0 where everybody has
# to wait.
_ASK = f"""{_NOW}
local all = math.max(redis.call('PTTL', KEYS[2]), 0)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then
  local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  all = math.max(all, math.min(first[2] - now, ARGV[3]))
end
if all > 0 then return -all end
local own = math.max(redis.call('PTTL', KEYS[4]), (redis.call('GET', KEYS[3]) or 0) - now, 0)
if own > tonumber(ARGV[6]) then return own end
redis.call('SET', KEYS[3], now + ARGV[4], 'PX', ARGV[4])
redis.call('ZADD', KEYS[1], now + ARGV[4], ARGV[5])
redis.call('PEXPIRE', KEYS[1], 2 * ARGV[4])
return own
"""

# The answer was there a while ago: the place, and the chat, are free so long after it.
_OVER = f"""{_NOW}
for n = 2, #KEYS do
  local ticket, gap, age = unpack(ARGV, 3 * n - 3, 3 * n - 1)
  redis.call('ZADD', KEYS[1], 'XX', now + ARGV[2] - age, ticket)
  redis.call('SET', KEYS[n], now + gap - age, 'PX', HOLD)
end
return 0
""".replace("HOLD", str(HOLD_MS))


def ask(chat_id: int, ticket: str) -> int:
    """In how many ms a message may go to that chat. Where `granted` it holds a place by the name of `ticket`,
    until `over` is told. Below 0 the ms that everybody has to wait.

    Raises RedisError: who cannot count does not send.
    """
    known = _known_wait(chat_id)
    if not granted(known):
        return known
    keys = [_PLACES, _PAUSE, _chat(chat_id), f"{_PAUSE}:{chat_id}"]
    given: list[str | int] = [
        clock() if clock else 0,
        OVERALL,
        OVERALL_MS,
        HOLD_MS,
        ticket,
        AHEAD_MS,
    ]
    found = int(cast(int, redis_client().eval(_ASK, len(keys), *keys, *given)))
    if not granted(found):
        _known[EVERYBODY if found < 0 else chat_id] = _seconds() + abs(found) / 1000
    return found


def granted(wait: int) -> bool:
    """Whether who was told to wait so many ms holds a place."""
    return 0 <= wait <= AHEAD_MS


def over(calls: Iterable[tuple[int, str, float]]) -> None:
    """Telegram has answered these in whatever way, each a chat, its ticket, and the seconds since then.
    Raises RedisError."""
    done = list(calls)
    if not done:
        return
    keys = [_PLACES, *(_chat(chat_id) for chat_id, _, _ in done)]
    given: list[str | int] = [clock() if clock else 0, OVERALL_MS]
    for chat_id, ticket, ago in done:
        given += [ticket, _gap(chat_id), math.floor(1000 * ago)]
        _known[chat_id] = _seconds() + _gap(chat_id) / 1000 - ago
    redis_client().eval(_OVER, len(keys), *keys, *given)


def _chat(chat_id: int) -> str:
    return f"{_NAME}chat:{chat_id}"


def _gap(chat_id: int) -> int:
    return CHAT_MS if chat_id > 0 else GROUP_MS


def _seconds() -> float:
    return clock() / 1000 if clock else time.monotonic()


def _known_wait(chat_id: int) -> int:
    """What this process was told before and still holds: it need not ask again."""
    now = _seconds()
    if len(_known) > MOST_KNOWN:
        for one in [one for one, until in _known.items() if until <= now]:
            del _known[one]
    everybody, own = _known.get(EVERYBODY, 0.0) - now, _known.get(chat_id, 0.0) - now
    if everybody > 0:
        return -math.ceil(1000 * everybody)
    return math.ceil(1000 * own) if own > 0 else 0


def pause(seconds: float, chat_id: int | None = None) -> None:
    """Telegram has asked for it (429). It does not say whether it means the chat or all; one chat alone is
    what it was about, as long as no second one meets it too."""
    client, until = redis_client(), max(1, round(seconds * 1000))
    if chat_id is None:
        client.set(_PAUSE, 1, px=until)
        return
    others = client.set(f"{_PAUSE}:seen", str(chat_id), px=until, nx=True) is None
    if others and client.get(f"{_PAUSE}:seen") != str(chat_id).encode():
        client.set(_PAUSE, 1, px=until)
    client.set(f"{_PAUSE}:{chat_id}", 1, px=until)
