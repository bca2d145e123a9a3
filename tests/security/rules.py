"""How a door may receive who knocks."""

from __future__ import annotations

from dataclasses import dataclass

API = "/api/v1"
# By method and rule, as Flask knows it.
Doors = dict[tuple[str, str], "Rule"]


@dataclass(frozen=True)
class Rule:
    """How a door receives: `in`, `login` (401, or off to the login page), `forbidden` or `hidden` (404).

    What it guards belongs to `owner`, a learner; `other` is another one.
    """

    anonymous: str
    other: str
    instructor: str
    admin: str
    owner: str = "in"


EVERYBODY = Rule("in", "in", "in", "in")
MEMBERS = Rule("login", "in", "in", "in")
NOBODY = Rule("hidden", "hidden", "hidden", "hidden", "hidden")
OWNER = Rule("login", "hidden", "hidden", "hidden")
OWNER_AND_STAFF = Rule("login", "hidden", "in", "in")
STAFF = Rule("login", "forbidden", "in", "in", "forbidden")
ADMINS = Rule("login", "forbidden", "forbidden", "in", "forbidden")
ENTRANT = Rule("login", "forbidden", "forbidden", "forbidden")
UPLOAD = Rule("login", "forbidden", "hidden", "hidden", "forbidden")
# A refresh token is what opens it, and none of these callers shows one.
REFRESH = Rule("login", "login", "login", "login", "login")
# None of these callers has it.
SECRET = Rule("hidden", "hidden", "hidden", "hidden", "hidden")
# A cohort that another instructor leads: `owner` is a learner in it, `other` is not.
DESK = Rule("login", "forbidden", "hidden", "in", "forbidden")
IN_COHORT = Rule("login", "hidden", "hidden", "in")
