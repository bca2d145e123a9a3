"""Who a Telegram account is: a code works once, for minutes, and links one to one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mlarena.accounts import service as accounts
from mlarena.bot import linking
from mlarena.core import clock
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.core.errors import Conflict, Invalid
from tests.bot.conftest import ADA, BEN
from tests.conftest import PASSWORD

API = "/api/v1/users/me/telegram"


def test_a_code_works_once_and_for_minutes(bot_app: Any, make_user: Any) -> None:
    ada, ben = make_user("ada"), make_user("ben")
    first, code = linking.make_code(ada), linking.make_code(ada)
    for stale in (first.text, "x", "", "Ä\ud800" * 9):
        with pytest.raises(Invalid, match="works once"):
            linking.redeem(ADA, stale)
    assert linking.redeem(ADA, code.text).id == ada.id
    with pytest.raises(Invalid):
        linking.redeem(BEN, code.text)
    late = linking.make_code(ben)
    with clock.freeze(utcnow() + timedelta(minutes=11)), pytest.raises(Invalid):
        linking.redeem(BEN, late.text)


def test_one_telegram_account_is_one_user(bot_app: Any, make_user: Any) -> None:
    ada, ben = make_user("ada"), make_user("ben")
    linking.redeem(ADA, linking.make_code(ada).text)
    code = linking.make_code(ben)
    with pytest.raises(Conflict, match="linked to another account"):
        linking.redeem(ADA, code.text)
    with pytest.raises(Conflict, match="linked to a Telegram account already"):
        linking.make_code(ada)
    # the refusal has not used the code up
    assert linking.redeem(BEN, code.text).id == ben.id
    assert [linking.holder(one).username for one in (ADA, BEN)] == ["ada", "ben"]
    linking.unlink(ada)
    assert linking.holder(ADA) is None


def test_a_new_password_ends_the_link(bot_app: Any, make_user: Any) -> None:
    ada, ben = make_user("ada"), make_user("ben")
    linking.redeem(ADA, linking.make_code(ada).text)
    accounts.change_password(ada, PASSWORD, "another good horse")
    db.session.refresh(ada)
    assert linking.holder(ADA) is None and linking.link_of(ada) is None
    # the dead link stands in nobody's way
    assert linking.redeem(ADA, linking.make_code(ben).text).id == ben.id
    assert linking.redeem(BEN, linking.make_code(ada).text).id == ada.id


def test_scripts_link_too(bot_app: Any, client: Any, user: Any, bearer: Any) -> None:
    headers = bearer(user)
    assert client.get(API, headers=headers).json["data"]["linked"] is False
    made = client.post(API, headers=headers)
    assert made.status_code == 201
    linking.redeem(ADA, made.json["data"]["code"])
    assert client.get(API, headers=headers).json["data"]["linked"] is True
    assert client.post(API, headers=headers).status_code == 409
    assert client.delete(API, headers=headers).json["data"]["linked"] is False


def test_an_arena_without_a_bot_says_so(
    app: Any, client: Any, user: Any, bearer: Any, signed_in: Any
) -> None:
    assert client.get(API, headers=bearer(user)).json["data"]["available"] is False
    assert client.post(API, headers=bearer(user)).status_code == 409
    assert "has no Telegram bot" in signed_in(user).get("/settings/telegram").text
    assert "/settings/telegram" not in signed_in(user).get("/settings").text
