"""A Telegram of the suite's own: the Bot API's wire format, its limits, and faults on request.

https://core.telegram.org/bots/api: a method is POSTed to /bot<token>/<method>, with a form or JSON; the
answer is {"ok": true, "result": …} or {"ok": false, "error_code", "description", "parameters"}.
"""

from __future__ import annotations

import html
import json
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

TOKEN = "123456789:AAE-stub_token_of_the_suite_0123456789"
NAME = "mlarena_test_bot"
BOT = {"id": 123456789, "is_bot": True, "first_name": "MLArena", "username": NAME}
TAGS = {"b", "i", "s", "u", "code", "pre", "a"}
LONGEST = 4096
Fault = tuple[int, dict[str, Any]]


def fault(code: int, words: str, **parameters: Any) -> Fault:
    body: dict[str, Any] = {"ok": False, "error_code": code, "description": words}
    return code, body | ({"parameters": parameters} if parameters else {})


def too_fast(seconds: int) -> Fault:
    return fault(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)


BLOCKED = fault(403, "Forbidden: bot was blocked by the user")


@dataclass
class Call:
    """One call of a method: when it came, with what, and whether it was granted."""

    at: float
    method: str
    params: dict[str, Any]
    ok: bool = False

    @property
    def text(self) -> str:
        return str(self.params.get("text", ""))


@dataclass
class Stub:
    """`faults` is asked before a method is carried out, and answers in its place, or None."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    faults: list[Callable[[str, dict[str, Any]], Fault | None]] = field(default_factory=list)
    messages: dict[int, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    webhook: dict[str, Any] = field(default_factory=dict)
    _updates: list[dict[str, Any]] = field(default_factory=list)
    _number: int = 1000
    _change: threading.Condition = field(default_factory=threading.Condition)
    closed: bool = False

    def reset(self) -> None:
        with self._change:
            number = self._number
            self.__dict__.update(Stub(url=self.url, _number=number, _change=self._change).__dict__)

    # -- what people do ---------------------------------------------------------------------------

    def write(
        self, who: int, text: str, chat: int | None = None, reply_to: int | None = None, **more: Any
    ) -> dict[str, Any]:
        """Somebody writes: to the bot, or in a group (`chat` below 0)."""
        message = {
            "message_id": self._next(),
            "from": _person(who),
            "chat": _chat(chat or who),
            "date": int(time.time()),
            "text": text,
        }
        if reply_to is not None:
            message["reply_to_message"] = {
                **{"message_id": reply_to, "date": 1, "chat": _chat(chat or who)},
                **{"from": BOT, "text": "…"},
            }
        return self.tell({"message": message | more})

    def press(self, who: int, words: str, message: dict[str, Any] | None = None) -> dict[str, Any]:
        """Somebody presses the button that begins with `words`, of the last message that has it."""
        for shown in [message] if message else reversed(self.messages[who]):
            for row in shown.get("reply_markup", {}).get("inline_keyboard", []):
                for button in row:
                    if button["text"].startswith(words):
                        return self.press_data(who, button["callback_data"], shown)
        raise AssertionError(f"no button {words!r} in {self.texts(who)[-3:]}")

    def press_data(self, who: int, data: str, message: dict[str, Any]) -> dict[str, Any]:
        query = {"id": str(self._next()), "from": _person(who), "chat_instance": "1", "data": data}
        shown = {name: value for name, value in message.items() if name != "reply_markup"}
        return self.tell({"callback_query": query | {"message": shown}})

    def block(self, who: int) -> dict[str, Any]:
        """They block the bot: it is told so, and may say nothing to them any more."""
        change = {
            **{"chat": _chat(who), "from": _person(who), "date": 1},
            "old_chat_member": {"status": "member", "user": BOT},
            "new_chat_member": {"status": "kicked", "user": BOT, "until_date": 0},
        }
        return self.tell({"my_chat_member": change})

    def tell(self, about: dict[str, Any]) -> dict[str, Any]:
        with self._change:
            update = {"update_id": self._next(), **about}
            self._updates.append(update)
            self._change.notify_all()
        return update

    def _next(self) -> int:
        with self._change:
            self._number += 1
            return self._number

    # -- what came of it --------------------------------------------------------------------------

    def texts(self, chat: int) -> list[str]:
        """What stands in the chat from the bot, without its tags."""
        return [bare(message["text"]) for message in self.messages[chat]]

    def of(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    # -- the API ----------------------------------------------------------------------------------

    def answer(self, method: str, params: dict[str, Any]) -> Fault:
        call = Call(time.monotonic(), method, params)
        with self._change:
            self.calls.append(call)
        for one in list(self.faults):
            found = one(method, params)
            if found is not None:
                return found
        good = getattr(self, f"_{method}", None)
        if good is None:
            return fault(404, "Not Found: method not found")
        result = good(params)
        if isinstance(result, tuple):
            return result
        call.ok = True
        return 200, {"ok": True, "result": result}

    def _getMe(self, _params: dict[str, Any]) -> Any:
        more = ("can_join_groups", "can_read_all_group_messages", "supports_inline_queries")
        return BOT | dict.fromkeys(more, False)

    def _setMyCommands(self, _params: dict[str, Any]) -> Any:
        return True

    def _deleteWebhook(self, _params: dict[str, Any]) -> Any:
        self.webhook = {}
        return True

    def _setWebhook(self, params: dict[str, Any]) -> Any:
        self.webhook = params
        return True

    def _answerCallbackQuery(self, _params: dict[str, Any]) -> Any:
        return True

    def _getUpdates(self, params: dict[str, Any]) -> Any:
        if self.webhook:
            return fault(409, "Conflict: can't use getUpdates method while webhook is active")
        offset, until = int(params.get("offset", 0)), time.monotonic() + float(params["timeout"])
        with self._change:
            self._updates = [one for one in self._updates if one["update_id"] >= offset]
            while not self._updates and not self.closed and time.monotonic() < until:
                self._change.wait(until - time.monotonic())
            return list(self._updates[: int(params.get("limit", 100))])

    def _sendMessage(self, params: dict[str, Any]) -> Any:
        chat = int(params["chat_id"])
        wrong = _wrong(params)
        if wrong:
            return wrong
        message = {
            **{"message_id": self._next(), "from": BOT, "chat": _chat(chat)},
            **{"date": int(time.time()), "text": params["text"]},
            **{
                name: params[name]
                for name in ("reply_markup", "reply_parameters")
                if name in params
            },
        }
        with self._change:
            self.messages[chat].append(message)
            self._change.notify_all()
        return _shown(message)

    def _editMessageText(self, params: dict[str, Any]) -> Any:
        chat, number = int(params["chat_id"]), int(params["message_id"])
        wrong = _wrong(params)
        if wrong:
            return wrong
        found = next((one for one in self.messages[chat] if one["message_id"] == number), None)
        if found is None:
            return fault(400, "Bad Request: message to edit not found")
        new = {"text": params["text"], "reply_markup": params.get("reply_markup", {})}
        if all(found.get(name, {}) == value for name, value in new.items()):
            return fault(400, "Bad Request: message is not modified: specified new message …")
        with self._change:
            found.update(new)
            self._change.notify_all()
        return _shown(found)


def bare(text: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", text))


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _wrong(params: dict[str, Any]) -> Fault | None:
    """What Telegram would refuse in a text or its buttons."""
    text = str(params.get("text", ""))
    if params.get("parse_mode") == "HTML":
        if (words := _unparsed(text)) is not None:
            return fault(400, f"Bad Request: can't parse entities: {words}")
        text = bare(text)
    if not text.strip():
        return fault(400, "Bad Request: message text is empty")
    if units(text) > LONGEST:
        return fault(400, "Bad Request: message is too long")
    for row in params.get("reply_markup", {}).get("inline_keyboard", []):
        for button in row:
            if not 1 <= len(button["callback_data"].encode()) <= 64:
                return fault(400, "Bad Request: BUTTON_DATA_INVALID")
    return None


def _unparsed(text: str) -> str | None:
    open_ones: list[str] = []
    for closing, name, rest in re.findall(r"<(/?)([a-z]+)([^>]*)>", text):
        if name not in TAGS:
            return f'Unsupported start tag "{name}"'
        if not closing:
            open_ones.append(name)
        elif not open_ones or open_ones.pop() != name or rest:
            return f'Unmatched end tag "{name}"'
    left = re.sub(r"<(/?)([a-z]+)([^>]*)>|&(lt|gt|amp|quot|#[0-9]+);", "", text)
    if open_ones or "<" in left or "&" in left:
        return f"Can't find end tag of {open_ones}" if open_ones else "Unexpected < or &"
    return None


def _shown(message: dict[str, Any]) -> dict[str, Any]:
    answer = message | {"text": bare(message["text"])}
    answer.pop("reply_parameters", None)
    # A message as it comes back holds only keyboards of buttons.
    if "inline_keyboard" not in answer.get("reply_markup", {}):
        answer.pop("reply_markup", None)
    return answer


def _person(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "is_bot": False,
        "first_name": f"Person {number}",
        "username": f"p{number}",
    }


def _chat(number: int) -> dict[str, Any]:
    if number < 0:
        return {"id": number, "type": "supergroup", "title": "A group"}
    return {"id": number, "type": "private", "first_name": f"Person {number}"}


def serve() -> tuple[Stub, ThreadingHTTPServer]:
    stub = Stub()

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body are two writes: together with delayed acknowledgements 40 ms a call.
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            found = re.fullmatch(r"/bot([^/]+)/(\w+)", self.path)
            if found is None or found[1] != TOKEN:
                status, answer = fault(401, "Unauthorized")
            else:
                status, answer = stub.answer(found[2], _read(body, self.headers["Content-Type"]))
            sent = json.dumps(answer).encode()
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)
            except ConnectionError:  # who asked has gone meanwhile
                self.close_connection = True

        def log_message(self, *_words: Any) -> None:
            """Quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, *_about: Any) -> None:
            """A client that went away while it was answered."""

    server = Server(("127.0.0.1", 0), Door)
    stub.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return stub, server


def _read(body: bytes, kind: str | None) -> dict[str, Any]:
    if kind and kind.startswith("application/json"):
        return dict(json.loads(body))
    read: dict[str, Any] = {}
    for name, value in parse_qsl(body.decode(), keep_blank_values=True):
        try:
            read[name] = value if name == "text" else json.loads(value)
        except ValueError:
            read[name] = value
    return read
