"""Where news comes from, by form: feeds over a real connection, files, pastes, and what is none of them."""

from __future__ import annotations

import http.server
import io
import re
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from mlarena.core.db import db
from mlarena.forecasts import jobs
from mlarena.forecasts.documents.models import Document, Feed
from tests.conftest import PASSWORD
from tests.forecasts.test_documents import ATOM, RSS

PAGE = "/forecasts/feeds"


class Paper(http.server.BaseHTTPRequestHandler):
    """A newspaper's server: /rss, /moved leads there, /page is no feed, /inside leads behind walls."""

    def do_GET(self) -> None:
        to = {"/moved": "/rss", "/inside": "http://169.254.169.254/latest/meta-data"}.get(self.path)
        body = {"/rss": RSS, "/page": b"<!DOCTYPE html><title>Log in</title>"}.get(self.path, b"")
        known = self.headers.get("If-None-Match") == '"1"' and self.path == "/rss"
        self.send_response(302 if to else 304 if known else 200 if body else 404)
        if to:
            self.send_header("Location", to)
        if self.path == "/rss":
            self.send_header("ETag", '"1"')
        self.send_header("Content-Length", "0" if known else str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if known else body)

    def log_message(self, *_given: Any) -> None:
        pass


@pytest.fixture
def paper() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Paper) as here:
        here.daemon_threads = True
        threading.Thread(target=here.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{here.server_port}"
        here.shutdown()


@pytest.fixture
def desk(another_app: Any, make_user: Any) -> Iterator[Any]:
    """desk(step, **fields): what an instructor sends, in an arena that may ask this machine."""
    make_user("tess", role="instructor")
    other = another_app(outgoing_allow="127.0.0.0/8")
    with other.app_context():
        browser = other.test_client()

        def send(path: str, **fields: Any) -> Any:
            shown = browser.get(PAGE if path != "/login" else path)
            token = re.search(r'name="csrf-token" content="([^"]+)"', shown.text)
            assert token is not None
            return browser.post(path, data={"csrf_token": token[1], **fields})

        assert send("/login", username="tess", password=PASSWORD).status_code == 302
        send.browser = browser  # type: ignore[attr-defined]
        yield send
        db.session.remove()


def titles() -> set[str]:
    return set(db.session.scalars(select(Document.title)))


def test_a_feed_is_subscribed_read_by_the_clock_and_left(desk: Any, paper: str) -> None:
    assert "No feeds yet" in desk.browser.get(PAGE).text
    assert desk(PAGE, url=f" {paper}/moved ").status_code == 303
    assert titles() == {"Mané limps off at Liverpool", "Everton hold Leeds"}
    page = desk.browser.get(PAGE).text
    assert "2 new, 0 changed, 0 known" in page and "The Paper" in page
    again = desk(PAGE, url=f"{paper}/moved")
    assert again.status_code == 422 and "read already" in again.text
    assert "0 new" in jobs.documents()
    feed = db.session.scalars(select(Feed)).one()
    assert desk(f"{PAGE}/{feed.id}/read").status_code == 303
    assert "0 new, 0 changed, 0 known" in desk.browser.get(PAGE).text
    feed.url = f"{paper}/gone"
    db.session.commit()
    desk(f"{PAGE}/{feed.id}/read")
    assert "answered 404" in desk.browser.get(PAGE).text
    assert desk(f"{PAGE}/{feed.id}/remove").status_code == 303
    assert desk(f"{PAGE}/{feed.id}/remove").status_code == 404
    assert len(titles()) == 2 and "No feeds yet" in desk.browser.get(PAGE).text


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "cannot be empty"), ("paper.example/rss", "https://"), ("file:///etc/passwd", "https://"),
        ("{paper}/page", "neither RSS nor Atom"), ("{paper}/gone", "answered 404"),
        ("http://10.0.0.1/rss", "no public address"), ("http://169.254.169.254/", "no public address"),
        ("{paper}/inside", "no public address"), ("http://u:p@paper.example/", "user name"),
    ],
)  # fmt: skip
def test_what_is_no_feed_stands_beside_what_was_typed(
    desk: Any, paper: str, url: str, said: str
) -> None:
    typed = url.format(paper=paper)
    answer = desk(PAGE, url=typed)
    assert answer.status_code == 422 and said in answer.text and f'value="{typed}"' in answer.text
    assert not db.session.scalars(select(Feed)).all() and not titles()


ENTITIES = """<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY file SYSTEM "file://{secret}">
<!ENTITY a "lol lol lol lol lol lol lol lol lol lol">{more}]>
<rss version="2.0"><channel><title>News</title><item><title>Told &file;</title>
<description>So it goes. {text}</description></item></channel></rss>"""


def test_a_feed_reads_no_file_of_ours_and_is_no_bomb(desk: Any, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    more = "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in pairwise("abcdefghi"))
    for text in ("&file;", "&i;"):
        feed = ENTITIES.format(secret=secret, more=more, text=text).encode()
        answer = desk(f"{PAGE}/files", news_files=[(io.BytesIO(feed), "news.rss")])
        assert answer.status_code in (303, 422)
    kept = [(one.title, one.text) for one in db.session.scalars(select(Document))]
    assert kept and not any("hunter2" in part for row in kept for part in row)
    assert all(len(text) < 10_000 for _, text in kept)


def test_files_and_pastes(desk: Any) -> None:
    files = [(io.BytesIO(ATOM), "news.xml"), (io.BytesIO(b"# City sign\nA keeper."), "one.md")]
    assert desk(f"{PAGE}/files", news_files=files).status_code == 303
    assert titles() == {"Leeds United win again", "City sign"}
    bad = [(io.BytesIO(b"{}"), "bad.rss"), (io.BytesIO(b"Rain\nAll day."), "rain.txt")]
    answer = desk(f"{PAGE}/files", news_files=bad)
    assert answer.status_code == 422 and "bad.rss is neither RSS nor Atom" in answer.text
    assert "Rain" in titles()  # what is right is taken in
    assert "Choose a file first" in desk(f"{PAGE}/files").text
    typed = {"title": "A <b>blow</b>", "text": "The captain is hurt.", "address": ""}
    for wrong in ({"text": ""}, {"address": "javascript:alert(1)"}, {"title": "x" * 301}):
        answer = desk(f"{PAGE}/paste", **{**typed, **wrong})
        assert (answer.status_code == 422 and "A &lt;b&gt;blow" in answer.text) or "title" in wrong
        assert "A blow" not in titles()
    assert desk(f"{PAGE}/paste", **typed).status_code == 303
    assert "A blow" in titles()
    again = desk(f"{PAGE}/paste", **typed)
    assert again.status_code == 422 and "there already" in again.text
    assert "The captain is hurt." in again.text
