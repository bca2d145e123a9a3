"""A set to measure search by: news of invented people at invented clubs, and questions in other words.

A *story* is one thing that happened to one person (injury, transfer, ban …), told by three papers, each in a
wording of its own, with sentences around it that have nothing to do with it and name others. A story is asked
for by the person's name, and by the club's; what happened is put in words of the one who asks (`asked`), none
of which stands in any telling of it: a test holds that. A question by a person is answered by the three texts
of the story, one by a club by those of all its people to whom the same happened. Every second story is also
asked for as somebody does who has read it: by the club and two words of one text that they remember, and that
text answers (L. Azzopardi and others, Building simulated queries for known-item topics, 2007). All that
follows from how the set is made, so nobody's judgement is in it.

What does not answer is near: the same person's other stories, the same thing happening elsewhere, and texts
that only mention the name. Everything is drawn from one seed. The texts are formulas and English: the set
says whether names and meaning are brought together, and little about how anybody's own news will be found.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from mlarena.forecasts.documents.search import STOP_WORDS

SEED = "documents"
CLUBS = 24
PEOPLE = 3  # of each club
STORIES = 7  # of each of them
PAPERS = 3
LONG = 4  # letters of a word that somebody remembers


@dataclass(frozen=True)
class Kind:
    """One thing that happens: how papers tell it, and how it is asked for. `{who}` is a surname."""

    told: tuple[str, ...]
    asked: tuple[str, ...]


KINDS = (
    Kind(
        (
            "{who} tore a hamstring in training and will be out for six weeks.",
            "Scans confirmed the worst: {who} is sidelined until the new year.",
            "A damaged knee ligament keeps {who} in the treatment room.",
            "{who} limped off after twenty minutes and went straight to hospital.",
        ),
        ("injury {name}", "is somebody hurt: {name}", "fitness problem of {name}"),
    ),
    Kind(
        (
            "{who} put pen to paper on a new deal until 2031.",
            "The future is settled: {who} has agreed an extension of three years.",
            "{who} commits for the long term and turns down richer wages abroad.",
            "No summer farewell: {who} has signed again.",
        ),
        ("contract renewal {name}", "{name} stays at the club", "prolonged stay of {name}"),
    ),
    Kind(
        (
            "{who} completes a move overseas for a fee of forty million.",
            "The medical is done and {who} is on the plane to a new employer.",
            "Supporters said goodbye to {who}, whose sale balances the books.",
            "{who} has been sold; the buyers pay in three instalments.",
        ),
        ("transfer {name}", "{name} leaving", "who was let go by {name}, departure"),
    ),
    Kind(
        (
            "{who} was sent off for a reckless tackle and misses three games.",
            "The tribunal rejected the appeal: {who} has to watch from the stands.",
            "A second yellow ended the evening of {who} before half-time.",
            "For elbowing an opponent {who} was given four matches by the panel.",
        ),
        ("suspension {name}", "{name} banned", "punishment of {name} after red card"),
    ),
    Kind(
        (
            "{who} struck three times before the interval and took the ball home.",
            "All three came from {who}, the last of them with an overhead kick.",
            "A treble by {who} turned the afternoon upside down.",
            "Left foot, right foot, header: {who} netted in every way there is.",
        ),
        ("hat-trick {name}", "{name} goals", "{name} scorer in great shape"),
    ),
    Kind(
        (
            "{who} saw his shot from twelve yards saved with the last touch of the night.",
            "From eleven metres {who} hit the crossbar, and two points were gone.",
            "{who} stepped up in the shoot-out and blazed it over.",
            "The keeper guessed right and {who} sank to his knees.",
        ),
        ("missed penalty {name}", "{name} fails with a spot-kick", "{name} wasted chance"),
    ),
    Kind(
        (
            "{who} received his first call from the country of his parents.",
            "The selectors have picked {who} for the qualifiers in March.",
            "{who} will wear the shirt with the lion for the first time.",
            "After years of waiting {who} is in the squad for the World Cup.",
        ),
        ("international debut {name}", "{name} cap", "{name} nominated to represent his nation"),
    ),
    Kind(
        (
            "{who} and the coach shouted at each other in front of everybody.",
            "{who} refused to warm up and was told to train alone.",
            "Harsh words fell in the dressing room; {who} left before the others.",
            "{who} has been fined two weeks' wages for what he said about his trainer.",
        ),
        ("row between {name} and manager", "{name} quarrel", "dispute over discipline, {name}"),
    ),
    Kind(
        (
            "{who} handed out meals to pensioners all through the cold spell.",
            "A school for blind children opened with money from {who}.",
            "{who} pays for the treatment of a young supporter.",
            "Half of his bonus goes to refugees, {who} let it be known.",
        ),
        ("charity {name}", "{name} donates", "good deed by {name} for the poor"),
    ),
    Kind(
        (
            "At thirty-six {who} is hanging up his boots.",
            "{who} will play one last season and then study to become a doctor.",
            "The body says no: {who} calls it a day.",
            "With tears in his eyes {who} announced that summer will be the end.",
        ),
        ("retirement {name}", "{name} quits football", "career over for {name}"),
    ),
    Kind(
        (
            "Police stopped {who} at two in the morning with alcohol in his blood.",
            "{who} has to appear before a judge for unpaid taxes.",
            "The prosecutor is looking into a brawl in which {who} was involved.",
            "Officers searched the villa of {who} at dawn.",
        ),
        ("{name} in trouble with the law", "arrest {name}", "court case {name} crime"),
    ),
    Kind(
        (
            "Team-mates voted and {who} takes the armband.",
            "{who} will lead the side out from now on.",
            "The new skipper is {who}, and nobody was surprised.",
            "Responsibility for {who}: he speaks for the dressing room from today.",
        ),
        ("captain {name}", "{name} captaincy", "{name} promoted to chief of the players"),
    ),
)  # fmt: skip

# Nothing to do with the story; each names somebody else.
AROUND = (
    "{club} visit {other} on Saturday, kick-off is at three.",
    "Elsewhere {other} drew, and {stranger} was named man of the match.",
    "{stranger} of {other} was among the guests.",
    "The league table is led by {other}, five points clear.",
    "Rain fell all day, and {other} had asked for a later start in vain.",
    "Tickets for the cup tie against {other} go on sale on Monday.",
    "{other} had been linked with {stranger} in the spring.",
    "The last meeting with {other} ended without a winner.",
)
_PLACES = (
    "Alderby", "Brackwell", "Carnmoor", "Dunsford", "Eskridge", "Farnley", "Glenholt", "Harwick",
    "Ilmouth", "Jarrowby", "Kelsham", "Lindale", "Marfield", "Northgate", "Otterbourne", "Penwick",
    "Quarrington", "Ravensea", "Stanmoor", "Thornaby", "Ulverley", "Vexham", "Wetherton", "Yarrowdale",
)  # fmt: skip
_SUFFIXES = ("United", "City", "Rovers", "Town", "Athletic", "Wanderers")
_NAMES = (
    "Abara Anselmi Arnesen Bakker Balogun Benitah Bertoni Bielak Brankovic Calloway Carvalho Castellan "
    "Dagbert Demirel Diarra Dorfmann Dragomir Eriksen Esposti Fagerholm Fontaine Gallardo Gerhold "
    "Gudjons Haddad Halvorsen Hidalgo Hrubes Ibarra Iwaniec Jankovic Joaquim Kaldor Karimov Keita "
    "Kjellberg Koroma Kowalik Lacroix Lindqvist Lombardi Machado Marchetti Mbaye Moravec Nakagawa "
    "Navarro Nkemelu Nordmann Obradovic Odhiambo Okonjo Olmedo Palsson Petrescu Quintana Radev Rasmus "
    "Ribeiro Rossetti Saliba Sandoval Schober Sorensen Szabados Takeda Tavares Thorsen Ugarte Valdano "
    "Vercauteren Wolanski"
)
_SURNAMES = _NAMES.split()


@dataclass(frozen=True)
class Story:
    club: str
    who: str
    kind: int


@dataclass(frozen=True)
class Question:
    """`by` is "person" or "club" for a question in other words, by whose name is in it, or "memory"."""

    text: str
    by: str
    answers: frozenset[int]


def clubs() -> list[str]:
    return [f"{place} {_SUFFIXES[at % len(_SUFFIXES)]}" for at, place in enumerate(_PLACES[:CLUBS])]


def stories() -> list[Story]:
    chance = _chance("stories")
    names = chance.sample(_SURNAMES, CLUBS * PEOPLE)
    found = []
    for at, club in enumerate(clubs()):
        for who in names[at * PEOPLE : (at + 1) * PEOPLE]:
            kinds = chance.sample(range(len(KINDS)), STORIES)
            found += [Story(club, who, kind) for kind in kinds]
    return found


def texts() -> Iterator[str]:
    """Every text; PAPERS of them a story, in the order of `stories`."""
    chance, told = _chance("texts"), stories()
    for story in told:
        for lead in chance.sample(KINDS[story.kind].told, PAPERS):
            other = chance.choice([one for one in told if one.club != story.club])
            around = [
                one.format(club=story.club, other=other.club, stranger=other.who)
                for one in chance.sample(AROUND, 2)
            ]
            named = f"{story.club}: " if chance.random() < 0.5 else ""
            whose = "" if named else f" He has been with {story.club} for years."
            yield f"{named}{lead.format(who=story.who)}{whose} {' '.join(around)}"


def questions() -> Iterator[Question]:
    chance, told = _chance("questions"), stories()
    by_club: dict[tuple[str, int], set[int]] = defaultdict(set)
    for at, story in enumerate(told):
        by_club[story.club, story.kind].update(range(at * PAPERS, (at + 1) * PAPERS))
    for at, story in enumerate(told):
        asked = chance.choice(KINDS[story.kind].asked)
        own = frozenset(range(at * PAPERS, (at + 1) * PAPERS))
        yield Question(asked.format(name=story.who), "person", own)
    for (club, kind), answers in by_club.items():
        asked = chance.choice(KINDS[kind].asked)
        yield Question(asked.format(name=club), "club", frozenset(answers))
    every = list(texts())
    for at, story in list(enumerate(told))[::2]:
        one = at * PAPERS + chance.randrange(PAPERS)
        lead = every[one].removeprefix(f"{story.club}: ").split(".")[0]
        of_it = {word for word in re.findall(r"\w+", lead) if len(word) >= LONG}
        words = sorted(word for word in of_it if word.casefold() not in STOP_WORDS)
        remembered = chance.sample([word for word in words if word != story.who], 2)
        yield Question(f"{story.club} {' '.join(remembered)}", "memory", frozenset({one}))


def _chance(part: str) -> random.Random:
    # A set, and it must come out the same again.
    return random.Random(f"{SEED}:{part}")  # noqa: S311
