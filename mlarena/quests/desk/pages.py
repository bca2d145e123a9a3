"""Where instructors write quests: the list, new data, the form, and what may become of a quest."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_login import current_user
from sqlalchemy import func, select

from mlarena.accounts.clashes import Clash, differences
from mlarena.accounts.models import User
from mlarena.accounts.permissions import role_required
from mlarena.core.api import page_meta
from mlarena.core.db import db
from mlarena.core.errors import Conflict, Invalid, Problem
from mlarena.core.security import limiter
from mlarena.core.uploads import takes_code, takes_file
from mlarena.quests.desk import checking, writing
from mlarena.quests.desk.forms import DataForm, NewQuestForm, QuestForm
from mlarena.quests.models import Quest
from mlarena.submissions.models import Submission

blueprint = Blueprint("quest_desk", __name__, url_prefix="/teach/quests")

PER_PAGE = 50
STATES = ("draft", "published", "archived")
SMALLER_DATA = "Fewer rows teach the same: a sample of some ten thousand is plenty."
DONE = {
    "save": "Saved.",
    "publish": "Published: everybody finds it from now on.",
    "withdraw": "It is a draft again, and nobody finds it.",
}


@blueprint.get("")
@role_required("instructor")
def index() -> str:
    """Every quest, drafts and archived ones too."""
    state = request.args.get("state") if request.args.get("state") in STATES else None
    search = request.args.get("q", "")[:100].replace("\0", "").strip()
    number = max(1, min(request.args.get("page", 1, type=int), 10_000))
    where = [Quest.title.icontains(search, autoescape=True)] if search else []
    counted = db.session.execute(
        select(Quest.status, func.count()).where(*where).group_by(Quest.status)
    )
    counts = dict.fromkeys(STATES, 0) | {row[0]: row[1] for row in counted}
    wanted = [*where, Quest.status == state] if state else where
    attempts = (
        select(func.count())
        .where(Submission.task_id == Quest.id, Submission.user_id.is_not(None))
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(Quest, attempts, User.username)
        .outerjoin(User, User.id == Quest.created_by)
        .where(*wanted)
        .order_by(Quest.created_at.desc(), Quest.id.desc())
        .offset((number - 1) * PER_PAGE)
        .limit(PER_PAGE)
    ).all()
    total = counts[state] if state else sum(counts.values())
    return render_template(
        "quests/desk/index.html",
        rows=rows,
        counts=counts,
        state_wanted=state,
        search=search,
        meta=page_meta(number, PER_PAGE, total),
    )


@blueprint.route("/new", methods=["GET", "POST"])
@takes_file(SMALLER_DATA, most=writing.largest_csv)
@role_required("instructor")
@limiter.limit(writing.MAKE_LIMIT, methods=["POST"])
def new() -> Any:
    """New data, cut at once; then the draft on it."""
    if request.method == "GET":
        return render_template("quests/desk/new.html", form=NewQuestForm(formdata=None))
    form = NewQuestForm()
    try:
        if not form.validate_on_submit():
            return render_template("quests/desk/new.html", form=form), 422
        quest = writing.create(
            current_user, (form.title.data or "").strip(), form.about(), form.wanted(), form.file()
        )
    except Problem as problem:
        db.session.rollback()
        form.show(problem)
        return render_template("quests/desk/new.html", form=form), problem.status
    flash("The data is cut, and the draft is there. Write the rest, check it, publish it.")
    return _to(quest)


@blueprint.route("/<id:quest_id>", methods=["GET", "POST"])
@takes_code
@role_required("instructor")
@limiter.limit(writing.SAVE_LIMIT, methods=["POST"])
def edit(quest_id: int) -> Any:
    quest = writing.find(quest_id)
    if request.method == "GET":
        form = QuestForm(formdata=None).prepared_for(quest).show_of(quest, current_user.timezone)
        return _page(quest, form)
    form, do = QuestForm().prepared_for(quest), request.form.get("do", "save")
    try:
        if not form.validate():
            return _page(quest, form), 422
        values = form.values(zone=current_user.timezone, known=quest)
        if do == "check":
            found = writing.check(quest, values)
            if found["errors"]:
                form.show(Invalid("It could not be published like this.", found["errors"]))
            return _page(quest, form, found=found)
        # `over` is the state that somebody has been shown and wants to write over.
        read = request.form.get("over") or form.read.data or ""
        saved = writing.save(current_user, quest, values, form.words(), do, read)
    except Problem as problem:
        db.session.rollback()
        stale = isinstance(problem, Conflict)
        if not stale:
            form.show(problem)
        return _page(writing.find(quest_id), form, stale=stale), problem.status
    waits = do == "publish" and saved.scheduled
    flash(
        "It will be published at the time that you gave." if waits else DONE.get(do, DONE["save"])
    )
    return _to(saved)


@blueprint.post("/<id:quest_id>/data")
@takes_file(SMALLER_DATA, most=writing.largest_csv)
@role_required("instructor")
@limiter.limit(writing.MAKE_LIMIT)
def replace_data(quest_id: int) -> Any:
    quest, form = writing.find(quest_id), DataForm()
    try:
        if not form.validate_on_submit():
            return _page(quest, data_form=form), 422
        writing.replace_data(current_user, quest, form.about(), form.wanted(), form.file())
    except Problem as problem:
        db.session.rollback()
        form.show(problem)
        return _page(writing.find(quest_id), data_form=form), problem.status
    flash("The new data is cut. The starter code is written for its columns.")
    return _to(quest)


@blueprint.post("/<id:quest_id>/hidden.csv")
@role_required("instructor")
def hidden(quest_id: int) -> Response:
    """The hidden rows, once."""
    quest = writing.find(quest_id)
    content = writing.show_hidden(current_user, quest)
    answer = Response(content, mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{quest.slug}-hidden.csv"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.post("/<id:quest_id>/<any(duplicate, archive, delete):quest_step>")
@role_required("instructor")
def take_step(quest_id: int, quest_step: str) -> Any:
    quest = writing.find(quest_id)
    title = quest.title
    if quest_step == "duplicate":
        flash("This is the copy, a draft.")
        return _to(writing.duplicate(current_user, quest))
    if quest_step == "archive":
        writing.archive(current_user, quest)
        flash(f"“{title}” is archived. What has been handed in is still judged.")
    elif writing.remove(current_user, quest) == "archived":
        flash(f"“{title}” is archived, not deleted: learners have handed something in.", "warning")
    else:
        flash(f"“{title}” is deleted.")
    return redirect(url_for("quest_desk.index"), 303)


def _page(
    quest: Quest,
    form: QuestForm | None = None,
    data_form: DataForm | None = None,
    found: dict[str, Any] | None = None,
    stale: bool = False,
) -> str:
    if stale:
        db.session.refresh(quest)
    form = form or QuestForm(formdata=None).prepared_for(quest).show_of(
        quest, current_user.timezone
    )
    cut = quest.dataset.cut or {}
    if data_form is None:
        usual = {name: cut.get(name) for name in ("task_type", "target", "percent", "seed")}
        data_form = DataForm(formdata=None, data=usual if cut else None)
    return render_template(
        "quests/desk/edit.html",
        quest=quest,
        form=form,
        data_form=data_form,
        found=found or _known(quest),
        cut=cut,
        used=writing.is_used(quest),
        may_see_hidden=quest.created_by == current_user.id or current_user.is_at_least("admin"),
        clash=_clash(quest, form) if stale else None,
    )


def _clash(quest: Quest, typed: QuestForm) -> Clash:
    saved = QuestForm(formdata=None).prepared_for(quest).show_of(quest, current_user.timezone)
    return Clash(writing.stamp(quest), differences(saved, typed))


def _known(quest: Quest) -> dict[str, Any] | None:
    """What the last check found, as long as it was of what the quest asks now."""
    known = quest.checked
    return known if known and known["stamp"] == checking.stamp(checking.judged_of(quest)) else None


def _to(quest: Quest) -> Any:
    return redirect(url_for("quest_desk.edit", quest_id=quest.id), 303)
