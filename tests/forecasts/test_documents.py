"""News: taken in from feeds, files and by hand, linked without guessing, found by words and by meaning."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select

from mlarena.accounts import logins
from mlarena.core import clock
from mlarena.core.db import db
from mlarena.forecasts.documents import (
    cleaning,
    evaluation_set,
    feeds,
    ingest,
    meaning,
    minilm,
    search,
    sentiment,
    weighing,
)
from mlarena.forecasts.documents.models import Document, DocumentVector, Feed
from mlarena.forecasts.leagues import league_by_code, seed_leagues
from mlarena.forecasts.models import Team
from mlarena.forecasts.names import map_name, waiting_names
from mlarena.forecasts.record import record
from mlarena.forecasts.sources import web
from mlarena.forecasts.sources.found import Found, FoundPlayer
from mlarena.forecasts.squads.record import record_players

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
RSS = b"""<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>The Paper</title>
<item><title>Man&#233; limps off at Liverpool</title><link>https://paper.example/1</link>
<pubDate>Sat, 21 Nov 2026 09:00:00 GMT</pubDate>
<description>&lt;p&gt;The forward tore a hamstring.&lt;/p&gt;&lt;script&gt;alert(1)&lt;/script&gt;
</description></item>
<item><title>Everton hold Leeds</title><link>javascript:alert(1)</link>
<description>A drab draw at Goodison.</description></item>
<item><title></title><description> </description></item></channel></rss>"""
ATOM = b"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Blog</title>
<entry><title>Leeds United win again</title><link href="https://blog.example/a"/><id>a</id>
<updated>2026-11-20T10:00:00Z</updated>
<content type="html">&lt;b&gt;Four&lt;/b&gt; in a row.</content></entry></feed>"""


@pytest.fixture
def teams(app: Any) -> Any:
    """Everton, Leeds, Liverpool and both Manchesters, a player, and another source's name for Leeds."""
    with clock.freeze(NOW):
        seed_leagues()
        league = league_by_code("PL")
        names = ("Everton", "Leeds", "Liverpool FC", "Manchester City", "Manchester United")
        pairs = zip(names, (*names[1:], names[0]), strict=True)
        record(
            league,
            "csv",
            [
                Found(2026, home, away, NOW + timedelta(days=n))
                for n, (home, away) in enumerate(pairs)
            ],
        )
        record(league, "openfootball", [Found(2026, "Leeds United FC", "Everton FC", NOW)])
        known = {team.name: team.id for team in db.session.scalars(select(Team))}
        (alias,) = [one for one in waiting_names() if one.name.startswith("Leeds")]
        map_name(alias.id, known["Leeds"])
        players = [FoundPlayer("304", "S. Mané", "Liverpool FC", full_name="Sadio Mané")]
        record_players(league, "csv", players)
        yield known


def names_of(row: dict[str, Any], what: str) -> set[str]:
    return {one["name"] for one in row[what]}


def test_a_feed_is_read_cleaned_linked_and_never_twice(
    teams: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    says = [
        web.Answer(200, RSS, {"ETag": '"1"', "Last-Modified": "Sat"}), web.Answer(304, b""),
        web.Answer(200, RSS), web.Answer(200, RSS.replace(b"tore", b"pulled")),
        web.Answer(200, b"<!DOCTYPE html><title>Log in</title>"), web.Answer(502, b"Bad gateway"),
        web.Answer(200, RSS[: len(RSS) // 2]),
    ]  # fmt: skip

    def get(url: str, headers: Any = None) -> web.Answer:
        asked.append(headers)
        return says[len(asked) - 1]

    monkeypatch.setattr(web, "get", get)
    feed = ingest.add_feed("https://paper.example/rss")
    told = ingest.read_feed(feed)
    assert (told.new, feed.title) == (2, "The Paper")
    rows, total = search.search("mane hamstring", 0, 10)
    assert total == 1 and rows[0]["title"] == "Mané limps off at Liverpool"
    assert rows[0]["passage"] == "The forward tore a hamstring." and rows[0]["url"].endswith("/1")
    assert names_of(rows[0], "teams") == {"Liverpool FC"} and rows[0]["sentiment"] is None
    assert names_of(rows[0], "players") == {"S. Mané"} and rows[0]["found_by"] == ["words"]
    assert rows[0]["published_at"] == "2026-11-21T09:00:00Z"
    other = search.search("drab", 0, 10)[0][0]
    assert other["url"] is None and names_of(other, "teams") == {"Everton", "Leeds"}

    assert ingest.sync_documents().endswith("0 new, 0 changed, 0 known")
    assert asked[1] == {"If-None-Match": '"1"', "If-Modified-Since": "Sat"}
    assert ingest.read_feed(feed).known == 2
    assert ingest.read_feed(feed).changed == 1  # the same address, another text
    assert search.search("hamstring", 0, 9)[0][0]["passage"].startswith("The forward pulled")
    assert db.session.scalar(select(func.count()).select_from(Document)) == 2
    assert "neither RSS nor Atom" in ingest.sync_documents()
    assert "answered 502" in ingest.sync_documents()
    assert db.session.scalars(select(Feed.problem)).one().endswith("answered 502.")
    assert (
        ingest.read_feed(feed).new == 0 and feed.problem is None
    )  # half a feed: what is whole of it


def test_files_and_paste_and_what_is_no_document(
    teams: Any, runner: Any, tmp_path: Path, client: Any, make_user: Any
) -> None:
    for name, content in (
        ("news.xml", ATOM), ("one.html", b"<h1>City sign</h1><p>Manchester City bought.</p>"),
        ("bad.xml", b"{}"), ("again.txt", b"Leeds United win again\nFour in a row."),
    ):  # fmt: skip
        (tmp_path / name).write_bytes(content)
    said = runner.invoke(
        args=["forecasts", "documents", "add", *map(str, sorted(tmp_path.iterdir()))]
    )
    assert said.exit_code == 1 and "1 of 4" in said.output
    assert (
        "again.txt: 1 new" in said.output and "news.xml: 0 new, 0 changed, 1 known" in said.output
    )
    found = runner.invoke(args=["forecasts", "documents", "search", "leeds"]).output
    assert "Leeds United win again [words] Leeds" in found

    teacher, ada = (
        {"Authorization": f"Bearer {logins.issue_tokens(user)['access_token']}"}
        for user in (make_user("t", role="instructor"), make_user("ada"))
    )
    body = {"title": "United fear", "text": "<p>Manchester United<br>are in crisis.</p>"}
    api = "/api/v1/documents"
    assert client.post(api, json=body, headers=ada).status_code == 403
    made = client.post(api, json=body, headers=teacher)
    assert made.status_code == 201 and made.json["data"]["sentiment"] < 0
    assert made.json["data"]["passage"] == "Manchester United are in crisis."
    assert names_of(made.json["data"], "teams") == {"Manchester United"}
    assert "there already" in client.post(api, json=body, headers=teacher).text
    empty = client.post(api, json={"title": "?", "text": "<script>x</script>"}, headers=teacher)
    assert empty.status_code == 422
    assert client.post(api, json=body | {"url": "javascript:x"}, headers=teacher).status_code == 422

    for edge in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"):
        timed = client.post(api, json=body | {"published_at": edge}, headers=teacher)
        assert timed.status_code == 422 and "out of range" in timed.text
        assert client.get("/api/v1/matches", query_string={"from": edge}).status_code == 422
    russian = {"title": "Победа", "text": "«Ливерпуль» выиграл."}
    assert client.post(api, json=russian, headers=teacher).status_code == 201
    assert client.get(f"{api}/search?q=ливерпуль").json["meta"]["total"] == 1

    shown = client.get(f"{api}/search?q=manchester&per_page=1").json
    assert shown["meta"]["total"] == 2 and len(shown["data"]) == 1
    city = teams["Manchester City"]
    assert client.get(f"{api}/search?q=manchester&team={city}").json["meta"]["total"] == 1
    for odd in (
        '"',
        "AND OR NOT",
        "a* NEAR(b)",
        "folded:x",
        "'; DROP TABLE documents; --",
        "!&|():*",
    ):
        assert client.get(f"{api}/search", query_string={"q": odd}).status_code == 200
    assert client.get(f"{api}/search").status_code == 422


def test_nothing_is_guessed(teams: Any) -> None:
    def about(text: str) -> tuple[set[str], set[str]]:
        made = ingest.paste("News", f"{text} {hashlib.sha1(text.encode()).hexdigest()}")
        row = search.shown([made.id])[0]
        return names_of(row, "teams"), names_of(row, "players")

    assert about("MANCHESTER UNITED beat Liverpool") == (
        {"Manchester United", "Liverpool FC"},
        set(),
    )
    assert about("United were poor")[0] == set()  # which one?
    assert about("leeds united's evening")[0] == {"Leeds"}
    assert about("Mane scored for Liverpool") == ({"Liverpool FC"}, {"S. Mané"})
    assert about("A horse with a fine mane") == (set(), set())
    assert about("Sadio Mané has moved")[1] == {"S. Mané"}
    assert about("Evertonian hearts") == (set(), set())


@pytest.mark.pure
def test_cleaning_and_sentiment() -> None:
    odd = "<style>p{}</style><p>Caf\u00e9&nbsp;\u200bBAR<br>x</p>\x00<div>3 &lt; 4</div>"
    assert cleaning.plain(odd) == "Caf\u00e9 BAR\nx\n3 < 4"
    assert cleaning.fold("Mbappé Ødegaard Łukasz") == "mbappe odegaard lukasz"
    assert len(cleaning.plain("word " * 10_000)) <= cleaning.LONGEST_TEXT
    good, bad = sentiment.of("A superb win"), sentiment.of("Injury crisis and defeat")
    assert good is not None and bad is not None and bad < 0 < good
    assert sentiment.of("not good, no win") < 0 and sentiment.of("The match is at three") is None  # type: ignore[operator]
    for broken in (b"", b"<rss", b'{"a": 1}', b"%PDF-1.4"):
        with pytest.raises(feeds.FeedProblem):
            feeds.parse(broken, "x")


class Concepts:
    """A small embedding of its own: words of one meaning share a direction, others have each their own."""

    name = "concepts"
    ALIKE = (("sacked", "fired", "dismiss"), ("hamstring", "injury", "hurt"), ("stadium", "ground"))

    def _one(self, text: str) -> np.ndarray:
        vector = np.zeros(256)
        for word in cleaning.words(cleaning.fold(text)):
            same = next((group[0] for group in self.ALIKE if word in group), word)
            vector[int(hashlib.sha1(same.encode()).hexdigest(), 16) % 256] += 1
        return vector

    def documents(self, texts: Sequence[str]) -> np.ndarray:
        return np.stack([self._one(text) for text in texts])

    def query(self, text: str) -> np.ndarray:
        return self._one(text)


def test_meaning_finds_what_words_do_not_and_both_are_fused(
    app: Any, teams: Any, runner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.extensions, meaning.EXTENSION, None)
    told = [
        ("Everton", "The coach was sacked."),
        ("Leeds", "A hamstring went."),
        ("Leeds", "Rain."),
    ]
    made = [ingest.paste(team, f"{team}: {text}").id for team, text in told]
    assert search.search("injury", 0, 9) == ([], 0) and meaning.embed_missing() == 0
    assert "not installed" in runner.invoke(args=["forecasts", "documents", "embed"]).output
    meaning.use(app, Concepts())
    assert (
        runner.invoke(args=["forecasts", "documents", "embed"]).output == "3 documents embedded\n"
    )
    assert meaning.embed_missing() == 0
    rows, _ = search.search("injury", 0, 1)
    assert rows[0]["id"] == made[1] and rows[0]["found_by"] == ["meaning"]
    rows, total = search.search("Leeds injury", 0, 9)
    assert [row["id"] for row in rows][:2] == [made[1], made[2]] and total == 3
    assert rows[0]["found_by"] == ["words", "meaning"]
    # A changed text has another meaning.
    document = db.session.get_one(Document, made[1])
    document.url = "https://paper.example/9"
    db.session.commit()
    ingest.take([feeds.Entry("Leeds", "A new stadium.", document.url)])
    assert db.session.scalar(select(func.count()).select_from(DocumentVector)) == 2
    with clock.freeze(NOW + timedelta(minutes=1)):
        meaning.embed_missing()
    assert search.search("ground", 0, 1)[0][0]["id"] == made[1]
    assert search.fuse(search.in_order([1, 2, 3]), search.in_order([3, 1])) == [1, 3, 2]
    # What is nearly equal by its words is one place; what meaning says then decides between them.
    assert search.places([(7, 4.0), (8, 3.9), (9, 2.0)]) == {7: 1, 8: 1, 9: 3}
    assert search.fuse({7: 1, 8: 1, 9: 3}, search.in_order([8])) == [8, 7, 9]


def test_the_shipped_set_is_measured_and_nothing_of_it_stays(
    app: Any, teams: Any, runner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.extensions, meaning.EXTENSION, Concepts())
    kept = ingest.paste("Everton", "The coach was sacked.").id
    meaning.embed_missing()
    args = ["forecasts", "documents", "evaluate"]
    said = runner.invoke(args=args, catch_exceptions=False).output.splitlines()
    assert said[0].startswith("1512 documents, 1022 questions") and "memory" in said[1]
    figures = {line.split()[0]: float(line.split()[1]) for line in said[2:]}
    assert set(figures) == {"words", "meaning", "fusion"}
    assert all(0.1 < figure < 1 for figure in figures.values()), said
    assert db.session.scalars(select(Document.id)).all() == [kept]
    assert search.search("fired", 0, 1)[0][0]["id"] == kept
    meaning.use(app, None)
    assert "not installed" in runner.invoke(args=args).output


@pytest.mark.pure
def test_the_shipped_set_asks_in_other_words() -> None:
    for kind in evaluation_set.KINDS:
        told = cleaning.words(cleaning.fold(" ".join(kind.told)))
        asked = cleaning.words(cleaning.fold(" ".join(kind.asked)))
        assert not (set(told) & set(asked)) - search.STOP_WORDS - {"who", "name"}
    assert list(evaluation_set.questions()) == list(evaluation_set.questions())


def test_words_that_everybody_uses_and_words_that_are_rare(teams: Any) -> None:
    texts = (
        "Who knows? How? The league begins.", "Striker sold by Leeds.", "Striker trains.", "Striker rests.",
        "Strikers of Leeds and other strikers: a long piece about this and that, and much besides.",
    )  # fmt: skip
    ids = [ingest.paste(f"News {at}", text).id for at, text in enumerate(texts)]

    def found(asked: str) -> list[int]:
        return [id_ for id_, _ in search.by_words(asked)]

    assert found("who is the striker that was sold")[0] == ids[1]
    assert ids[0] not in found("how was the striker") and len(found("striker")) == 4
    assert set(found("leeds strikers")[:2]) == {ids[1], ids[4]}  # a rare word counts for more
    assert found("the sold and the rested")[:2] != [] and found("") == []


def test_minilm_is_the_published_model() -> None:
    """Against the figures of its authors' own page, and another implementation's numbers (Flax)."""
    at = minilm.folder()
    if at is None:
        pytest.skip("search by meaning is not installed here: make semantic")
    model = minilm.MiniLM(at)
    asked = ["That is a happy person", "That is a happy dog", "That is a very happy person"]
    made = meaning.unit(model.documents([*asked, "Today is a sunny day"]))
    assert made[0] @ made[1:].T == pytest.approx([0.695, 0.943, 0.257], abs=6e-4)
    assert made[0, :3] == pytest.approx([-0.033877, 0.091942, 0.048701], abs=1e-5)
    # A text alone and beside a longer one is the same; what is too long is cut, what is empty has a place.
    beside = meaning.unit(model.documents([asked[0], "word " * 2_000, ""]))
    assert beside[0] == pytest.approx(made[0], abs=1e-5) and np.isfinite(beside).all()


def test_other_weights_are_refused(tmp_path: Path) -> None:
    if minilm.folder() is None:
        pytest.skip("search by meaning is not installed here: make semantic")
    (tmp_path / "model.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{}      ")
    with pytest.raises(minilm.BadWeights):
        minilm.MiniLM(tmp_path)


def test_what_sentiment_is_worth_is_measured(app: Any, runner: Any) -> None:
    chance = np.random.default_rng(3)
    n = 4_000
    said = chance.dirichlet((4, 3, 3), n)
    ahead = chance.normal(0, 0.4, n)

    def drawn(weight: float) -> np.ndarray:
        odds = np.log(said) + np.outer(weight * ahead, (0.5, 0, -0.5))
        odds = np.exp(odds) / np.exp(odds).sum(axis=1, keepdims=True)
        return (chance.random((n, 1)) > odds.cumsum(axis=1)).sum(axis=1)

    useless = weighing.compare(said, ahead, drawn(0.0))
    assert not useless.useful and "stays out" in useless.verdict
    useful = weighing.compare(said, ahead, drawn(1.5))
    assert useful.useful and useful.weight == pytest.approx(1.5, abs=0.4)
    few = runner.invoke(args=["forecasts", "documents", "weigh-sentiment", "--family", "simulated"])
    assert few.exit_code == 1 and "0 played matches have news" in few.output


def test_sentiment_before_kickoff_only(teams: Any) -> None:
    from mlarena.forecasts.data import known_matches

    for hours, text in (
        (-30, "Everton happy."),
        (-29, "Leeds in crisis."),
        (1, "Leeds superb win."),
    ):
        ingest.take([feeds.Entry("News", text, None, NOW + timedelta(hours=hours))])
    matches = known_matches("real", until=NOW + timedelta(days=9))
    ahead = weighing.sentiment_ahead(matches, 7)
    row = list(matches.frame["home"]).index(teams["Everton"])
    assert ahead[row] == pytest.approx(2 / 3) and np.isnan(ahead).sum() == 4
    assert np.isnan(weighing.sentiment_ahead(matches, 1)).all()
