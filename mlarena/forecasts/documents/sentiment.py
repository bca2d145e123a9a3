"""Whether a text is good or bad news for those it is about: a list of words of football, and what turns them.

It knows no irony, and not who of two teams is meant. What it is worth is measured (weighing.py), not
believed.
"""

from __future__ import annotations

from mlarena.forecasts.documents.cleaning import fold, words

_GOOD = """
ahead back best boost boosted bounce brilliant calm clean comfortable commanding confident
confidence convincing delight delighted dominant dominate dominated excellent fit fresh happy
healthy hero historic impressive improve improved inspired momentum optimistic outstanding perfect
positive promising rampant ready recovered return returned returns revival rested settled sharp
strong stronger stunning superb terrific thrashed thrilled triumph unbeaten victorious victory win
winning wins won
"""
GOOD = frozenset(_GOOD.split())
_BAD = """
absence absent anger angry awful bad banned beaten blow bottom chaos collapse collapsed concern
concerns crisis criticised defeat defeated defeats despair disappointing disaster dismal doubt
doubtful doubts drought embarrassing exhausted fear fears fined fractured frustrated frustration
humiliated hurt injured injuries injury lose loses losing loss losses lost miserable miss misses
missing pain poor pressure relegation ruled sacked setback shaky sidelined slump strain struggle
struggling surgery suspended suspension terrible tired torn trouble unhappy unrest weak weakened
winless worry worries worst
"""
BAD = frozenset(_BAD.split())
# Turns what follows within so many words.
_NOT = "no not never without hardly barely nor cannot isnt wasnt dont didnt wont"
NOT = frozenset(_NOT.split())
REACH = 3
# So many neutral words more keep one word from being a whole opinion.
DOUBT = 2.0


def of(text: str) -> float | None:
    """From -1 (all bad) to 1 (all good); None where no word of the list is in it."""
    good = bad = 0
    turned = 0
    for word in words(fold(text)):
        if word in NOT:
            turned = REACH
            continue
        if word in GOOD or word in BAD:
            if (word in GOOD) == (turned == 0):
                good += 1
            else:
                bad += 1
        turned = max(0, turned - 1)
    if not good and not bad:
        return None
    return (good - bad) / (good + bad + DOUBT)
