"""A bundle of Codabench (version 2) or CodaLab (1.5) as a competition of ours, where predictions are scored.

Its scoring program is a stranger's and is not run: the metric is read off the leaderboard's column. What
takes code, has an ingestion program, or no table of answers, is refused with the reason.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import PurePosixPath
from typing import Any

import yaml

from mlarena.core.clock import utcnow
from mlarena.packs import zipped
from mlarena.packs.ctfd import Made, slug_of, whole_of
from mlarena.packs.exporting import to_yaml
from mlarena.packs.folder import PackError, Problem
from mlarena.scoring.metrics import METRICS

NAME = "competition.yaml"
_LARGEST_YAML = 256 << 10
_MOST_ALIASES = 100
_TABLES = (".csv", ".tsv", ".txt", ".solution", ".data", ".labels")
_IDS = {"id", "ids", "index", "row_id", "rowid", "sample_id", "example_id", "name", "filename"}
# What organisers call their columns → our metric.
_WORDS = {
    "accuracy": "accuracy", "acc": "accuracy", "balanced_accuracy": "balanced_accuracy",
    "bac": "balanced_accuracy", "f1": "f1_macro", "f1_macro": "f1_macro", "f1_score": "f1_macro",
    "macro_f1": "f1_macro", "f1_weighted": "f1_weighted", "auc": "roc_auc", "roc_auc": "roc_auc",
    "log_loss": "log_loss", "logloss": "log_loss", "cross_entropy": "log_loss", "r2": "r2", "r2_score": "r2",
    "rmse": "rmse", "mae": "mae", "mape": "mape", "mean_absolute_error": "mae",
    "root_mean_squared_error": "rmse", "ari": "adjusted_rand", "adjusted_rand": "adjusted_rand",
    "pearson": "pearson", "spearman": "spearman", "rmsle": "rmsle", "smape": "smape",
    "kappa": "quadratic_kappa", "quadratic_weighted_kappa": "quadratic_kappa",
}  # fmt: skip
_PAGES = {
    "overview": "overview.md", "evaluation": "evaluation.md", "data": "data.md", "terms": "rules.md",
    "rules": "rules.md", "terms and conditions": "rules.md",
}  # fmt: skip


def is_bundle(files: dict[str, bytes]) -> bool:
    return NAME in files or "competition.yml" in files


def convert(files: dict[str, bytes]) -> Made:
    """Raises PackError, naming the file, for what cannot be held here."""
    name = NAME if NAME in files else "competition.yml"
    about = _yaml(files[name], name)
    title = str(about.get("title") or "").strip()[:128]
    if not title:
        raise _refused(name, "title: this is missing")
    left: list[str] = []
    task, phase = _task(about, left)
    if task.get("ingestion_program"):
        raise _refused(name, "it takes code, not predictions: there is an ingestion_program")
    metric = _metric(about, name)
    answers, columns = _answers(files, task, name, left)
    slug = slug_of(title, set(), "competition")
    home = f"competitions/{slug}"
    made = {f"{home}/answers.csv": answers}
    public = _public(files, about, home, made, left)
    starts, ends = _times(about, phase)
    fields: dict[str, Any] = {
        "slug": slug,
        "title": title,
        "summary": " ".join(_plain(str(about.get("description") or "")).split())[:300],
        "metric": metric,
        "starts_at": starts,
        "ends_at": ends,
        "daily_limit": whole_of(phase.get("max_submissions_per_day") or 5, 1, 1000),
        "public_share": 0.3,
        "answers": "answers.csv",
        "files": public,
        "status": "draft",
    }
    made |= _pages(files, about, home, columns)
    made[f"{home}/competition.yaml"] = to_yaml(fields).encode()
    made["pack.yaml"] = to_yaml(
        {
            "format": 1, "name": "codabench", "title": title, "version": "1",
            "description": "A competition of Codabench or CodaLab.", "licence": "Not said",
        }
    ).encode()  # fmt: skip
    program = task.get("scoring_program")
    label = METRICS[metric].label
    left.append(
        f"The scoring program ({program or 'none named'}) is not run. Scores are {label}, which the "
        "leaderboard's first column is called after."
    )
    left.append(
        "It is a draft: look at it, and open it. A third of the rows is public, the rest private."
    )
    for key, words in (
        ("solutions", "Solutions"), ("image", "The logo"), ("queue", "The queue of workers"),
        ("docker_image", "The Docker image"), ("fact_sheet", "The fact sheet"), ("admins", "Admins"),
    ):  # fmt: skip
        if about.get(key):
            left.append(f"{words} ({key}).")
    return Made("codabench", made, left, [])


def _yaml(content: bytes, name: str) -> dict[str, Any]:
    """Bundles use anchors, so they are read here; few, and of a small file, so that none can blow it up."""
    if len(content) > _LARGEST_YAML:
        raise _refused(name, f"the file is larger than {_LARGEST_YAML >> 10} KB")
    try:
        text = content.decode("utf-8-sig")
        aliases = depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            aliases += isinstance(event, yaml.AliasEvent)
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if aliases > _MOST_ALIASES or depth > 20:
                raise _refused(name, "too many aliases, or nested too deeply")
        found = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        words = error.problem or "this is not YAML"
        raise PackError([Problem(name, words, mark.line + 1 if mark else None)]) from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise _refused(name, "this is not YAML") from None
    if not isinstance(found, dict):
        raise _refused(name, "the file must hold keys and values, such as `title: …`")
    return found


def _task(about: dict[str, Any], left: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The last phase and its task: that is the one that decides. CodaLab has both in one."""
    given = about.get("phases")
    phases = list(given.values()) if isinstance(given, dict) else given
    phases = [one for one in phases or [] if isinstance(one, dict)]
    if not phases:
        raise _refused(NAME, "phases: this is missing")
    phase = phases[-1]
    if len(phases) > 1:
        left.append(f"{len(phases) - 1} earlier phase(s): the last one, which decides, is taken.")
    tasks = [one for one in about.get("tasks") or [] if isinstance(one, dict)]
    if not tasks:
        return phase, phase
    wanted = phase.get("tasks") or [tasks[0].get("index")]
    found = [one for one in tasks if one.get("index") in wanted] or tasks
    if len(found) > 1:
        left.append(f"{len(found) - 1} further task(s) of the phase: the first is taken.")
    return found[0], phase


def _columns(about: dict[str, Any]) -> list[dict[str, Any]]:
    boards = about.get("leaderboards") or about.get("leaderboard") or []
    if isinstance(boards, dict):  # CodaLab: columns by name, with their rank
        given = boards.get("columns") or {}
        columns = [
            {"key": key, "title": one.get("label", key), "sorting": one.get("sort", "desc"),
             "index": (one.get("leaderboard") or {}).get("rank", one.get("rank", 1))}
            for key, one in given.items() if isinstance(one, dict)
        ]  # fmt: skip
    else:
        first = next((one for one in boards if isinstance(one, dict)), {})
        columns = [one for one in first.get("columns") or [] if isinstance(one, dict)]
    return sorted(columns, key=lambda one: whole_of(one.get("index"), 0, 1000))


def _metric(about: dict[str, Any], name: str) -> str:
    columns = _columns(about)
    seen = []
    for column in columns[:1] or columns:
        for word in (column.get("key"), column.get("title")):
            plain = (
                re.sub(r"[^a-z0-9²]+", "_", str(word or "").lower()).strip("_").replace("²", "2")
            )
            seen.append(str(word))
            found = _WORDS.get(plain)
            if found and METRICS[found].takes:
                return found
    known = ", ".join(sorted(name for name, one in METRICS.items() if one.takes))
    raise _refused(
        name,
        f"leaderboards: the first column ({', '.join(seen) or 'none'}) names no metric that is known here. "
        f"Call it after one of these: {known}",
    )


def _answers(
    files: dict[str, bytes], task: dict[str, Any], name: str, left: list[str]
) -> tuple[bytes, list[str]]:
    """The reference data as our answers: an id and what is to be predicted."""
    place = str(task.get("reference_data") or "")
    inside = _inside(files, place)
    found = {one: content for one, content in inside.items() if one.lower().endswith(_TABLES)}
    if not found:
        raise _refused(place or name, "reference_data: there is no table (CSV) of answers in it")
    if len(found) > 1:
        raise _refused(
            place, f"reference_data: there are {len(found)} tables; one is needed: the answers"
        )
    [(file, content)] = found.items()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refused(file, "the answers are not UTF-8 text") from None
    first = text.lstrip().split("\n", 1)[0]
    by = max(",;\t", key=first.count)
    rows = [
        row
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=by if by in first else ",")
        if row
    ]
    if len(rows) < 2:
        raise _refused(file, "there are no answers in it")
    header = [cell.strip() for cell in rows[0]]
    has_header = not any(_is_number(cell) for cell in header) and (
        len(header) > 1 or len(set(header)) == 1
    )
    if len(header) == 1 and has_header and _looks_like_label(header[0], rows):
        has_header = False
    if not has_header:
        header = (
            ["prediction"]
            if len(header) == 1
            else [f"column_{n}" for n in range(1, len(header) + 1)]
        )
        rows = [header, *rows]
    if header[0].lower() not in _IDS:
        rows = [["id", *header], *([str(n), *row] for n, row in enumerate(rows[1:]))]
        left.append(
            f"Submissions without ids: {file} has none, so rows are numbered from 0, and predictions come as "
            f"a CSV with the columns {', '.join(rows[0])}."
        )
    else:
        rows[0] = header
    kept = io.StringIO()
    csv.writer(kept, lineterminator="\n").writerows(rows)
    return kept.getvalue().encode(), rows[0]


def _looks_like_label(word: str, rows: list[list[str]]) -> bool:
    return any(row[0].strip() == word for row in rows[1:])


def _inside(files: dict[str, bytes], place: str) -> dict[str, bytes]:
    """The files of a zip in the bundle, or below a folder of it, or the one file."""
    if place in files and place.lower().endswith(".zip"):
        return zipped.members(files[place])
    if place in files:
        return {place: files[place]}
    folder = place.strip("/") + "/"
    return {name: content for name, content in files.items() if place and name.startswith(folder)}


def _public(
    files: dict[str, bytes],
    about: dict[str, Any],
    home: str,
    made: dict[str, bytes],
    left: list[str],
) -> list[dict[str, str]]:
    """Public data, where the bundle has it; starting kits are programs, and stay out."""
    found = []
    tasks = [one for one in about.get("tasks") or [] if isinstance(one, dict)]
    places = [one.get("public_data") for one in (*tasks, about, *_list(about.get("phases")))]
    for place in dict.fromkeys(str(one) for one in places if one):
        for path, content in _inside(files, place).items():
            name = re.sub(r"[^A-Za-z0-9._ -]", "-", PurePosixPath(path).name).lstrip("._- ")[:120]
            if name and f"{home}/{name}" not in made and name.lower() not in ("competition.yaml",):
                made[f"{home}/{name}"] = content
                found.append({"name": name, "note": "Public data"})
    if any(one.get("input_data") for one in tasks) or any(
        one.get("input_data") for one in _list(about.get("phases"))
    ):
        left.append(
            "The input data: programs alone see it there. Put what learners need on the data page."
        )
    if any(one.get("starting_kit") for one in (about, *tasks, *_list(about.get("phases")))):
        left.append("The starting kit.")
    return found[:50]


def _list(given: Any) -> list[dict[str, Any]]:
    values = given.values() if isinstance(given, dict) else given or []
    return [one for one in values if isinstance(one, dict)]


def _times(about: dict[str, Any], phase: dict[str, Any]) -> tuple[datetime, datetime]:
    starts = _moment(phase.get("start") or phase.get("start_date")) or utcnow()
    ends = _moment(phase.get("end") or phase.get("end_date") or about.get("end_date"))
    if ends is None or ends <= starts:
        ends = max(starts, utcnow()) + timedelta(days=30)
    return starts.replace(microsecond=0), ends.replace(microsecond=0)


def _moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    text = str(value or "").strip()
    for form in ("%m-%d-%Y", "%d-%m-%Y"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _pages(
    files: dict[str, bytes], about: dict[str, Any], home: str, columns: list[str]
) -> dict[str, bytes]:
    given: list[tuple[str, str]] = [
        (str(one.get("title") or ""), str(one.get("file") or ""))
        for one in _list(about.get("pages"))
    ]
    html = about.get("html")
    if isinstance(html, dict):
        given += [(str(title), str(file)) for title, file in html.items()]
    if about.get("terms"):
        given.append(("terms", str(about["terms"])))
    texts: dict[str, list[str]] = {"overview.md": []}
    for title, file in given:
        content = files.get(file)
        if content is None:
            continue
        text = content.decode("utf-8", errors="replace").replace("\0", "")
        if file.lower().endswith((".html", ".htm")):
            text = _plain(text)
        ours = _PAGES.get(title.strip().lower(), "overview.md")
        head = (
            f"## {title.strip()}\n\n"
            if ours == "overview.md" and title.lower() != "overview"
            else ""
        )
        texts.setdefault(ours, []).append(head + text.strip())
    if not any(texts["overview.md"]):
        texts["overview.md"] = [
            _plain(str(about.get("description") or "")) or "Predict the answers."
        ]
    format_ = f"A file of predictions has the columns {', '.join(f'`{name}`' for name in columns)}."
    texts.setdefault("evaluation.md", []).append(format_)
    return {
        f"{home}/{name}": ("\n\n".join(parts)[:50_000] + "\n").encode()
        for name, parts in texts.items()
    }


_BREAKS = {"p": "\n\n", "br": "\n", "div": "\n", "li": "\n- ", "tr": "\n", "ul": "\n", "ol": "\n"}


class _Words(HTMLParser):
    """The words of a page, with headings and paragraphs as Markdown has them."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style"):
            self.silent += 1
        elif re.fullmatch(r"h[1-6]", tag):
            self.parts.append("\n\n" + "#" * max(2, int(tag[1])) + " ")
        else:
            self.parts.append(_BREAKS.get(tag, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self.silent = max(0, self.silent - 1)
        elif re.fullmatch(r"h[1-6]|p", tag):
            self.parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.parts.append(re.sub(r"\s+", " ", data))


def _plain(html: str) -> str:
    reader = _Words()
    reader.feed(html)
    reader.close()
    return re.sub(r"\n{3,}", "\n\n", "".join(reader.parts)).strip()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _refused(name: str, words: str) -> PackError:
    return PackError([Problem(name, words)])
