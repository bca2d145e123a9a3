"""Every door of the house, tried as everybody. A door that is not in the table fails the suite."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from mlarena.accounts import logins, tokens
from mlarena.accounts import service as accounts
from mlarena.accounts.models import User
from mlarena.challenges import authoring
from mlarena.core.db import db
from mlarena.quests import tries
from mlarena.submissions.models import Submission, Task
from tests.security.worlds import (
    alike_pair,
    class_of,
    feed,
    held,
    match_to_come,
    rejudged,
    told,
    waiting_name,
    webhook_of,
)

API = "/api/v1"
QUIZ = {
    "name": "One question",
    "questions": [{"kind": "number", "prompt": "1 + 1?", "answer": 2}],
}


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

STEPS = "<any(open, end, withdraw, reopen, delete):step>"
QUEST_DESK = "/teach/quests/<id:quest_id>"
HOOK = "/teach/webhooks/<id:webhook_id>"
HOOKS_API = f"{API}/webhooks/<id:webhook_id>"
COHORT = "/teach/cohorts/<id:cohort_id>"
COHORTS_API = f"{API}/cohorts/<id:cohort_id>"
DOORS: dict[tuple[str, str], Rule] = {
    # webhooks: somebody else's
    ("GET", "/teach/webhooks"): STAFF,
    ("GET", "/teach/webhooks/new"): STAFF,
    ("POST", "/teach/webhooks/new"): STAFF,
    ("GET", HOOK): DESK,
    ("POST", HOOK): DESK,
    ("POST", f"{HOOK}/<any(ping, rotate, on, off, delete, replay):webhook_step>"): DESK,
    ("GET", f"{HOOK}/deliveries/<id:delivery_id>"): DESK,
    ("POST", f"{HOOK}/deliveries/<id:delivery_id>/replay"): DESK,
    ("GET", f"{API}/webhooks"): STAFF,
    ("POST", f"{API}/webhooks"): STAFF,
    ("GET", HOOKS_API): DESK,
    ("PATCH", HOOKS_API): DESK,
    ("DELETE", HOOKS_API): DESK,
    ("POST", f"{HOOKS_API}/secret"): DESK,
    ("POST", f"{HOOKS_API}/ping"): DESK,
    ("GET", f"{HOOKS_API}/deliveries"): DESK,
    ("POST", f"{HOOKS_API}/deliveries/<id:delivery_id>/replay"): DESK,
    # the console
    ("GET", "/teach"): STAFF,
    ("GET", "/teach/audit"): STAFF,
    ("GET", "/teach/audit.csv"): STAFF,
    ("GET", "/teach/submissions"): STAFF,
    ("GET", "/teach/submissions/export.csv"): STAFF,
    ("GET", "/teach/submissions/<id:submission_id>"): STAFF,
    ("GET", "/teach/submissions/<id:submission_id>/artifact"): STAFF,
    ("GET", "/teach/rejudges"): STAFF,
    ("POST", "/teach/rejudges"): STAFF,
    ("GET", "/teach/rejudges/<id:rejudge_id>"): DESK,
    ("POST", "/teach/rejudges/<id:rejudge_id>/<any(apply, discard):decision>"): DESK,
    ("GET", "/teach/tasks/<id:task_id>/statistics"): STAFF,
    ("GET", "/teach/cohorts/<id:cohort_id>/statistics"): DESK,
    ("GET", "/teach/lists/<shelf_name>"): STAFF,
    ("POST", "/teach/lists/<shelf_name>/act"): STAFF,
    ("POST", "/teach/lists/<shelf_name>/order"): STAFF,
    ("POST", "/teach/lists/<shelf_name>/<id:thing_id>/<any(up, down):way>"): STAFF,
    ("GET", "/teach/lists/<shelf_name>/new"): STAFF,
    ("POST", "/teach/lists/<shelf_name>/new"): STAFF,
    ("GET", "/teach/lists/<shelf_name>/<id:thing_id>"): STAFF,
    ("POST", "/teach/lists/<shelf_name>/<id:thing_id>"): STAFF,
    ("POST", "/teach/lists/<shelf_name>/<id:thing_id>/delete"): STAFF,
    ("GET", "/teach/alike"): STAFF,
    ("GET", "/teach/alike/<id:pair_id>"): STAFF,
    ("POST", "/teach/alike/<id:pair_id>/aside"): STAFF,
    ("POST", "/teach/alike/<id:pair_id>/take_up"): STAFF,
    ("GET", f"{API}/alike"): STAFF,
    # packs
    ("GET", "/teach/packs"): STAFF,
    ("POST", "/teach/packs"): STAFF,
    # an upload is whoever's it is
    ("GET", "/teach/packs/uploads/<upload>"): UPLOAD,
    ("POST", "/teach/packs/uploads/<upload>"): UPLOAD,
    ("GET", "/teach/packs/export.zip"): STAFF,
    # quests by form
    ("GET", "/teach/quests"): STAFF,
    ("GET", "/teach/quests/new"): STAFF,
    ("POST", "/teach/quests/new"): STAFF,
    ("GET", f"{QUEST_DESK}"): STAFF,
    ("POST", f"{QUEST_DESK}"): STAFF,
    ("POST", f"{QUEST_DESK}/data"): STAFF,
    # the author's alone, and once: this quest came with a pack
    ("POST", f"{QUEST_DESK}/hidden.csv"): Rule(
        "login", "forbidden", "forbidden", "hidden", "forbidden"
    ),
    ("POST", f"{QUEST_DESK}/<any(duplicate, archive, delete):quest_step>"): STAFF,
    ("GET", f"{API}/audit"): STAFF,
    ("POST", f"{API}/rejudges"): STAFF,
    ("GET", f"{API}/rejudges/<id:rejudge_id>"): DESK,
    ("POST", f"{API}/rejudges/<id:rejudge_id>/apply"): DESK,
    ("POST", f"{API}/rejudges/<id:rejudge_id>/discard"): DESK,
    # cohorts: the learner's doors, the desk, the same for scripts
    ("GET", "/cohorts"): MEMBERS,
    ("POST", "/cohorts/join"): MEMBERS,
    ("GET", "/cohorts/join/<code>"): MEMBERS,
    ("GET", "/cohorts/<id:cohort_id>"): IN_COHORT,
    ("GET", "/cohorts/<id:cohort_id>/grades"): OWNER,
    ("POST", "/cohorts/<id:cohort_id>/nickname"): OWNER,
    ("POST", "/cohorts/<id:cohort_id>/leave"): OWNER,
    ("GET", "/teach/cohorts"): STAFF,
    ("GET", "/teach/cohorts/new"): STAFF,
    ("POST", "/teach/cohorts/new"): STAFF,
    ("GET", f"{COHORT}"): DESK,
    ("POST", f"{COHORT}/announcements"): DESK,
    ("POST", f"{COHORT}/announcements/<id:announcement_id>/withdraw"): DESK,
    ("GET", f"{COHORT}/assignments/new"): DESK,
    ("POST", f"{COHORT}/assignments/new"): DESK,
    ("GET", f"{COHORT}/assignments/<id:assignment_id>"): DESK,
    ("POST", f"{COHORT}/assignments/<id:assignment_id>"): DESK,
    ("POST", f"{COHORT}/assignments/<id:assignment_id>/delete"): DESK,
    ("POST", f"{COHORT}/assignments/<id:assignment_id>/<any(up, down):way>"): DESK,
    ("GET", f"{COHORT}/people"): DESK,
    ("POST", f"{COHORT}/people/<id:user_id>/<any(remove, return):member_way>"): DESK,
    ("POST", f"{COHORT}/roster"): DESK,
    ("POST", f"{COHORT}/roster/import"): DESK,
    ("GET", f"{COHORT}/settings"): DESK,
    ("POST", f"{COHORT}/settings"): DESK,
    ("POST", f"{COHORT}/<any(open_code, close_code, archive, reopen):cohort_step>"): DESK,
    ("POST", f"{COHORT}/staff"): DESK,
    ("POST", f"{COHORT}/staff/<id:user_id>/remove"): DESK,
    ("GET", f"{COHORT}/progress"): DESK,
    ("GET", f"{COHORT}/grades"): DESK,
    ("POST", f"{COHORT}/grades/plan"): DESK,
    ("GET", f"{COHORT}/grades/export.<any(csv, json):ending>"): DESK,
    ("GET", f"{COHORT}/learners/<id:user_id>"): DESK,
    ("GET", f"{COHORT}/assignments/<id:assignment_id>/learners/<id:user_id>"): DESK,
    ("POST", f"{COHORT}/assignments/<id:assignment_id>/learners/<id:user_id>/override"): DESK,
    ("POST", f"{COHORT}/assignments/<id:assignment_id>/learners/<id:user_id>/extension"): DESK,
    ("GET", f"{API}/cohorts"): MEMBERS,
    ("GET", f"{API}/cohorts/led"): STAFF,
    ("POST", f"{API}/cohorts"): STAFF,
    ("POST", f"{API}/cohorts/join"): MEMBERS,
    ("GET", f"{COHORTS_API}"): IN_COHORT,
    ("GET", f"{COHORTS_API}/grades"): OWNER,
    ("POST", f"{COHORTS_API}/leave"): OWNER,
    ("PATCH", f"{COHORTS_API}"): DESK,
    ("POST", f"{COHORTS_API}/code"): DESK,
    ("DELETE", f"{COHORTS_API}/code"): DESK,
    ("POST", f"{COHORTS_API}/staff"): DESK,
    ("DELETE", f"{COHORTS_API}/staff/<id:user_id>"): DESK,
    ("GET", f"{COHORTS_API}/members"): DESK,
    ("DELETE", f"{COHORTS_API}/members/<id:user_id>"): DESK,
    ("POST", f"{COHORTS_API}/roster"): DESK,
    ("POST", f"{COHORTS_API}/announcements"): DESK,
    ("POST", f"{COHORTS_API}/assignments"): DESK,
    ("PATCH", f"{COHORTS_API}/assignments/<id:assignment_id>"): DESK,
    ("DELETE", f"{COHORTS_API}/assignments/<id:assignment_id>"): DESK,
    ("PUT", f"{COHORTS_API}/assignments/<id:assignment_id>/learners/<id:user_id>/extension"): DESK,
    (
        "DELETE",
        f"{COHORTS_API}/assignments/<id:assignment_id>/learners/<id:user_id>/extension",
    ): DESK,
    ("PUT", f"{COHORTS_API}/assignments/<id:assignment_id>/learners/<id:user_id>/override"): DESK,
    ("GET", f"{COHORTS_API}/progress"): DESK,
    ("GET", f"{COHORTS_API}/gradebook"): DESK,
    ("GET", f"{COHORTS_API}/gradebook.csv"): DESK,
    # the site
    ("GET", "/"): EVERYBODY,
    ("GET", "/static/<path:filename>"): EVERYBODY,
    ("GET", "/static/v-<version>/<path:filename>"): EVERYBODY,
    ("GET", "/robots.txt"): EVERYBODY,
    ("GET", "/healthz"): EVERYBODY,
    ("GET", "/metrics"): EVERYBODY,
    ("GET", "/api/docs"): EVERYBODY,
    ("GET", "/styleguide"): EVERYBODY,
    ("GET", "/search"): EVERYBODY,
    ("GET", f"{API}/search"): EVERYBODY,
    ("POST", "/theme"): EVERYBODY,
    ("GET", f"{API}/openapi.json"): EVERYBODY,
    # accounts, pages
    ("GET", "/register"): EVERYBODY,
    ("POST", "/register"): EVERYBODY,
    ("GET", "/login"): EVERYBODY,
    ("POST", "/login"): EVERYBODY,
    ("POST", "/logout"): EVERYBODY,
    ("GET", "/password/forgot"): EVERYBODY,
    ("POST", "/password/forgot"): EVERYBODY,
    ("GET", "/password/reset/<token>"): EVERYBODY,
    ("POST", "/password/reset/<token>"): EVERYBODY,
    ("GET", "/settings"): MEMBERS,
    ("POST", "/settings/profile"): MEMBERS,
    ("POST", "/settings/password"): MEMBERS,
    ("POST", "/settings/tokens"): MEMBERS,
    ("POST", "/settings/tokens/<id:token_id>/revoke"): OWNER,
    ("POST", "/settings/delete"): MEMBERS,
    # Telegram: the door that it calls is there for nobody else
    ("GET", "/settings/telegram"): MEMBERS,
    ("POST", "/settings/telegram/code"): MEMBERS,
    ("POST", "/settings/telegram/unlink"): MEMBERS,
    ("POST", "/telegram/<place>"): NOBODY,
    ("GET", f"{API}/users/me/telegram"): MEMBERS,
    ("POST", f"{API}/users/me/telegram"): MEMBERS,
    ("DELETE", f"{API}/users/me/telegram"): MEMBERS,
    # notifications
    ("GET", "/notifications"): MEMBERS,
    ("POST", "/notifications/<id:notification_id>/read"): OWNER,
    ("POST", "/notifications/read"): MEMBERS,
    ("GET", "/settings/notifications"): MEMBERS,
    ("POST", "/settings/notifications/kinds"): MEMBERS,
    ("POST", "/settings/notifications/habits"): MEMBERS,
    ("POST", "/settings/notifications/confirm"): MEMBERS,
    # the links of letters: who has one is let in, and a made-up one is told so
    ("GET", "/notifications/confirm/<token>"): EVERYBODY,
    ("POST", "/notifications/confirm/<token>"): EVERYBODY,
    ("GET", "/notifications/stop/<token>"): EVERYBODY,
    ("POST", "/notifications/stop/<token>"): EVERYBODY,
    ("GET", f"{API}/notifications"): MEMBERS,
    ("POST", f"{API}/notifications/<id:notification_id>/read"): OWNER,
    ("POST", f"{API}/notifications/read"): MEMBERS,
    ("GET", f"{API}/notifications/preferences"): MEMBERS,
    ("PATCH", f"{API}/notifications/preferences"): MEMBERS,
    # calendars; whose secret a path shows reads, whoever comes with it
    ("GET", "/settings/calendar"): MEMBERS,
    ("POST", "/settings/calendar"): MEMBERS,
    ("POST", "/settings/calendar/revoke"): MEMBERS,
    ("GET", "/calendar/<token>.ics"): SECRET,
    ("POST", f"{API}/users/me/calendar"): MEMBERS,
    ("DELETE", f"{API}/users/me/calendar"): MEMBERS,
    ("GET", f"{API}/activity"): EVERYBODY,
    # accounts, API
    ("POST", f"{API}/auth/register"): EVERYBODY,
    ("POST", f"{API}/auth/login"): EVERYBODY,
    ("POST", f"{API}/auth/refresh"): REFRESH,
    ("POST", f"{API}/auth/logout"): MEMBERS,
    ("GET", f"{API}/auth/tokens"): MEMBERS,
    ("POST", f"{API}/auth/tokens"): MEMBERS,
    ("DELETE", f"{API}/auth/tokens/<id:token_id>"): OWNER,
    ("POST", f"{API}/auth/password/forgot"): EVERYBODY,
    ("POST", f"{API}/auth/password/reset"): EVERYBODY,
    ("GET", f"{API}/users"): EVERYBODY,
    ("GET", f"{API}/users/<id:user_id>"): EVERYBODY,
    ("GET", f"{API}/users/me"): MEMBERS,
    ("PATCH", f"{API}/users/me"): MEMBERS,
    ("DELETE", f"{API}/users/me"): MEMBERS,
    ("PUT", f"{API}/users/me/password"): MEMBERS,
    # profiles
    ("GET", "/users/<id:user_id>"): EVERYBODY,
    ("GET", "/users/<id:user_id>/badges"): EVERYBODY,
    ("GET", f"{API}/users/me/progress"): MEMBERS,
    ("GET", f"{API}/users/<id:user_id>/submissions"): OWNER_AND_STAFF,
    ("GET", f"{API}/levels"): EVERYBODY,
    ("GET", f"{API}/badges"): EVERYBODY,
    # boards
    ("GET", "/boards"): EVERYBODY,
    ("GET", "/boards/weekly"): EVERYBODY,
    ("GET", "/boards/rating"): EVERYBODY,
    ("GET", "/boards/<kind>/<id:target_id>"): EVERYBODY,
    ("GET", f"{API}/leaderboard"): EVERYBODY,
    ("GET", f"{API}/leaderboard/spread"): EVERYBODY,
    ("GET", f"{API}/leaderboard/stops"): EVERYBODY,
    # quests
    ("GET", "/quests"): EVERYBODY,
    ("GET", "/quests/<id:quest_id>"): EVERYBODY,
    ("POST", "/quests/<id:quest_id>"): MEMBERS,
    ("POST", "/quests/<id:quest_id>/train"): MEMBERS,
    ("POST", "/quests/<id:quest_id>/try"): MEMBERS,
    ("POST", "/quests/<id:quest_id>/try/cancel"): OWNER,
    ("GET", "/quests/<id:quest_id>/run"): MEMBERS,
    ("GET", "/quests/<id:quest_id>/data/<any(train, sample):part>.csv"): MEMBERS,
    ("GET", f"{API}/quests"): EVERYBODY,
    ("GET", f"{API}/quests/<id:quest_id>"): EVERYBODY,
    ("GET", "/quests/<id:quest_id>/starter.<any(py, ipynb):program>"): MEMBERS,
    ("GET", "/quests/<id:quest_id>/sample-model.<any(joblib, skops):model_format>"): MEMBERS,
    ("GET", f"{API}/quests/<id:quest_id>/preview"): EVERYBODY,
    ("GET", f"{API}/quests/<id:quest_id>/starter"): MEMBERS,
    ("GET", f"{API}/quests/<id:quest_id>/sample-model"): MEMBERS,
    ("GET", f"{API}/quests/<id:quest_id>/dataset"): MEMBERS,
    ("POST", f"{API}/quests/<id:quest_id>/submit"): MEMBERS,
    ("POST", f"{API}/quests/<id:quest_id>/train"): MEMBERS,
    ("POST", f"{API}/quests/<id:quest_id>/try"): MEMBERS,
    # one's own alone, and only the owner has one
    ("GET", f"{API}/quests/<id:quest_id>/try"): OWNER,
    ("DELETE", f"{API}/quests/<id:quest_id>/try"): OWNER,
    ("GET", f"{API}/quests/<id:quest_id>/submissions"): MEMBERS,
    # challenges
    ("GET", "/challenges"): EVERYBODY,
    ("GET", "/challenges/<id:challenge_id>"): EVERYBODY,
    ("POST", "/challenges/<id:challenge_id>"): MEMBERS,
    ("GET", "/challenges/<id:challenge_id>/attempts"): MEMBERS,
    ("POST", "/challenges/<id:challenge_id>/run"): MEMBERS,
    ("POST", "/challenges/<id:challenge_id>/plan"): MEMBERS,
    ("POST", "/challenges/<id:challenge_id>/hints"): MEMBERS,
    ("GET", "/challenges/written"): STAFF,
    ("GET", "/challenges/new/<any(sql, coding, knowledge):challenge_kind>"): STAFF,
    ("POST", "/challenges/new/<any(sql, coding, knowledge):challenge_kind>"): STAFF,
    ("GET", "/challenges/<id:challenge_id>/edit"): STAFF,
    ("POST", "/challenges/<id:challenge_id>/edit"): STAFF,
    ("GET", "/challenges/<id:challenge_id>/preview"): STAFF,
    ("POST", "/challenges/<id:challenge_id>/duplicate"): STAFF,
    ("POST", "/challenges/<id:challenge_id>/archive"): STAFF,
    ("POST", "/challenges/<id:challenge_id>/delete"): STAFF,
    ("GET", f"{API}/categories"): EVERYBODY,
    ("GET", f"{API}/challenges"): EVERYBODY,
    ("POST", f"{API}/challenges"): STAFF,
    ("GET", f"{API}/challenges/<id:challenge_id>"): EVERYBODY,
    ("PUT", f"{API}/challenges/<id:challenge_id>"): STAFF,
    ("PATCH", f"{API}/challenges/<id:challenge_id>"): STAFF,
    ("DELETE", f"{API}/challenges/<id:challenge_id>"): STAFF,
    ("POST", f"{API}/challenges/<id:challenge_id>/duplicate"): STAFF,
    ("POST", f"{API}/challenges/<id:challenge_id>/archive"): STAFF,
    ("POST", f"{API}/challenges/check"): STAFF,
    ("POST", f"{API}/challenges/<id:challenge_id>/run"): MEMBERS,
    ("POST", f"{API}/challenges/<id:challenge_id>/plan"): MEMBERS,
    ("POST", f"{API}/challenges/<id:challenge_id>/hints"): MEMBERS,
    ("POST", f"{API}/attempts"): MEMBERS,
    ("GET", f"{API}/progress"): MEMBERS,
    ("POST", f"{API}/progress"): MEMBERS,
    ("GET", f"{API}/users/<id:user_id>/challenges"): EVERYBODY,
    ("GET", f"{API}/users/<id:user_id>/attempts/<id:attempt_id>"): OWNER_AND_STAFF,
    # competitions
    ("GET", "/competitions"): EVERYBODY,
    ("GET", "/competitions/<id:competition_id>"): EVERYBODY,
    ("GET", "/competitions/<id:competition_id>/<any(data, evaluation, rules):tab>"): EVERYBODY,
    ("GET", "/competitions/<id:competition_id>/board"): EVERYBODY,
    ("POST", "/competitions/<id:competition_id>/register"): MEMBERS,
    ("POST", "/competitions/<id:competition_id>/withdraw"): MEMBERS,
    ("POST", "/competitions/<id:competition_id>/submit"): MEMBERS,
    ("GET", "/competitions/<id:competition_id>/entry"): ENTRANT,
    ("POST", "/competitions/<id:competition_id>/selection"): ENTRANT,
    ("POST", "/competitions/<id:competition_id>/team"): ENTRANT,
    ("POST", "/competitions/<id:competition_id>/team/join"): ENTRANT,
    ("POST", "/competitions/<id:competition_id>/team/leave"): ENTRANT,
    ("GET", "/competitions/organise"): STAFF,
    ("GET", "/competitions/organise/new"): STAFF,
    ("POST", "/competitions/organise/new"): STAFF,
    ("GET", "/competitions/<id:competition_id>/desk"): STAFF,
    ("POST", "/competitions/<id:competition_id>/desk"): STAFF,
    ("POST", "/competitions/<id:competition_id>/desk/answers"): STAFF,
    ("POST", "/competitions/<id:competition_id>/desk/files"): STAFF,
    ("POST", "/competitions/<id:competition_id>/desk/files/<id:file_id>/remove"): STAFF,
    ("POST", "/competitions/<id:competition_id>/desk/baselines"): STAFF,
    ("POST", f"/competitions/<id:competition_id>/desk/{STEPS}"): STAFF,
    ("GET", f"{API}/competitions"): EVERYBODY,
    ("POST", f"{API}/competitions"): STAFF,
    ("GET", f"{API}/competitions/ongoing"): EVERYBODY,
    ("GET", f"{API}/competitions/upcoming"): EVERYBODY,
    ("GET", f"{API}/competitions/completed"): EVERYBODY,
    ("GET", f"{API}/competitions/<id:competition_id>"): EVERYBODY,
    ("PATCH", f"{API}/competitions/<id:competition_id>"): STAFF,
    ("DELETE", f"{API}/competitions/<id:competition_id>"): STAFF,
    ("GET", f"{API}/competitions/<id:competition_id>/leaderboard"): EVERYBODY,
    ("POST", f"{API}/competitions/<id:competition_id>/register"): MEMBERS,
    ("DELETE", f"{API}/competitions/<id:competition_id>/register"): MEMBERS,
    ("POST", f"{API}/competitions/<id:competition_id>/submit"): MEMBERS,
    # of those who take part, as the owner does
    ("GET", f"{API}/competitions/<id:competition_id>/submissions"): ENTRANT,
    ("PUT", f"{API}/competitions/<id:competition_id>/selection"): ENTRANT,
    ("POST", f"{API}/competitions/<id:competition_id>/team"): ENTRANT,
    ("POST", f"{API}/competitions/<id:competition_id>/team/join"): ENTRANT,
    ("DELETE", f"{API}/competitions/<id:competition_id>/team"): ENTRANT,
    ("GET", f"{API}/competitions/<id:competition_id>/sample"): MEMBERS,
    ("GET", f"{API}/competitions/<id:competition_id>/files/<id:file_id>"): MEMBERS,
    ("POST", f"{API}/competitions/<id:competition_id>/answers"): STAFF,
    ("POST", f"{API}/competitions/<id:competition_id>/files"): STAFF,
    ("DELETE", f"{API}/competitions/<id:competition_id>/files/<id:file_id>"): STAFF,
    ("POST", f"{API}/competitions/<id:competition_id>/baselines"): STAFF,
    ("GET", f"{API}/competitions/<id:competition_id>/export/submissions"): STAFF,
    ("GET", f"{API}/competitions/<id:competition_id>/export/board"): STAFF,
    ("GET", f"{API}/ratings"): EVERYBODY,
    ("GET", f"{API}/users/<id:user_id>/rating-history"): EVERYBODY,
    # mirrors of Kaggle
    ("GET", "/competitions/kaggle"): STAFF,
    ("POST", "/competitions/kaggle"): STAFF,
    ("POST", "/competitions/kaggle/<id:competition_id>/sync"): STAFF,
    ("POST", "/competitions/kaggle/links/<id:user_id>"): STAFF,
    ("POST", "/competitions/kaggle/links/<id:user_id>/undo"): STAFF,
    ("GET", "/competitions/kaggle/me"): MEMBERS,
    ("POST", f"{API}/competitions/kaggle"): STAFF,
    ("POST", f"{API}/competitions/<id:competition_id>/sync"): STAFF,
    ("GET", f"{API}/kaggle/links"): STAFF,
    ("POST", f"{API}/kaggle/links/<id:user_id>"): STAFF,
    ("DELETE", f"{API}/kaggle/links/<id:user_id>"): STAFF,
    ("GET", f"{API}/users/me/kaggle"): MEMBERS,
    # forecasts
    ("GET", "/forecasts"): EVERYBODY,
    ("GET", "/forecasts/jump"): EVERYBODY,
    ("GET", "/forecasts/leagues/<id:league_id>"): EVERYBODY,
    ("GET", "/forecasts/leagues/<id:league_id>/board"): EVERYBODY,
    ("GET", "/forecasts/teams/<id:team_id>"): EVERYBODY,
    ("GET", "/forecasts/house"): EVERYBODY,
    ("GET", "/forecasts/matches/<id:match_id>"): EVERYBODY,
    ("POST", "/forecasts/matches/<id:match_id>/forecast"): MEMBERS,
    ("GET", "/forecasts/news"): EVERYBODY,
    ("GET", "/forecasts/mine"): MEMBERS,
    ("GET", "/forecasts/mine.csv"): MEMBERS,
    ("GET", "/forecasts/names"): STAFF,
    ("GET", "/forecasts/feeds"): STAFF,
    ("POST", "/forecasts/feeds"): STAFF,
    ("POST", "/forecasts/feeds/paste"): STAFF,
    ("POST", "/forecasts/feeds/files"): STAFF,
    ("POST", "/forecasts/feeds/<id:feed_id>/<any(read, remove):feed_step>"): STAFF,
    ("POST", "/forecasts/names/<id:alias_id>"): STAFF,
    ("GET", f"{API}/leagues"): EVERYBODY,
    ("GET", f"{API}/leagues/<id:league_id>"): EVERYBODY,
    ("GET", f"{API}/leagues/<id:league_id>/standings"): EVERYBODY,
    ("GET", f"{API}/leagues/<id:league_id>/fixtures"): EVERYBODY,
    ("GET", f"{API}/leagues/<id:league_id>/top-scorers"): EVERYBODY,
    ("GET", f"{API}/teams"): EVERYBODY,
    ("GET", f"{API}/teams/<id:team_id>"): EVERYBODY,
    ("GET", f"{API}/teams/<id:team_id>/form"): EVERYBODY,
    ("GET", f"{API}/teams/<id:team_id>/fixtures"): EVERYBODY,
    ("GET", f"{API}/teams/<id:team_id>/players"): EVERYBODY,
    ("GET", f"{API}/matches"): EVERYBODY,
    ("GET", f"{API}/matches/live"): EVERYBODY,
    ("GET", f"{API}/documents/search"): EVERYBODY,
    ("POST", f"{API}/documents"): STAFF,
    ("GET", f"{API}/matches/<id:match_id>"): EVERYBODY,
    ("PUT", f"{API}/matches/<id:match_id>/forecast"): MEMBERS,
    ("GET", f"{API}/users/me/forecasts"): MEMBERS,
    ("GET", f"{API}/predictions/upcoming"): EVERYBODY,
    ("GET", f"{API}/predictions/today"): EVERYBODY,
    ("GET", f"{API}/predictions/match/<id:match_id>"): EVERYBODY,
    ("GET", f"{API}/predictions/league/<id:league_id>"): EVERYBODY,
    ("GET", f"{API}/predictions/history"): EVERYBODY,
    ("GET", f"{API}/analytics/model-performance"): EVERYBODY,
    ("GET", f"{API}/analytics/prediction-accuracy"): EVERYBODY,
    # submissions
    ("GET", f"{API}/events"): ADMINS,
    ("GET", "/submissions"): MEMBERS,
    ("GET", "/submissions/<id:submission_id>"): OWNER_AND_STAFF,
    ("POST", "/submissions/<id:submission_id>/cancel"): OWNER,
    ("GET", f"{API}/submissions"): MEMBERS,
    ("GET", f"{API}/submissions/<id:submission_id>"): OWNER_AND_STAFF,
    ("GET", f"{API}/submissions/<id:submission_id>/output"): OWNER_AND_STAFF,
    ("POST", f"{API}/submissions/<id:submission_id>/cancel"): OWNER,
}
# Doors whose own work ends at the login page, so that going there is no refusal.
ENDS_AT_LOGIN = {"/logout", "/password/forgot", "/password/reset/<token>"}
WRITES = {"POST", "PUT", "PATCH", "DELETE"}
CALLERS = ("anonymous", "other", "instructor", "admin", "owner")


def named(doors: Iterable[tuple[str, str]]) -> list[Any]:
    return [pytest.param(method, rule, id=f"{method} {rule}") for method, rule in doors]


def all_doors(app: Any) -> set[tuple[str, str]]:
    return {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }


@pytest.fixture
def people(make_user):
    """One of each role, and the learner whose things they try. One hash serves all: it is slow to make."""
    owner = make_user("owner")
    found = {"owner": owner}
    for name, role in (("other", "learner"), ("instructor", "instructor"), ("admin", "admin")):
        found[name] = User(
            username=name,
            username_key=name,
            email=f"{name}@example.org",
            email_key=f"{name}@example.org",
            password_hash=owner.password_hash,
            role=role,
        )
        db.session.add(found[name])
    db.session.commit()
    return found


COHORTS = ("cohort_id", "assignment_id", "announcement_id", "code")


class Things(dict[str, Any]):
    """By the name that a path has for it, the id of a thing; one that takes long is made when it is asked
    for, by what `later` has for its name: a function that gives some of the names."""

    def __init__(self, now: dict[str, Any], later: dict[str, Callable[[], dict[str, Any]]]) -> None:
        super().__init__(now)
        self.later = later

    def __missing__(self, name: str) -> Any:
        self.update(self.later[name]())
        return self[name]


@pytest.fixture
def things(people, quest):
    """What the owner has: a submission, a token; and the ids that a path may ask for."""
    submission = Submission(
        user_id=people["owner"].id, task_id=quest.id, attempt_no=1, payload={"code": "x = 1"}
    )
    db.session.add(submission)
    db.session.commit()
    token, _text = tokens.issue(people["owner"], "script")
    accounts.update_profile(people["owner"], kaggle_username="owner")
    tries.start(people["owner"], quest.id, "def train(X, y): ...")
    quiz = authoring.create(people["instructor"], "knowledge", QUIZ, publish=True)
    attempt = Submission(user_id=people["owner"].id, task_id=quiz.id, attempt_no=1)
    db.session.add(attempt)
    db.session.commit()
    owner = people["owner"]
    cohort = partial(class_of, owner, quest)
    now = {
        "user_id": owner.id,
        "quest_id": quest.id,
        "task_id": quest.id,
        "shelf_name": "levels",
        "thing_id": quest.level_id,
        "challenge_id": quiz.id,
        "challenge_kind": "knowledge",
        "attempt_id": attempt.id,
        "submission_id": submission.id,
        "token_id": token.id,
        **{"way": "up", "member_way": "remove", "cohort_step": "close_code", "ending": "csv"},
        "decision": "discard",
        "feed_step": "read",
        "webhook_step": "ping",
        "kind": "quest",
        "target_id": quest.id,
        "part": "train",
        "tab": "evaluation",
        "step": "withdraw",
        "quest_step": "duplicate",
        "upload": "nobodys",
        "program": "py",
        "model_format": "joblib",
        "token": "made-up",
        "place": "made-up",
        "filename": "css/tokens.css",
        "version": "1",
    }
    made = Things(now, {})

    def webhook() -> dict[str, Any]:
        assert made["cohort_id"]  # whose lead it belongs to
        return webhook_of("lead")

    def competition() -> dict[str, Any]:
        return {"competition_id": held(people["instructor"], owner), "file_id": 1}

    def match() -> dict[str, Any]:
        return {"match_id": match_to_come(), "league_id": 1, "team_id": 1}

    made.later |= {
        **dict.fromkeys(("competition_id", "file_id"), competition),
        **dict.fromkeys(("match_id", "league_id", "team_id"), match),
        "rejudge_id": lambda: {"rejudge_id": rejudged()},
        "alias_id": lambda: {"alias_id": made["match_id"] and waiting_name()},
        "feed_id": lambda: {"feed_id": feed()},
        "pair_id": lambda: {"pair_id": alike_pair(submission, people["instructor"])},
        "notification_id": lambda: {"notification_id": told(owner)},
        **dict.fromkeys(("webhook_id", "delivery_id"), webhook),
        **dict.fromkeys(COHORTS, cohort),
    }
    return made


@pytest.fixture
def knock(app, people, things, signed_in):
    """knock("other", "GET", rule) -> the answer, as a page or an API call as the path has it."""

    def page(caller: str, method: str, path: str) -> Any:
        browser = app.test_client() if caller == "anonymous" else signed_in(people[caller])
        if method == "GET":
            return browser.get(path)
        token = re.search(r'name="csrf-token" content="([^"]+)"', browser.get("/boards").text)[1]
        return browser.open(path, method=method, data={"csrf_token": token})

    def call(caller: str, method: str, path: str) -> Any:
        headers = {}
        if caller != "anonymous":
            access = logins.issue_tokens(people[caller])["access_token"]
            headers["Authorization"] = f"Bearer {access}"
        body: dict[str, Any] = {}
        if path.endswith("/submit"):
            body["data"] = {"model_file": (io.BytesIO(b"no model"), "model.joblib")}
        elif path.endswith("/selection"):
            body["json"] = {"submission_ids": []}
        elif path.endswith("/team") and method == "POST":
            body["json"] = {"name": "The Medians"}
        elif path.endswith("/team/join"):
            body["json"] = {"code": "abcdefghjk"}
        elif path.endswith(("/train", "/try")):
            body["json"] = {"code": "def train(X, y):\n    return None\n"}
        elif path.endswith("/plan"):
            body["json"] = {"query": "SELECT 1"}
        elif path.endswith("/forecast"):
            body["json"] = {"home": 0.5, "draw": 0.25, "away": 0.25}
        elif path.endswith("/extension") and method == "PUT":
            body["json"] = {"due_at": "2099-01-01T00:00:00Z"}
        elif path.endswith("/override"):
            body["json"] = {"percent": 50, "reason": "because"}
        elif path.endswith("/roster"):
            body["json"] = {"csv": "email\na@example.org\n"}
        elif path.endswith("/staff"):
            body["json"] = {"instructor": "lead"}
        elif path.endswith("/announcements"):
            body["json"] = {"title": "Hear"}
        elif path.endswith("/assignments"):
            body["json"] = {"title": "Week 2", "tasks": [{"task_id": things["quest_id"]}]}
        elif path.endswith("/webhooks"):
            body["json"] = {"name": "A", "url": "https://a.example/", "events": ["job-init"]}
        elif path.endswith("/rejudges"):
            body["json"] = {"scope": "task", "id": things["quest_id"], "reason": "because"}
        elif path.endswith("/hints"):
            body["json"] = {"number": 1}
        elif method in WRITES:
            body["json"] = {}
        return app.test_client().open(path, method=method, headers=headers, **body)

    def send(caller: str, method: str, rule: str) -> Any:
        path = re.sub(r"<(?:[^:<>]+:)?(\w+)>", lambda found: str(things[found[1]]), rule)
        return (call if path.startswith(API) else page)(caller, method, path)

    return send


def outcome(answer: Any, rule: str) -> str:
    assert answer.status_code < 500 or (rule == "/healthz" and answer.status_code == 503), (
        answer.text
    )
    to_login = answer.status_code in (302, 303) and answer.location.startswith("/login")
    if answer.status_code == 401 and rule in ("/login", f"{API}/auth/login"):
        return "in"  # the door itself asks who is there
    if answer.status_code == 401 or (to_login and rule not in ENDS_AT_LOGIN):
        return "login"
    return {403: "forbidden", 404: "hidden"}.get(answer.status_code, "in")


def test_the_table_holds_every_door_and_no_other(app):
    doors = all_doors(app)
    assert sorted(doors - set(DOORS)) == [], "add these doors to the table"
    assert sorted(set(DOORS) - doors) == [], "these doors are gone"


@pytest.mark.parametrize(("method", "rule"), named(DOORS))
def test_who_may_pass(knock, method, rule):
    wanted = DOORS[method, rule]
    seen = {caller: outcome(knock(caller, method, rule), rule) for caller in CALLERS}
    assert seen == {caller: getattr(wanted, caller) for caller in CALLERS}


@pytest.mark.parametrize(("method", "rule"), named(door for door in DOORS if "quest_id" in door[1]))
@pytest.mark.parametrize("status", ["draft", "archived"])
def test_an_unpublished_quest_is_nobodys_to_see(knock, things, method, rule, status):
    db.session.get(Task, things["quest_id"]).status = status
    db.session.commit()
    for caller in ("anonymous", "other", "owner"):
        refused = ("hidden", "login", "forbidden") if "/teach/" in rule else ("hidden", "login")
        assert outcome(knock(caller, method, rule), rule) in refused, caller


@pytest.mark.parametrize(
    ("method", "rule"), named(door for door in DOORS if "challenge_id" in door[1])
)
@pytest.mark.parametrize("status", ["draft", "archived"])
def test_an_unpublished_challenge_is_nobodys_to_see(knock, things, method, rule, status):
    db.session.get(Task, things["challenge_id"]).status = status
    db.session.commit()
    for caller in ("anonymous", "other", "owner"):
        assert outcome(knock(caller, method, rule), rule) in ("hidden", "login", "forbidden"), (
            caller
        )


@pytest.mark.parametrize(
    ("method", "rule"), named(door for door in DOORS if "competition_id" in door[1])
)
@pytest.mark.parametrize("status", ["draft", "archived"])
def test_an_unpublished_competition_is_nobodys_to_see(knock, things, method, rule, status):
    db.session.get(Task, things["competition_id"]).status = status
    db.session.commit()
    for caller in ("anonymous", "other", "owner"):
        assert outcome(knock(caller, method, rule), rule) in ("hidden", "login", "forbidden"), (
            caller
        )


def test_no_list_shows_what_is_anothers(app, people, things):
    access = logins.issue_tokens(people["other"])["access_token"]
    headers = {"Authorization": f"Bearer {access}"}
    client = app.test_client()
    owner, quest = people["owner"].id, things["quest_id"]
    for path in (
        "submissions",
        f"submissions?user={owner}",
        f"submissions?task={quest}",
        f"submissions?task={things['challenge_id']}",
        "progress",
        f"quests/{quest}/submissions",
        "auth/tokens",
        "notifications",
    ):
        assert client.get(f"{API}/{path}", headers=headers).json["data"] == [], path
    staff = logins.issue_tokens(people["instructor"])["access_token"]
    seen = client.get(
        f"{API}/submissions?user={owner}", headers={"Authorization": f"Bearer {staff}"}
    )
    assert [row["id"] for row in seen.json["data"]] == [
        things["attempt_id"],
        things["submission_id"],
    ]


def test_a_role_taken_away_counts_at_once(app, people, things):
    headers = {
        "Authorization": f"Bearer {logins.issue_tokens(people['instructor'])['access_token']}"
    }
    path = f"{API}/submissions/{things['submission_id']}"
    assert app.test_client().get(path, headers=headers).status_code == 200
    people["instructor"].role = "learner"
    db.session.commit()
    assert app.test_client().get(path, headers=headers).status_code == 404
