"""An arena with people in it, for those who look at pages: screenshots, axe, Lighthouse.

Everybody registers and hands models in through the API, so every page shows what it would show in life;
only yesterday and the weeks before it are written by the rewards' own verb, with times in the past.
"""

from __future__ import annotations

import io
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, partial
from typing import Any

from benchmarks import (
    showcase_challenges,
    showcase_cohorts,
    showcase_competitions,
    showcase_forecasts,
    showcase_lms,
    showcase_writing,
)
from benchmarks.arena import PASSWORD, Arena, fitted

# Names as people have them: of one character, of 64, from right to left.
NAMES = (
    "ada", "grace-hopper", "x", "Fei-Fei", "yann", "noether", "محمد", "sofia-k", "bayes",
    "kolmogorov", "turing", "hypatia", "student-of-gosset", "rosa.l", "li-na",
    "a-name-of-sixty-four-characters-which-is-as-long-as-names-can-be",
)  # fmt: skip
# Enough of them for whoever wants every page in every state, and not what a full class looks like.
FEW = (
    "ada",
    "grace-hopper",
    "x",
    "Fei-Fei",
    "yann",
    "محمد",
    "turing",
    "student-of-gosset",
    NAMES[-1],
)
HERO = NAMES[0]
TEACHER = "student-of-gosset"
ADMIN = "turing"
STEPS = (
    "linear-regression-challenge",
    "multi-class-classification",
    "customer-segments",
    "wine-tasting",
    "binary-classification",
)


@dataclass
class Showcase:
    """The people by name (their bearer tokens) and the hero's submissions by what they show."""

    here: Arena
    names: Sequence[str] = NAMES
    tokens: dict[str, str] = field(default_factory=dict)
    users: dict[str, int] = field(default_factory=dict)
    submissions: dict[str, int] = field(default_factory=dict)
    quests: dict[str, int] = field(default_factory=dict)
    challenges: dict[str, int] = field(default_factory=dict)
    drafts: dict[str, int] = field(default_factory=dict)
    competitions: dict[str, int] = field(default_factory=dict)
    cohorts: dict[str, int] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    forecasts: dict[str, int] = field(default_factory=dict)

    def pages(self) -> dict[str, tuple[str, str | None]]:
        """Every page that a person meets: name → (path, who looks at it; None: anybody)."""
        quest = self.quests
        shown = {
            "welcome": ("/", None),
            "register": ("/register", None),
            "login": ("/login", None),
            "forgot": ("/password/forgot", None),
            "home": ("/", HERO),
            "home-of-a-newcomer": ("/", "newcomer"),
            "quest-map": ("/quests", HERO),
            "quest-map-signed-out": ("/quests", None),
            "quest-regression": (f"/quests/{quest['linear-regression-challenge']}", HERO),
            "quest-clustering": (f"/quests/{quest['customer-segments']}", HERO),
            "quest-digits": (f"/quests/{quest['read-the-digits']}", "grace-hopper"),
            "quest-signed-out": (f"/quests/{quest['linear-regression-challenge']}", None),
            "boards": ("/boards", HERO),
            "board-weekly": ("/boards/weekly", HERO),
            "board-quest": (f"/boards/quest/{quest['linear-regression-challenge']}", HERO),
            "submissions": ("/submissions", HERO),
            "profile-own": (f"/users/{self.users[HERO]}", HERO),
            "profile-public": (f"/users/{self.users['grace-hopper']}", HERO),
            "profile-of-a-newcomer": (f"/users/{self.users['newcomer']}", HERO),
            "settings": ("/settings", HERO),
            "telegram": ("/settings/telegram", HERO),
            "notifications": ("/notifications", HERO),
            "calendar": ("/settings/calendar", HERO),
            "notifications-chosen": ("/settings/notifications", HERO),
            "teach-list-users": ("/teach/lists/users", ADMIN),
            "teach-user": (f"/teach/lists/users/{self.users[HERO]}", ADMIN),
            "kaggle": ("/competitions/kaggle", TEACHER),
            "kaggle-name": ("/competitions/kaggle/me", HERO),
            "api-docs": ("/api/docs", None),
            "styleguide": ("/styleguide", None),
            "badges": (f"/users/{self.users[HERO]}/badges", HERO),
            "search": ("/search?q=re", HERO),
            "forbidden": ("/teach", HERO),
            "not-found": ("/no-such-page", HERO),
        }
        shown |= showcase_challenges.pages(self, HERO)
        shown |= showcase_writing.pages(self, TEACHER)
        shown |= showcase_competitions.pages(self, HERO)
        shown |= showcase_cohorts.pages(self, HERO, TEACHER)
        shown |= showcase_lms.pages(self, TEACHER)
        shown |= showcase_forecasts.pages(self, HERO, TEACHER)
        for name, number in self.submissions.items():
            shown[f"verdict-{name}"] = (f"/submissions/{number}", HERO)
        return shown


def populate(here: Arena, names: Sequence[str] = NAMES) -> Showcase:
    """Fill a fresh arena with people, their models and their last weeks."""
    case = Showcase(here, names)
    for name in (*names, "newcomer"):
        case.users[name], case.tokens[name] = register(here, name)
    _, answer = here.call("GET", "/quests?per_page=100", case.tokens[HERO])
    case.quests = {quest["slug"]: quest["id"] for quest in answer["data"]}
    _write_the_past(case)
    showcase_writing.write(case, TEACHER)
    _play(case)
    _show_verdicts(case)
    showcase_challenges.play(case, HERO, names[1 : 1 + len(names) // 5])
    showcase_competitions.play(case, HERO, [name for name in names if name != "turing"])
    showcase_forecasts.play(case, HERO, names)
    showcase_cohorts.play(case, HERO, TEACHER, [name for name in names if name != TEACHER])
    showcase_lms.play(case, TEACHER, [name for name in names if name != TEACHER][:4])
    return case


def register(here: Arena, name: str) -> tuple[int, str]:
    """Register `name`; their id and a bearer token."""
    person = {
        "username": name,
        "email": f"{uuid.uuid4().hex[:12]}@example.org",
        "password": PASSWORD,
    }
    status, answer = here.call("POST", "/auth/register", body=person)
    if status != 201:
        raise RuntimeError(f"register {name}: {status} {answer}")
    _, tokens = here.call("POST", "/auth/login", body={"username": name, "password": PASSWORD})
    return answer["data"]["id"], tokens["data"]["access_token"]


def _write_the_past(case: Showcase) -> None:
    """Weeks of play: some days with a submission, XP of quests that are gone since."""
    from mlarena.accounts.models import User
    from mlarena.app import create_app
    from mlarena.boards import service as boards
    from mlarena.core.clock import utcnow
    from mlarena.core.config import Settings
    from mlarena.core.db import db
    from mlarena.rewards import service as rewards

    app = create_app(Settings(_env_file=None, mlarena_data=case.here.data, log_level="ERROR"))
    with app.app_context():
        now = utcnow()
        db.session.get_one(User, case.users[TEACHER]).role = "instructor"
        db.session.get_one(User, case.users[ADMIN]).role = "admin"
        db.session.commit()
        for place, name in enumerate(case.names):
            user_id = case.users[name]
            amount = 45 + place * 17 % 60
            for ago in range(60, 0, -1):
                # Each has a rhythm of their own; the hero has not missed a day of the last week.
                if (ago * 7 + place * 3) % (3 + place % 5) and not (name == HERO and ago <= 6):
                    continue
                at = now - timedelta(days=ago, minutes=13 * place)
                db.session.commit()
                user = db.session.get_one(User, user_id)
                rewards.record_activity(user, at)
                if (ago + place) % 6 == 0:
                    rewards.reward_pass(
                        user, f"past:{ago}", amount, "An earlier season", (), False, at
                    )
                    boards.add("global", user_id, amount, at)
                db.session.commit()
        db.session.remove()
        db.engine.dispose()


def _models(task_type: str) -> list[Any]:
    from sklearn.cluster import KMeans
    from sklearn.dummy import DummyClassifier, DummyRegressor
    from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
    from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsRegressor
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    if task_type == "regression":
        return [
            LinearRegression(),
            DecisionTreeRegressor(max_depth=4, random_state=0),
            HistGradientBoostingRegressor(max_iter=60, random_state=0),
            KNeighborsRegressor(),
            DummyRegressor(),
            Ridge(300.0),
        ]
    if task_type == "classification":
        return [
            LogisticRegression(max_iter=500),
            GaussianNB(),
            RandomForestClassifier(40, random_state=0),
            DecisionTreeClassifier(max_depth=2, random_state=0),
            DummyClassifier(),
        ]
    return [
        KMeans(4, n_init=3, random_state=0),
        KMeans(3, n_init=3, random_state=0),
    ]


def _prepared(model: Any) -> Any:
    """`model` behind what every kind of column needs."""
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    words = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    columns = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (words, make_column_selector(dtype_exclude="number")),
    )
    return make_pipeline(columns, model)


def _play(case: Showcase) -> None:
    """Everybody hands models in, some better than others; most pass the first quest."""
    for step, slug in enumerate(STEPS):
        quest = case.here.quest(slug)
        target = quest["dataset"]["target"]
        download = case.here.download(case.tokens[HERO], quest["id"])
        models = _models(quest["task_type"])
        file = cache(partial(_file, models, download, target))
        for place, name in enumerate(case.names):
            if place % (step + 1) == 0 or name == HERO:
                submit(case, name, quest["id"], file((place + step) % len(models)))
                if name == HERO:
                    case.submissions[slug] = submit(case, name, quest["id"], file(0))


def _file(models: list[Any], download: bytes, target: str | None, number: int) -> bytes:
    return fitted(download, target, _prepared(models[number]))


def submit(case: Showcase, name: str, quest_id: int, content: bytes) -> int | None:
    """Hand it in and wait for the verdict; its id, None where the quest is locked for them."""
    status, answer = case.here.submit(case.tokens[name], quest_id, content)
    if status == 403:
        return None
    if status != 202:
        raise RuntimeError(f"submit: {status} {answer}")
    number: int = answer["data"]["id"]
    until = time.monotonic() + 60
    while answer["data"]["status"] in ("queued", "running"):
        if time.monotonic() > until:
            raise RuntimeError(f"submission {number} got no verdict")
        time.sleep(0.03)
        _, answer = case.here.call("GET", f"/submissions/{number}", case.tokens[name])
    return number


def _show_verdicts(case: Showcase) -> None:
    """The hero's less glorious moments: short of the bar, and a file that is not what was asked."""
    import joblib
    from sklearn.dummy import DummyRegressor
    from sklearn.naive_bayes import GaussianNB

    quest = case.here.quest("linear-regression-challenge")
    download = case.here.download(case.tokens[HERO], quest["id"])
    case.submissions["short-of-the-bar"] = submit(
        case, HERO, quest["id"], fitted(download, quest["dataset"]["target"], DummyRegressor())
    )
    file = io.BytesIO()
    joblib.dump(GaussianNB().fit([[0.0], [1.0]], [0, 1]), file)
    case.submissions["failed"] = submit(case, HERO, quest["id"], file.getvalue())
    case.submissions = {name: number for name, number in case.submissions.items() if number}
