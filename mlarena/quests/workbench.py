"""*Train here*, as one learner sees it: the code to go on from, and the run that is on its way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mlarena.accounts.models import User
from mlarena.core.errors import NotFound
from mlarena.live import console
from mlarena.quests import tries
from mlarena.quests.models import Quest
from mlarena.quests.tries import Try
from mlarena.scoring.metrics import Metric
from mlarena.submissions import output
from mlarena.submissions.listing import visible
from mlarena.submissions.models import FINAL, Submission


@dataclass(frozen=True)
class Run:
    """A training or a try: on its way, or what has come of it. `printed`: its last piece, and the text."""

    quest: Quest
    submission: Submission | None = None
    tried: Try | None = None
    printed: tuple[int, str] = (0, "")

    @property
    def over(self) -> bool:
        if self.submission is not None:
            return self.submission.status in FINAL
        return self.tried is None or self.tried.over

    @property
    def measure(self) -> tuple[Metric, float | None]:
        """What a try is scored by, and the threshold where it is the quest's own."""
        return tries.measure(self.quest)


@dataclass(frozen=True)
class Workbench:
    """`code` is shown before any draft of the browser's if it was `asked_for`."""

    quest: Quest
    code: str
    run: Run | None
    asked_for: bool = False
    errors: Sequence[str] = ()

    @property
    def starter(self) -> str:
        return self.quest.starter_code


def workbench(
    user: User,
    quest: Quest,
    attempts: Iterable[Submission],
    *,
    code: str | None = None,
    errors: Sequence[str] = (),
    source: int | None = None,
) -> Workbench:
    """`attempts` are the user's latest of the quest. `code` is what they have just sent, with its `errors`;
    `source` the number of a submission of theirs to go on from."""
    unfinished = [one for one in attempts if "code" in one.payload and one.status not in FINAL]
    run = run_of(user, quest, unfinished[0] if unfinished else None)
    if code is None and source is not None:
        code = _code_of(user, quest, source)
    shown = code
    if shown is None:
        shown = run.tried.code if run and run.tried else quest.starter_code
    return Workbench(quest, shown, run, code is not None, errors)


def run_of(user: User, quest: Quest, submission: Submission | None) -> Run | None:
    """The run that `submission` is; without one, the user's try of the quest, if there is one."""
    if submission is not None:
        over = submission.status in FINAL
        return Run(quest, submission, printed=(0, "") if over else output.read(submission))
    tried = tries.current(user.id, quest.id)
    return Run(quest, tried=tried, printed=console.read(tried.output)) if tried else None


def _code_of(user: User, quest: Quest, submission_id: int) -> str | None:
    try:
        submission = visible(submission_id, user)
    except NotFound:
        return None
    own = submission.task_id == quest.id
    code: str | None = submission.payload.get("code") if own else None
    return code
