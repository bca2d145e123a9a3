"""Long names on narrow screens: cut between their words, and never a way in for markup."""

from __future__ import annotations

import pytest
from markupsafe import Markup

from mlarena.core.templates import breakable


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("HistGradientBoostingClassifier", "Hist<wbr>Gradient<wbr>Boosting<wbr>Classifier"),
        ("n_estimators = 10", "n_<wbr>estimators = 10"),
        ("LinearSVC", "LinearSVC"),
        ("PCA, 0.95", "PCA, 0.95"),
        ("<bOld>aName", "&lt;b<wbr>Old&gt;a<wbr>Name"),
        (12.5, "12.5"),
        (Markup("<b>aName</b>"), "<b>aName</b>"),
    ],
)
def test_it_may_be_cut_between_words_alone(name: object, shown: str) -> None:
    assert str(breakable(name)) == shown
