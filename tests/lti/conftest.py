"""An LMS as one meets them: its key, its OIDC door, its token, line items and scores, on a real server."""

from __future__ import annotations

import http.server
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import redis
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from rq import Queue

from mlarena.challenges import authoring
from mlarena.challenges import service as challenges
from mlarena.cohorts import assignments
from mlarena.cohorts import service as cohorts
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.lti import jobs, passback, platforms
from mlarena.lti.models import Platform, Score
from mlarena.submissions import outbox
from mlarena.submissions.evaluate import evaluate
from mlarena.submissions.queues import HOUSE, WEBHOOKS
from mlarena.worker import ArenaWorker

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
DEEP = "https://purl.imsglobal.org/spec/lti-dl/claim/"
ROLE = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
SCOPES = [f"https://purl.imsglobal.org/spec/lti-ags/scope/{one}" for one in ("score", "lineitem")]
BACK = "https://lms.example/return"
QUIZ = {
    "name": "Two questions",
    "points": 10,
    "questions": [
        {"kind": "number", "prompt": "1 + 1?", "answer": 2},
        {"kind": "number", "prompt": "1 + 2?", "answer": 3},
    ],
}


@pytest.fixture(scope="session")
def lms_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def other_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Lms:
    """`scores` is what arrived: (path, body). `say` decides the answer of a path; None is the usual one."""

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        self.key, self.kid = key, "one"
        self.scores: list[tuple[str, dict[str, Any]]] = []
        self.items: list[dict[str, Any]] = []
        self.assertions: list[str] = []
        self.asked: list[str] = []
        self.say: Callable[[str], tuple[int, bytes] | None] = lambda path: None
        self.hang = threading.Event()
        self.over = threading.Event()
        lms = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(b"")

            def do_POST(self) -> None:
                self._answer(self.rfile.read(int(self.headers["Content-Length"])))

            def _answer(self, body: bytes) -> None:
                path = urlsplit(self.path).path
                lms.asked.append(path)
                if lms.hang.is_set():
                    lms.over.wait(30)
                    return
                status, told = lms.say(path) or lms.usual(self.command, path, body, self.headers)
                self.send_response(status)
                self.send_header("Content-Length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)

            def log_message(self, *_given: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()

    def usual(self, method: str, path: str, body: bytes, headers: Any) -> tuple[int, bytes]:
        if path == "/jwks":
            shown = RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
            return 200, json.dumps({"keys": [{**shown, "kid": self.kid, "use": "sig"}]}).encode()
        if path == "/token":
            given = parse_qs(body.decode())
            assert given["grant_type"] == ["client_credentials"]
            self.assertions.append(given["client_assertion"][0])
            token = f"token-{len(self.assertions)}"
            return 200, json.dumps({"access_token": token, "expires_in": 3600}).encode()
        if headers["Authorization"] != f"Bearer token-{len(self.assertions)}":
            return 401, b"{}"
        if path == "/items" and method == "GET":
            return 200, json.dumps(self.items).encode()
        if path == "/items":
            item = json.loads(body) | {"id": f"{self.url}/items/{len(self.items) + 1}?course=7"}
            self.items.append(item)
            return 201, json.dumps(item).encode()
        if path.endswith("/scores"):
            self.scores.append((path, json.loads(body)))
            return 204, b""
        return 404, b"what?"

    def given(self) -> list[float | None]:
        return [body.get("scoreGiven") for _, body in self.scores]

    def sign(
        self, claims: dict[str, Any], key: Any = None, alg: str = "RS256", **header: Any
    ) -> str:
        return jwt.encode(claims, key or self.key, alg, headers={"kid": self.kid, **header})


@pytest.fixture
def lms(lms_key: rsa.RSAPrivateKey) -> Iterator[Lms]:
    made = Lms(lms_key)
    yield made
    made.stop()


@pytest.fixture
def arena(app: Any, another_app: Any) -> Iterator[Any]:
    """It may ask this machine, and is not patient."""
    other = another_app(
        outgoing_allow="127.0.0.0/8",
        webhook_seconds=1.0,
        webhook_retry_seconds=0.01,
        webhook_attempts=3,
    )
    other.test_client_class = app.test_client_class
    with other.app_context():
        yield other
        db.session.remove()


@pytest.fixture
def teacher(make_user: Callable[..., Any]) -> Any:
    return make_user("grace", role="instructor")


def fields_of(lms: Lms, **more: Any) -> dict[str, Any]:
    return {
        "name": "The Moodle",
        "issuer": "https://lms.example",
        "client_id": "tool-1",
        "deployments": "d1",
        "auth_url": f"{lms.url}/auth?x=1",
        "token_url": f"{lms.url}/token",
        "keys_url": f"{lms.url}/jwks",
        **more,
    }


@pytest.fixture
def platform(arena: Any, lms: Lms, teacher: Any) -> Platform:
    return platforms.create(teacher, fields_of(lms))


class Visit:
    """Somebody's browser at the LMS: `begin` gets the question, `claims` answer it, `come` brings them."""

    def __init__(self, arena: Any, lms: Lms) -> None:
        self.browser, self.lms = arena.test_client(), lms
        self.question: dict[str, str] = {}

    def begin(self, **more: Any) -> Any:
        asked = {"iss": "https://lms.example", "client_id": "tool-1", "login_hint": "7", **more}
        answer = self.browser.get("/lti/login", query_string=asked)
        if answer.status_code == 302:
            found = parse_qs(urlsplit(answer.location).query)
            self.question = {name: values[0] for name, values in found.items()}
        return answer

    def claims(self, **more: Any) -> dict[str, Any]:
        now = int(time.time())
        return {
            "iss": "https://lms.example",
            "aud": "tool-1",
            "sub": "sub-1",
            "iat": now,
            "exp": now + 300,
            "nonce": self.question.get("nonce"),
            "email": "ada@school.example",
            "name": "Ada Lovelace",
            f"{LTI}message_type": "LtiResourceLinkRequest",
            f"{LTI}version": "1.3.0",
            f"{LTI}deployment_id": "d1",
            f"{LTI}target_link_uri": "http://localhost/lti/launch",
            f"{LTI}roles": [f"{ROLE}Learner"],
            f"{LTI}context": {"id": "course-7", "title": "Learning machines"},
            f"{LTI}resource_link": {"id": "link-1", "title": "Week 1"},
            **more,
        }

    def come(self, token: str, headers: dict[str, str] | None = None, **more: Any) -> Any:
        form = {"state": self.question.get("state", ""), "id_token": token, **more}
        return self.browser.post("/lti/launch", data=form, headers=headers)

    def launch(self, headers: dict[str, str] | None = None, **more: Any) -> Any:
        self.begin()
        return self.come(self.lms.sign(self.claims(**more)), headers)

    def teach(self, **more: Any) -> Any:
        who = {"sub": "sub-t", "email": "", f"{LTI}roles": [f"{ROLE}Instructor"]}
        return self.launch(**{**who, **more})

    def send(self, address: str, page: str = "", **fields: Any) -> Any:
        shown = self.browser.get(page or address).text
        found = re.search(r'name="csrf_token" value="([^"]+)"', shown)
        assert found, shown
        return self.browser.post(address, data={"csrf_token": found[1], **fields})

    @property
    def user_id(self) -> int | None:
        with self.browser.session_transaction() as session:
            found = session.get("_user_id")
        return int(found.split(":")[0]) if found else None


@pytest.fixture
def visit(arena: Any, lms: Lms, platform: Platform) -> Visit:
    return Visit(arena, lms)


@pytest.fixture
def another_visit(arena: Any, lms: Lms, platform: Platform) -> Callable[[], Visit]:
    return lambda: Visit(arena, lms)


@pytest.fixture
def quiz(arena: Any, teacher: Any) -> Any:
    return authoring.create(teacher, "knowledge", QUIZ, publish=True)


@pytest.fixture
def cohort(arena: Any, teacher: Any) -> Any:
    return cohorts.create(teacher, {"title": "A class"})


@pytest.fixture
def assignment(cohort: Any, teacher: Any, quiz: Any) -> Any:
    """Due a day ago; two more days with 10 % off each."""
    terms = {"title": "Week 1", "due_at": utcnow() - timedelta(hours=1), "late_days": 2}
    return assignments.create(teacher, cohort, terms | {"late_percent": 10.0}, {quiz.id: 1.0})


@pytest.fixture
def attempt(arena: Any) -> Callable[..., int]:
    """attempt(user, quiz, "2", "3") -> the submission's id; it has its verdict."""

    def hand_in(user: Any, quiz: Any, *values: str) -> int:
        answers = {str(number): value for number, value in enumerate(values, 1)}
        number: int = challenges.submit(user, quiz.id, {"answers": answers}).id
        evaluate(number)
        return number

    return hand_in


@pytest.fixture
def work(arena: Any) -> Callable[[], None]:
    """What is asked for and owed is carried out, until nothing waits."""

    def run() -> None:
        end = time.monotonic() + 60
        while True:
            outbox.drain()
            jobs.keep()
            for found in db.session.query(Platform).all():
                passback.deliver(found.id)
            db.session.expire_all()
            if db.session.query(Score).filter(Score.status == "waiting").first() is None:
                return
            assert time.monotonic() < end
            time.sleep(0.02)

    return run


@pytest.fixture
def by_queue(arena: Any) -> Iterator[Callable[[], None]]:
    """The same by a real worker, which is asked by nothing but the words in its queues."""
    connection = redis.Redis.from_url(arena.extensions["settings"].redis)

    def run() -> None:
        outbox.drain()
        queues = [Queue(name, connection=connection) for name in (HOUSE, WEBHOOKS)]
        worker = ArenaWorker(arena, queues=queues, connection=connection)
        worker.work(burst=True, logging_level="WARNING")
        db.session.expire_all()

    yield run
    connection.close()
