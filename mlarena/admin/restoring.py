"""An old version of a task brought back, by the verb that its form saves with: checked like any edit, refused
where somebody else has saved meanwhile, and kept as the newest version.

What a form does not write is not in a version, and stays as it is now: when a task opens and closes, its
address, and the data, answers and files behind it, which are large or hidden and kept once.
"""

from __future__ import annotations

from typing import Any

from mlarena.accounts import audit
from mlarena.accounts.models import User
from mlarena.challenges import authoring as challenges
from mlarena.challenges.models import Challenge
from mlarena.competitions import authoring as competitions
from mlarena.competitions.models import Competition
from mlarena.core.clock import rfc3339
from mlarena.core.db import db
from mlarena.core.errors import Conflict
from mlarena.quests.desk import writing as quests
from mlarena.quests.models import Quest
from mlarena.submissions import revisions
from mlarena.submissions.models import Task
from mlarena.submissions.revisions import TaskRevision

OTHER_DATA = (
    "It stood on other data, which are not kept any more: it can be compared, not restored."
)
MEANWHILE = (
    "Somebody has saved this task since you opened the page. Look at the newest version first."
)
STAYS = {
    "quest": "the data and its hidden rows, and when it opens and closes",
    "challenge": "its address, and when it opens and closes",
    "competition": "its dates, its answers and its files",
}


def word_for(task: Task) -> str:
    """As the audit log calls its kind."""
    if isinstance(task, Challenge):
        return "challenge"
    return "competition" if isinstance(task, Competition) else "quest"


def stamp(task: Task) -> str:
    """Names the state that somebody has read, for `restore`."""
    if isinstance(task, Challenge):
        return challenges.stamp(task)
    if isinstance(task, Competition):
        return competitions.stamp(task)
    return quests.stamp(_quest(task))


def why_not(task: Task, is_whole: bool, data: str | None) -> str:
    """Why a version cannot be restored; empty: it can. `data`: what it stood on, of a quest."""
    if not is_whole:
        return revisions.UNKEPT
    if isinstance(task, Quest) and data != task.dataset.name:
        return OTHER_DATA
    return ""


def restore(editor: User, task: Task, kept: TaskRevision, read: str) -> bool:
    """Have the task say again what it said in `kept`; whether that was anything else. `read` is the `stamp`
    that the editor has seen.

    Raises what the kind's own verb raises: Invalid by field, Unavailable where nobody can check it now, and
    Conflict for another stamp and for what cannot be restored. Commits.
    """
    fields = kept.fields()
    refusal = why_not(task, True, fields.get("data"))
    if refusal:
        raise Conflict(refusal)
    before = revisions.latest_id(task)
    if isinstance(task, Challenge):
        _restore_challenge(editor, task, fields, read)
    elif isinstance(task, Competition):
        _restore_competition(editor, task, fields, read)
    else:
        _restore_quest(editor, _quest(task), fields, read)
    word = word_for(task)
    audit.note(
        editor, f"{word}.restore", f"{word}:{task.id}", version=kept.id, saved_at=rfc3339(kept.at)
    )
    db.session.commit()
    return revisions.latest_id(task) != before


def _restore_challenge(
    editor: User, challenge: Challenge, fields: dict[str, Any], read: str
) -> None:
    stays = ("slug", *challenges.TIMES)
    said = {name: value for name, value in fields.items() if name not in stays}
    challenges.replace(editor, challenge, said, None, read)


def _restore_competition(
    editor: User, competition: Competition, fields: dict[str, Any], read: str
) -> None:
    def still() -> None:
        if competitions.stamp(competition) != read:
            raise Conflict(MEANWHILE)

    said = {name: value for name, value in fields.items() if name not in competitions.TIMES}
    competitions.update(competition, said, editor, still)


def _restore_quest(editor: User, quest: Quest, fields: dict[str, Any], read: str) -> None:
    about = quests.about_of(quest)
    stays = quests.TIMES
    about |= {name: fields[name] for name in about if name in fields and name not in stays}
    words = {name: fields[f"dataset_{name}"] for name in quests.OF_DATA}
    quests.save(editor, quest, about, words, "save", read)


def _quest(task: Task) -> Quest:
    if not isinstance(task, Quest):
        raise Conflict("Versions of this kind of task are not restored.")
    return task
