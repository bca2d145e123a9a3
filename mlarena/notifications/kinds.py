"""What people are told about. A new kind is an entry of `KINDS`, and a call of `notify` where it happens."""

from __future__ import annotations

from dataclasses import dataclass

from mlarena.accounts.models import User


@dataclass(frozen=True)
class Kind:
    """`word` is what the settings call it, `many` what a burst of it is called ("{n} verdicts").
    Without `many` each stands for itself: words of one person to others, and what has to be seen to.

    `letters`: whether it goes into the digest by e-mail where its user has said nothing. `role`: who can get
    it at all. `live`: whether open pages say it in words; what a verdict's event has said they do not.
    """

    name: str
    word: str
    icon: str
    many: str = ""
    letters: bool = False
    role: str = "learner"
    live: bool = True

    @property
    def bursts(self) -> bool:
        return bool(self.many)


KINDS = {
    kind.name: kind
    for kind in (
        Kind("verdict", "A verdict, when its page is not open", "list-checks", "{n} verdicts", live=False),
        Kind("badge", "A new badge", "award", "{n} new badges", live=False),
        Kind("level", "A level reached or opened", "star", "{n} levels", live=False),
        Kind("streak", "A streak that ends today", "flame"),
        Kind("competition_open", "A competition opens", "trophy", "{n} competitions are open"),
        Kind("competition_ending", "A competition of yours ends soon", "clock",
             "{n} competitions end soon", letters=True),
        Kind("competition_ended", "A competition of yours has ended", "trophy",
             "{n} competitions have ended", letters=True),
        Kind("rating", "Your rating changed", "trending-up", "{n} changes of your rating", letters=True),
        Kind("assignment_due", "An assignment is due soon", "calendar",
             "{n} assignments are due soon", letters=True),
        Kind("announcement", "An announcement to everybody or a cohort of yours", "info", letters=True),
        Kind("report_reply", "A reply to a report of yours", "flag", letters=True),
        Kind("webhook_dead", "A webhook was given up", "circle-alert", letters=True, role="instructor"),
        Kind("lms_dead", "Grades do not reach an LMS", "circle-alert", letters=True, role="instructor"),
    )
}  # fmt: skip


def kinds_of(user: User) -> list[Kind]:
    """The kinds that this user can get."""
    return [kind for kind in KINDS.values() if user.is_at_least(kind.role)]
