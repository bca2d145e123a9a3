"""What a client may send at all: small, seldom, well-formed. The rest is an `error`, then the exit."""

from __future__ import annotations

import json
from typing import Any

import pytest
import websocket

from mlarena.live.door import BURST, LARGEST_MESSAGE, Budget, readable

JOIN = '42["join",{"board":"global"}]'


def said(socket: websocket.WebSocket) -> tuple[str, Any]:
    message = socket.recv()
    assert message.startswith("42"), message
    event, payload = json.loads(message[2:])
    return event, payload


UNREADABLE = [
    "",
    "x",
    "9",
    "2probe",
    "5",
    "6",
    "4",
    "4x",
    "42",
    "42{",
    "42[]",
    "42[5]",
    '42{"join":1}',
    "42" + "[" * 4000,
    "42" + "9" * 200 + '["join"]',
    '43["ack"]',
    '451-["join",{"_placeholder":true,"num":0}]',
    '459999999999-["join"]',
    "44{}",
    "bAAAA",
    "42[NaN",
]


@pytest.mark.pure
@pytest.mark.parametrize("message", [*UNREADABLE, None, b"42[]", "4" + "0" * LARGEST_MESSAGE])
def test_unreadable(message: Any) -> None:
    assert not readable(message)


@pytest.mark.pure
@pytest.mark.parametrize(
    "message", ["3", "1", "40", '40{"token":"x"}', "41", JOIN, '4212["leave"]']
)
def test_readable(message: str) -> None:
    assert readable(message)


@pytest.mark.pure
def test_a_budget_runs_out_and_comes_back(monkeypatch: Any) -> None:
    now = 100.0
    monkeypatch.setattr("mlarena.live.door.time.monotonic", lambda: now)
    budget = Budget()
    assert all(budget.spend() for _ in range(BURST))
    assert not budget.spend()
    now += 1
    assert budget.spend()


def test_garbage_gets_an_error_and_good_messages_still_work(knock: Any) -> None:
    socket = knock()
    for message in UNREADABLE:
        socket.send(message)
        assert said(socket)[0] == "error", message
    socket.send_binary(b"\x04join")
    assert said(socket)[0] == "error"
    socket.send('421["join",{"board":"global"}]')
    assert socket.recv().startswith("431[")


def test_a_flood_is_shown_out(knock: Any) -> None:
    socket = knock()
    for _ in range(BURST + 20):
        socket.send("42[7]")
    messages = []
    while heard := socket.recv():  # empty once the server has closed
        messages.append(json.loads(heard[2:])[1]["message"])
    assert messages[-1].startswith("Too many messages")
    assert len(messages) <= BURST + 1


def test_a_huge_message_is_not_read(knock: Any) -> None:
    socket = knock()
    with pytest.raises((websocket.WebSocketException, OSError)):
        socket.send("42" + "x" * (1 << 20))
        while True:
            opcode, _ = socket.recv_data()
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                raise websocket.WebSocketConnectionClosedException
    assert knock()  # and the server is there for others


@pytest.mark.parametrize(
    "token", ["", "mla_unknown", "a.b.c", 5, ["x"], {"a": 1}, "\x00", "mla_\ud800", True, "é"]
)
def test_a_bad_token_is_refused_in_words(knock: Any, token: Any) -> None:
    answer = knock({"token": token}).greeting
    assert answer.startswith("44"), answer
    assert "oken" in json.loads(answer[2:])["message"]


def test_another_namespace_is_refused(knock: Any) -> None:
    socket = knock()
    socket.send("40/admin,")
    assert socket.recv().startswith("44/admin")
