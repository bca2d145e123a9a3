"""Who is who: a Kaggle name counts once an instructor or a code at Kaggle says that it is theirs."""

from __future__ import annotations

import pytest

from mlarena.accounts import service as accounts
from mlarena.boards import service as boards
from mlarena.competitions.kaggle import links, sync
from mlarena.competitions.models import Member
from mlarena.core.db import db
from mlarena.core.errors import Conflict, NotFound
from tests.kaggle.stub import Team, teams


def give(user, name):
    accounts.update_profile(user, kaggle_username=name)
    return links.link_of(user.id)


def own_row(competition_id, user):
    db.session.expire_all()
    return boards.page(f"competition:{competition_id}", 1, 10, user).me


def test_a_name_alone_links_nobody(stub, mirror, make_user):
    ada = make_user("ada")
    assert give(ada, "User1").verified_at is None
    stub.rows = teams(3)
    sync.sync(mirror)
    assert own_row(mirror, ada) is None


def test_an_instructors_word_links_at_once(stub, mirror, make_user, told):
    ada, ben = make_user("ada"), make_user("ben", role="instructor")
    stub.rows = teams(3)
    sync.sync(mirror)
    told()
    with pytest.raises(NotFound, match="not given a Kaggle name"):
        links.verify(ada.id, ben)
    give(ada, "User1")
    assert links.verify(ada.id, ben).verified_by == ben.id
    assert own_row(mirror, ada).rank == 2 and told()
    # Of two that say so it is one.
    cyd = make_user("cyd")
    give(cyd, "USER1")
    with pytest.raises(Conflict, match="another user's"):
        links.verify(cyd.id, ben)
    links.undo(ada.id)
    assert own_row(mirror, ada) is None
    links.verify(cyd.id, ben)
    assert own_row(mirror, cyd).rank == 2


def test_a_code_in_the_display_name_links(stub, mirror, make_user):
    ada, ben = make_user("ada"), make_user("ben")
    codes = [give(user, name).code for user, name in ((ada, "User1"), (ben, "user2"))]
    stub.rows = teams(3)
    stub.rows[1].name = f"Ada {codes[0].upper()}"
    # In a team of several the name may be anybody's idea.
    stub.rows[2].name, stub.rows[2].members = codes[1], "user2,eve"
    # And nobody's code says anything about another's name.
    stub.rows[0].name = codes[1]
    sync.sync(mirror)
    assert own_row(mirror, ada).rank == 2 and own_row(mirror, ben) is None
    assert links.link_of(ada.id).verified_by is None
    stub.rows[1].name = "Ada"
    sync.sync(mirror)
    assert own_row(mirror, ada).username == "Ada", "the code may go, the link stays"


def test_another_name_is_another_claim(stub, mirror, make_user):
    ada = make_user("ada")
    first = give(ada, "user1").code
    links.verify(ada.id, ada)
    stub.rows = teams(3)
    sync.sync(mirror)
    link = give(ada, "user2")
    assert (link.verified_at, link.username) == (None, "user2") and link.code != first
    assert own_row(mirror, ada) is None
    give(ada, "")
    assert links.link_of(ada.id) is None


def test_teammates_share_a_row_and_who_leaves_takes_nothing_along(stub, mirror, make_user, board):
    ada, ben = make_user("ada"), make_user("ben")
    for user, name in ((ada, "user0"), (ben, "other")):
        give(user, name)
        links.verify(user.id, ada)
    stub.rows = [Team(1, "Both", 0.1, "user0,other"), Team(2, "Alone", 0.2, "x")]
    sync.sync(mirror)
    assert own_row(mirror, ada).members == ((ada.id, "ada"), (ben.id, "ben"))
    accounts.delete_account(ada, "correct horse battery")
    assert board(mirror) == [(1, "Both", 0.1), (2, "Alone", 0.2)]
    assert db.session.query(Member).count() == 1
