"""How much may be said: Telegram's limits, held over all processes in Redis.

30 messages a second in all, one a second in a chat, twenty a minute in a group
(https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this). A window is counted a
little longer than it is: what left here a second apart may arrive a little closer.
"""

from __future__ import annotations

import math
import time
from typing import cast

from mlarena.core.redis import redis_client

OVERALL = 30
OVERALL_MS = 1050
CHAT_MS = 1000
GROUP_MS = 3000

# Until when (by this process's clock) a chat has to wait, as far as we were told.
_known: dict[int, float] = {}
EVERYBODY = 0
MOST_KNOWN = 10_000

_NAME = "mlarena:telegram:"
_LAST = f"{_NAME}sent"
_PAUSE = f"{_NAME}pause"

# How long to wait, in ms; 0: go, and it is counted. Below 0 where everybody has to.
_ASK = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local all = math.max(redis.call('PTTL', KEYS[2]), 0)
local oldest = redis.call('LINDEX', KEYS[1], ARGV[1] - 1)
if oldest then all = math.max(all, oldest + ARGV[2] - now) end
if all > 0 then return -all end
local own = math.max(redis.call('PTTL', KEYS[3]), redis.call('PTTL', KEYS[4]))
if own > 0 then return own end
redis.call('SET', KEYS[3], 1, 'PX', ARGV[3])
redis.call('LPUSH', KEYS[1], now)
redis.call('LTRIM', KEYS[1], 0, ARGV[1] - 1)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 0
"""


def ask(chat_id: int) -> int:
    """0 where a message may go to that chat now, which is counted; the ms to wait, or below 0 the ms that
    everybody has to. Raises RedisError: who cannot count does not send."""
    known = _known_wait(chat_id)
    if known:
        return known
    gap = CHAT_MS if chat_id > 0 else GROUP_MS
    keys = [_LAST, _PAUSE, f"{_NAME}chat:{chat_id}", f"{_PAUSE}:{chat_id}"]
    waits = redis_client().eval(_ASK, len(keys), *keys, OVERALL, OVERALL_MS, gap)
    found = int(cast(int, waits))
    # A chat that was just let through has to wait as well.
    _known[EVERYBODY if found < 0 else chat_id] = time.monotonic() + (abs(found) or gap) / 1000
    return found


def _known_wait(chat_id: int) -> int:
    """What this process was told before and still holds: it need not ask again."""
    now = time.monotonic()
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
