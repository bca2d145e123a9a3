"""The pages of an account. They work without JavaScript."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required
from werkzeug.wrappers import Response as AnyResponse

from mlarena.accounts import identity, kept, limits, names, recovery, service, tokens
from mlarena.accounts.forms import (
    FarewellForm,
    ForgotForm,
    Form,
    LoginForm,
    PasswordForm,
    ProfileForm,
    RegisterForm,
    ResetForm,
    TokenForm,
)
from mlarena.core.db import db
from mlarena.core.errors import Problem

blueprint = Blueprint("accounts", __name__)
Page = str | tuple[str, int] | AnyResponse


@blueprint.after_request
def keep_out_of_caches(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.route("/register", methods=["GET", "POST"])
@limits.registering
def register() -> Page:
    if current_user.is_authenticated:
        return _onwards()
    form = RegisterForm()
    if form.validate_on_submit():
        try:
            user = service.register(
                **form.values("username", "email", "password", "full_name"),
                timezone=_known_zone(form.timezone.data),
            )
        except Problem as problem:
            return _again("accounts/register.html", form, problem)
        identity.sign_in(user)
        return _onwards()
    return _shown("accounts/register.html", form)


@blueprint.route("/login", methods=["GET", "POST"])
@limits.logging_in
def login() -> Page:
    if current_user.is_authenticated:
        return _onwards()
    form = LoginForm()
    if form.validate_on_submit():
        try:
            user = service.authenticate(form.username.data, form.password.data)
        except Problem as problem:
            return _again("accounts/login.html", form, problem)
        identity.sign_in(user, remember=form.remember.data)
        typed = kept.brought()
        return render_template("accounts/kept.html", kept=typed) if typed else _onwards()
    return _shown("accounts/login.html", form)


@blueprint.post("/logout")
def logout() -> Page:
    identity.sign_out()
    flash("You are logged out.")
    return _leave("accounts.login")


@blueprint.route("/password/forgot", methods=["GET", "POST"])
@limits.asking_for_reset
def forgot() -> Page:
    form = ForgotForm()
    if form.validate_on_submit():
        try:
            recovery.request_password_reset(form.email.data)
        except Problem as problem:
            return _again("accounts/forgot.html", form, problem)
        flash(
            "If that address has an account, a letter with a link is on its way. It holds an hour."
        )
        return redirect(url_for("accounts.login"))
    return _shown("accounts/forgot.html", form)


@blueprint.route("/password/reset/<token>", methods=["GET", "POST"])
@limits.resetting
def reset(token: str) -> Page:
    if recovery.holder(token) is None:
        flash(recovery.STALE, "warning")
        return redirect(url_for("accounts.forgot"))
    form = ResetForm()
    if form.validate_on_submit():
        try:
            recovery.reset_password(token, form.new_password.data)
        except Problem as problem:
            return _again("accounts/reset.html", form, problem)
        flash("Your password is changed. Log in with the new one.")
        return redirect(url_for("accounts.login"))
    return _shown("accounts/reset.html", form)


@blueprint.get("/settings")
@login_required
def settings() -> Page:
    return _settings()


@blueprint.post("/settings/profile")
@login_required
def save_profile() -> Page:
    form = ProfileForm()
    wanted = form.values("full_name", "timezone", "kaggle_username", *service.CHOICES)
    return _do(form, "Saved.", lambda: service.update_profile(current_user, **wanted))


@blueprint.post("/settings/password")
@login_required
@limits.giving_password
def change_password() -> Page:
    form = PasswordForm()

    def change() -> None:
        user = current_user._get_current_object()
        recovery.change_password(user, form.current_password.data, form.new_password.data)
        identity.sign_in(user)

    return _do(form, "Your password is changed, and you are logged out everywhere else.", change)


@blueprint.post("/settings/tokens")
@login_required
@limits.making_tokens
def make_token() -> Page:
    form = TokenForm()
    if form.validate():
        days = form.expires_in_days.data
        try:
            token, text = tokens.issue(
                current_user, form.name.data, timedelta(days=days) if days else None
            )
        except Problem as problem:
            _note(form, problem)
            return _settings(form), 422
        # Shown from here and not after a redirect: the text must not wait in a cookie.
        return render_template("accounts/token.html", token=token, text=text)
    return _settings(form), 422


@blueprint.post("/settings/tokens/<id:token_id>/revoke")
@login_required
def revoke_token(token_id: int) -> Page:
    tokens.revoke(current_user, token_id)
    flash("The token is revoked.")
    return redirect(url_for("accounts.settings"))


@blueprint.post("/settings/delete")
@login_required
@limits.giving_password
def delete_account() -> Page:
    form = FarewellForm()
    if form.validate():
        try:
            service.delete_account(current_user._get_current_object(), form.password.data)
        except Problem as problem:
            _note(form, problem)
            return _settings(form), problem.status
        identity.sign_out()
        flash("Your account is deleted. Farewell.")
        return _leave("accounts.register")
    return _settings(form), 422


def _do(form: Form, done: str, verb: Callable[[], object]) -> Page:
    """One form of the settings: check, call the verb, say so; or show the form with its errors."""
    if not form.validate():
        return _settings(form), 422
    try:
        verb()
    except Problem as problem:
        _note(form, problem)
        return _settings(form), problem.status
    flash(done)
    return redirect(url_for("accounts.settings"))


def _settings(bound: Form | None = None) -> str:
    """The settings page; `bound` is the form that was just sent, the others are fresh."""
    user = current_user
    fresh = [
        ProfileForm(formdata=None, obj=user),
        PasswordForm(formdata=None),
        TokenForm(formdata=None),
        FarewellForm(formdata=None),
    ]
    forms = {
        kind: bound if isinstance(bound, type(form)) else form
        for kind, form in zip(("profile", "password", "token", "farewell"), fresh, strict=True)
    }
    held = db.session.scalars(tokens.living(user)).all()
    return render_template("accounts/settings.html", forms=forms, tokens=held)


def _shown(template: str, form: Form) -> Page:
    page = _rendered(template, form)
    return (page, 422) if form.errors else page


def _again(template: str, form: Form, problem: Problem) -> Page:
    _note(form, problem)
    return _rendered(template, form), problem.status


def _rendered(template: str, form: Form) -> str:
    onwards = identity.own_next(request.args.get("next"))
    return render_template(template, form=form, next=onwards, kept=kept.brought())


def _note(form: Form, problem: Problem) -> None:
    db.session.rollback()
    form.show(problem)


def _leave(endpoint: str) -> Page:
    """Off to a public page; the next person at this machine finds nothing of the last one."""
    answer = redirect(url_for(endpoint))
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


def _onwards() -> Page:
    return redirect(identity.own_next(request.args.get("next")) or url_for("site.home"))


def _known_zone(guess: str | None) -> str:
    """The browser's guess at the time zone, if it is one: a wrong guess must not stop anybody."""
    return guess if guess in names.timezones() else "UTC"
