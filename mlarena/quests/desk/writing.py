"""The instructor's verbs: make a draft of some data, write it, show that it can be passed, publish it."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
import uuid
from typing import Any, BinaryIO

from sqlalchemy import delete, exists, select
from sqlalchemy import update as sql_update

from mlarena.accounts import audit
from mlarena.accounts.models import User
from mlarena.boards.models import BoardEntry
from mlarena.core import apart
from mlarena.core.clock import utcnow
from mlarena.core.config import settings
from mlarena.core.db import db, hold
from mlarena.core.errors import Conflict, Forbidden, Invalid, NotFound
from mlarena.quests import jobs
from mlarena.quests.baselines import enter_missing
from mlarena.quests.desk import checking
from mlarena.quests.desk.starter import reference_code, starter_code
from mlarena.quests.models import Dataset, Quest
from mlarena.rewards.models import Level
from mlarena.scoring.metrics import METRICS
from mlarena.submissions import revisions, times
from mlarena.submissions.asking import ask
from mlarena.submissions.models import Submission, Task
from mlarena.submissions.queues import CHECKS
from mlarena.submissions.times import TIMES, require_order, state_after

MAKE_SECONDS = 110
SAVE_LIMIT = "60 per minute"
MAKE_LIMIT = "20 per minute"
LARGEST_CSV = 100 << 20
STALE = "Somebody else has saved this quest meanwhile. Nothing of yours is saved yet."
FIRST_METRIC = {"regression": ("r2", 0.5), "classification": ("accuracy", 0.8)}
# What an author writes of the quest itself, by the names of its columns.
ABOUT = (
    *(
        "title",
        "summary",
        "description",
        "level_id",
        "position",
        "xp_reward",
        "metric",
        "threshold",
    ),
    *("starter_code", "reference_code", "hints", "limits", *TIMES),
)
OF_DATA = ("title", "description", "licence", "source")


def largest_csv() -> int:
    return min(settings().max_data_bytes, LARGEST_CSV)


def metrics_for(task_type: str, groups: bool) -> list[str]:
    """The metrics that fit; without known groups a clustering is judged by its shape alone."""
    fitting = [name for name, one in METRICS.items() if task_type in one.task_types]
    if task_type == "clustering" and not groups:
        return [name for name in fitting if name == "silhouette"]
    return fitting


def create(
    author: User, title: str, about: dict[str, Any], wanted: dict[str, Any], file: BinaryIO | None
) -> Quest:
    """A draft on new data. `about` are the words of the data and where it is from (`origin`), `wanted` is how
    to cut it. Raises Invalid with what is wrong with the data, TooLarge, Unavailable. Commits."""
    level = db.session.scalar(select(Level).order_by(Level.order).limit(1))
    if level is None:
        raise Conflict(
            "There is no level yet that a quest could belong to. Write one under Teach → Lists → Levels, "
            "or import a pack that has some."
        )
    slug = free_slug(title)
    made = _make_data(slug, about, wanted, file)
    dataset = db.session.get_one(Dataset, made["dataset_id"], populate_existing=True)
    metric, threshold = _first_metric(dataset)
    quest = Quest(
        slug=slug,
        title=title,
        status="draft",
        created_by=author.id,
        level_id=level.id,
        dataset_id=dataset.id,
        task_type=wanted["task_type"],
        metric=metric,
        threshold=threshold,
        xp_reward=100,
        starter_code=_starter(wanted["task_type"], metric, made),
        reference_code=reference_code(wanted["task_type"]),
        hints=[],
        limits={},
    )
    db.session.add(quest)
    db.session.flush()
    audit.note(author, "quest.create", f"quest:{quest.id}", title=title)
    revisions.note(author, quest, written(quest))
    db.session.commit()
    return quest


def replace_data(
    editor: User,
    quest: Quest,
    about: dict[str, Any],
    wanted: dict[str, Any],
    file: BinaryIO | None,
) -> Quest:
    """Other data under a draft; a new version. Raises as `create` does, and Conflict for no draft."""
    if quest.is_live:
        raise Conflict("Take the quest back to draft first: learners are working on this data.")
    about = about | {word: getattr(quest.dataset, word) for word in OF_DATA}
    made = _make_data(quest.slug, about, wanted, file)
    _lock(quest)
    was = written(quest)
    old, dataset = quest.dataset, db.session.get_one(Dataset, made["dataset_id"])
    quest.dataset, quest.dataset_id, quest.task_type = dataset, dataset.id, wanted["task_type"]
    quest.version += 1
    quest.checked = None
    groups = bool((dataset.cut or {}).get("groups"))
    if quest.metric not in metrics_for(quest.task_type, groups):
        quest.metric, quest.threshold = _first_metric(dataset)
        quest.reference_code = reference_code(quest.task_type)
    quest.starter_code = _starter(quest.task_type, quest.metric, made)
    db.session.flush()
    _forget_data(old)
    audit.note(editor, "quest.data", f"quest:{quest.id}", origin=about["origin"])
    revisions.note(editor, quest, written(quest), was)
    db.session.commit()
    return quest


def _make_data(
    slug: str, about: dict[str, Any], wanted: dict[str, Any], file: BinaryIO | None
) -> dict[str, Any]:
    kept = apart.keep(file, largest_csv()) if file is not None else None
    db.session.commit()
    name = f"{slug[:50]}-{uuid.uuid4().hex[:8]}"
    found = ask(CHECKS, MAKE_SECONDS, jobs.make_data, name, about, wanted, kept)
    if "errors" in found:
        errors: dict[str, list[str]] = found["errors"]
        raise Invalid(" ".join(line for lines in errors.values() for line in lines), errors)
    db.session.rollback()  # another process has written: begin to read anew
    return found


def _first_metric(dataset: Dataset) -> tuple[str, float]:
    cut = dataset.cut or {}
    if cut["task_type"] == "clustering":
        return ("adjusted_rand", 0.5) if cut["groups"] else ("silhouette", 0.3)
    return FIRST_METRIC[cut["task_type"]]


def _starter(task_type: str, metric: str, made: dict[str, Any]) -> str:
    return starter_code(task_type, METRICS[metric], made["numbers"], made["words"], made["gaps"])


def save(
    editor: User,
    quest: Quest,
    values: dict[str, Any],
    words: dict[str, str],
    do: str = "save",
    read: str | None = None,
) -> Quest:
    """Write `values` (of ABOUT) and the data's `words`. `do`: save, publish, withdraw.

    What learners see, or soon will, holds at once or not at all: it is shown again to be passed. `read` is
    the `stamp` that the editor began with. Raises Conflict where that is another one by now, Invalid by
    field, Unavailable where nobody can check. Commits.
    """
    if read is not None and read != stamp(quest):
        raise Conflict(STALE)
    _require_sound(quest, values)
    live = do == "publish" or (do != "withdraw" and quest.is_live)
    judged = checking.judged_of(quest) | {
        name: values[name] for name in checking.JUDGED if name in values
    }
    found = None
    if live:
        _require_brief(values)
    # What has not changed is not shown again: a pack's quest may have no reference at all.
    if do == "publish" or (live and judged != checking.judged_of(quest)):
        _require_reference(values)
        found = checking.check(quest, judged)
        checking.require_shown(quest, judged, found)
    _lock(quest)
    if read is not None and read != stamp(quest):
        db.session.rollback()
        raise Conflict(STALE)
    before, was = about_of(quest), written(quest)
    if any(values[name] != before[name] for name in ("metric", "threshold")) and _is_judged(quest):
        quest.version += 1
    for name, value in values.items():
        setattr(quest, name, value)
    if quest.dataset.cut is not None:
        for name, text in words.items():
            if name == "title" and not text.strip():
                continue  # a table has a name
            setattr(quest.dataset, name, text)
    if found is not None:
        quest.checked = found
    _move(quest, do)
    changed = sorted(name for name in ABOUT if before[name] != getattr(quest, name))
    action = do if do in ("publish", "withdraw") else "save"
    audit.note(editor, f"quest.{action}", f"quest:{quest.id}", changed=changed)
    revisions.note(editor, quest, written(quest), was)
    db.session.commit()
    if quest.status == "published":
        enter_missing()
    return quest


def _move(quest: Quest, do: str) -> None:
    publish = {"publish": True, "withdraw": False}.get(do)
    quest.status, quest.scheduled = state_after(
        quest.status, quest.scheduled, quest.opens_at, publish
    )
    if publish and not quest.scheduled:
        quest.opens_at = None
        shown_no_more(quest.dataset)


def check(quest: Quest, values: dict[str, Any]) -> dict[str, Any]:
    """What the reference and the dummy get with `values`, whether saved or not; and what stands against it.

    {"reference", "dummy", "errors"}. What was found for the saved state is kept with it. Commits.
    """
    _require_sound(quest, values)
    judged = checking.judged_of(quest) | {
        name: values[name] for name in checking.JUDGED if name in values
    }
    found = checking.check(quest, judged)
    if judged == checking.judged_of(quest):
        quest.checked = found
    db.session.commit()
    return {**found, "errors": checking.faults(quest, judged, found)}


def show_hidden(asker: User, quest: Quest) -> bytes:
    """The hidden rows as CSV, to whoever wrote the quest and once. Raises Forbidden, NotFound. Commits."""
    if quest.created_by != asker.id and not asker.is_at_least("admin"):
        raise Forbidden("The hidden rows are shown to the author of the quest, and once.")
    name = quest.dataset.hidden_once
    if name is None:
        raise NotFound(
            "The hidden rows have been shown, or the quest was published: nobody gets them any more."
        )
    db.session.commit()
    taken = db.session.execute(
        sql_update(Dataset)
        .where(Dataset.id == quest.dataset_id, Dataset.hidden_once == name)
        .values(hidden_once=None, hidden_shown_at=utcnow())
        .execution_options(synchronize_session=False)
    )
    if taken.rowcount == 0:  # type: ignore[attr-defined]
        db.session.rollback()
        raise NotFound("The hidden rows have been shown a moment ago.")
    content = apart.read(name)
    apart.forget(name)
    audit.note(asker, "quest.hidden", f"quest:{quest.id}")
    db.session.commit()
    return content


def shown_no_more(dataset: Dataset) -> None:
    if dataset.hidden_once is not None:
        apart.forget(dataset.hidden_once)
        dataset.hidden_once = None


def duplicate(editor: User, quest: Quest) -> Quest:
    """A draft like it, on the same data. Commits."""
    title = f"{quest.title[:120]} (copy)"
    values = {name: getattr(quest, name) for name in ABOUT if name not in ("title", *TIMES)}
    copy = Quest(
        slug=free_slug(quest.title),
        title=title,
        status="draft",
        created_by=editor.id,
        dataset_id=quest.dataset_id,
        task_type=quest.task_type,
        checked=quest.checked,
        **values,
    )
    copy.reference_code = quest.reference_code or reference_code(quest.task_type)
    db.session.add(copy)
    db.session.flush()
    audit.note(editor, "quest.duplicate", f"quest:{copy.id}", of=quest.id)
    revisions.note(editor, copy, written(copy))
    db.session.commit()
    return copy


def archive(editor: User, quest: Quest) -> None:
    """Nobody finds it any more, nothing more is taken in; what is on its way is judged. Commits."""
    _lock(quest)
    quest.status, quest.scheduled = "archived", False
    audit.note(editor, "quest.archive", f"quest:{quest.id}")
    db.session.commit()


def remove(editor: User, quest: Quest) -> str:
    """Delete it; archive it where learners have handed something in. Which of both, in a word. Commits."""
    _lock(quest)
    if is_used(quest):
        archive(editor, quest)
        return "archived"
    audit.note(editor, "quest.delete", f"quest:{quest.id}", title=quest.title)
    db.session.execute(delete(BoardEntry).where(BoardEntry.board == quest.board()))
    db.session.execute(delete(Submission).where(Submission.task_id == quest.id))
    dataset = quest.dataset
    db.session.delete(quest)
    db.session.flush()
    _forget_data(dataset)
    db.session.commit()
    return "deleted"


def is_used(quest: Quest) -> bool:
    """Whether a learner has handed something in."""
    theirs = Submission.task_id == quest.id, Submission.user_id.is_not(None)
    return bool(db.session.scalar(select(exists().where(*theirs))))


def _is_judged(quest: Quest) -> bool:
    """Whether anything was judged by what the quest asks now, the house's baselines too."""
    return bool(db.session.scalar(select(exists().where(Submission.task_id == quest.id))))


def _forget_data(dataset: Dataset) -> None:
    """A form's data set that no quest stands on any more. No commit."""
    used = db.session.scalar(select(exists().where(Quest.dataset_id == dataset.id)))
    if dataset.cut is not None and not used:
        shown_no_more(dataset)
        db.session.delete(dataset)


def stamp(quest: Quest) -> str:
    """Names the state that an editor has read: whatever anybody saves of it is another one."""
    state = [written(quest), quest.dataset_id, quest.version, quest.status, quest.scheduled]
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()[:16]


def about_of(quest: Quest) -> dict[str, Any]:
    """What an author has written of the quest itself, as `save` takes it."""
    return {name: getattr(quest, name) for name in ABOUT}


def written(quest: Quest) -> dict[str, Any]:
    """Everything that the form writes, JSON-able."""
    found = about_of(quest)
    found |= times.shown(quest)
    found |= {f"dataset_{name}": getattr(quest.dataset, name) for name in OF_DATA}
    return found | {"data": quest.dataset.name}


def find(quest_id: int) -> Quest:
    quest = db.session.get(Quest, quest_id)
    if quest is None:
        raise NotFound("There is no such quest.")
    return quest


def _require_sound(quest: Quest, values: dict[str, Any]) -> None:
    """What a form cannot know. Raises Invalid."""
    require_order(values["opens_at"], values["closes_at"])
    errors: dict[str, list[str]] = {}
    groups = bool((quest.dataset.cut or {"groups": True}).get("groups"))
    fitting = metrics_for(quest.task_type, groups)
    if values["metric"] not in fitting:
        errors["metric"] = [f"This does not fit {quest.task_type}; there are {', '.join(fitting)}."]
    elif not METRICS[values["metric"]].beatable(values["threshold"]):
        rule = METRICS[values["metric"]]
        errors["threshold"] = [
            f"Nobody can pass: a {rule.label} {rule.sign} {values['threshold']:g} does not exist."
        ]
    if db.session.get(Level, values["level_id"]) is None:
        errors["level_id"] = ["There is no such level any more."]
    if errors:
        raise Invalid("Some of the values are not right.", errors)


def _require_brief(values: dict[str, Any]) -> None:
    if not values["description"].strip():
        words = "Write the brief first: what is asked, and how to start."
        raise Invalid.field("description", words)


def _require_reference(values: dict[str, Any]) -> None:
    if not values["reference_code"].strip():
        words = "Without a reference nobody knows that it can be passed."
        raise Invalid.field("reference_code", words)


def _lock(quest: Quest) -> None:
    """From here to our own commit nobody else saves this quest, and its row is as it stands now."""
    hold(quest)
    db.session.refresh(quest.dataset)


def free_slug(title: str) -> str:
    """An address made of the title, with something behind it where that is taken."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    made = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:50].strip("-") or "quest"
    taken = db.session.scalar(select(exists().where(Task.slug == made)))
    return f"{made}-{uuid.uuid4().hex[:6]}" if taken else made
