"""`flask forecasts documents ...`: news by hand."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from flask.cli import AppGroup

from mlarena.forecasts.progress import progress

documents = AppGroup("documents", help="News about teams and players: take in, search, measure.")


@documents.command("add")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
def add(files: tuple[Path, ...]) -> None:
    """Take in files: texts (.txt, .md, .html, the first line is the title) or feeds (.xml, .rss, .atom)."""
    from mlarena.forecasts.documents import ingest
    from mlarena.forecasts.documents.feeds import FeedProblem

    failed = 0
    for file in files:
        try:
            click.echo(f"{file.name}: {ingest.add_file(file).told()}")
        except FeedProblem as problem:
            failed += 1
            click.echo(f"{file.name}: {problem}", err=True)
    if failed:
        raise click.ClickException(f"{failed} of {len(files)} files were not taken in.")


@documents.command("paste")
@click.option("--title", required=True)
@click.option("--url")
def paste(title: str, url: str | None) -> None:
    """Take in the text that is given on the standard input."""
    from mlarena.core.errors import Invalid
    from mlarena.forecasts.documents import ingest

    try:
        made = ingest.paste(title, sys.stdin.read(), url)
    except Invalid as error:
        raise click.ClickException(_said(error)) from None
    click.echo(f"document {made.id}: {made.title}")


@documents.command("add-feed")
@click.argument("url")
def add_feed(url: str) -> None:
    """Read an RSS or Atom feed now, and by the clock every two hours."""
    from mlarena.core.errors import Invalid
    from mlarena.forecasts.documents import ingest
    from mlarena.forecasts.documents.feeds import FeedProblem

    try:
        click.echo(ingest.read_feed(ingest.add_feed(url)).told())
    except Invalid as error:
        raise click.ClickException(_said(error)) from None
    except FeedProblem as problem:
        raise click.ClickException(str(problem)) from None


def _said(error: object) -> str:
    """What is wrong with the first field that something is wrong with."""
    fields: dict[str, list[str]] = getattr(error, "errors", None) or {}
    return next((said[0] for said in fields.values()), str(error))


@documents.command("feeds")
@click.option("--remove", type=int, help="Stop reading the feed of this number; its news stay.")
def feeds(remove: int | None) -> None:
    """The feeds that are read, with what is wrong with them."""
    from sqlalchemy import select

    from mlarena.core.db import db
    from mlarena.core.errors import NotFound
    from mlarena.forecasts.documents import ingest
    from mlarena.forecasts.documents.models import Feed

    if remove is not None:
        try:
            ingest.remove_feed(ingest.find_feed(remove))
        except NotFound as error:
            raise click.ClickException(str(error)) from None
    for feed in db.session.scalars(select(Feed).order_by(Feed.id)):
        click.echo(f"{feed.id}: {feed.url} {feed.problem or ''}".rstrip())


@documents.command("sync")
def sync() -> None:
    """Read all feeds now."""
    from mlarena.forecasts.documents import ingest

    click.echo(ingest.sync_documents())


@documents.command("relink")
def relink() -> None:
    """Link all documents anew: after names were mapped, or players came."""
    from mlarena.forecasts.documents import ingest

    click.echo(f"{ingest.relink()} documents linked")


@documents.command("embed")
def embed() -> None:
    """Store the vectors that search by meaning needs; wants the extra [semantic]."""
    from mlarena.forecasts.documents import meaning

    if meaning.embedder() is None:
        raise click.ClickException("Search by meaning is not installed: make semantic.")
    with progress("documents") as step:
        many = meaning.embed_missing(step)
    click.echo(f"{many} documents embedded")


@documents.command("search")
@click.argument("asked")
@click.option("--many", type=click.IntRange(1, 100), default=10, show_default=True)
def search(asked: str, many: int) -> None:
    """What is found, the best first."""
    from mlarena.forecasts.documents.search import search as find

    for row in find(asked, 0, many)[0]:
        about = ", ".join(one["name"] for one in (*row["teams"], *row["players"]))
        click.echo(
            f"{row['id']}: {row['title']} [{' and '.join(row['found_by'])}] {about}".rstrip()
        )


@documents.command("evaluate")
def evaluate() -> None:
    """R@10 of search by words, by meaning and of both fused, on the set that is shipped with the program.

    Its texts are held in a transaction that is taken back: nothing of them stays.
    """
    from mlarena.forecasts.documents import evaluation

    with progress("texts") as step:
        found = evaluation.measured(step)
    click.echo(
        f"{found.documents} documents, {len(found.of('words'))} questions, R@10 with its standard error:"
    )
    click.echo(f"{'':9}" + "".join(f"{kind:14}" for kind in ("all", *found.kinds)).rstrip())
    for name in evaluation.SEARCHES:
        figures = [found.recall(name, kind) for kind in (None, *found.kinds)]
        said = [f"{one[0]:.3f} ± {one[1]:.3f}" if one else "not installed" for one in figures]
        click.echo(f"{name:9}" + "".join(f"{one:14}" for one in said).rstrip())


@documents.command("weigh-sentiment")
@click.option("--family", default="real", show_default=True)
@click.option("--days", type=click.IntRange(1, 60), default=7, show_default=True)
def weigh_sentiment(family: str, days: int) -> None:
    """Whether the documents' sentiment lowers the held-out loss of the house's own words, and by how much."""
    from mlarena.forecasts.documents import weighing

    try:
        found = weighing.weighed(family, days)
    except weighing.TooFew as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"learnt from {found.learnt_from} matches, measured on {found.n} later ones")
    click.echo(f"log loss without {found.without:.4f}, with {found.with_it:.4f}")
    click.echo(f"better by {found.better:.4f} ± {found.error:.4f}: {found.verdict}")
