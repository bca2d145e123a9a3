"""A country club to write exercises about: members, facilities and bookings, in every dialect.

The data is made up by a generator with a seed, so that a case has as many and as awkward rows as
wanted: guests (memid 0), members nobody recommended, facilities nobody booked, names that occur
twice, equal costs, bookings at midnight.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from mlarena.challenges.sql import SqlCase, SqlSpec
from mlarena.challenges.sql.spec import Engine

INIT = """
CREATE TABLE members (
    memid INTEGER PRIMARY KEY,
    surname VARCHAR(200) NOT NULL,
    firstname VARCHAR(200) NOT NULL,
    zipcode INTEGER NOT NULL,
    telephone VARCHAR(20) NOT NULL,
    recommendedby INTEGER REFERENCES members (memid),
    joindate TIMESTAMP NOT NULL
);
CREATE TABLE facilities (
    facid INTEGER PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    membercost NUMERIC NOT NULL,
    guestcost NUMERIC NOT NULL,
    initialoutlay NUMERIC NOT NULL,
    monthlymaintenance NUMERIC NOT NULL
);
CREATE TABLE bookings (
    bookid INTEGER PRIMARY KEY,
    facid INTEGER NOT NULL REFERENCES facilities (facid),
    memid INTEGER NOT NULL REFERENCES members (memid),
    starttime TIMESTAMP NOT NULL,
    slots INTEGER NOT NULL
);
"""

SURNAMES = "Abara Brandt Castro Dhillon Eriksen Farouk Grant Hoshi Ibsen Joubert Kaya".split()  # noqa: SIM905
FIRST = "Ada Bruno Chidi Dana Emil Farah Gita Hugo Ines Jonas Kim Lena".split()  # noqa: SIM905
FACILITIES = [
    ("Tennis Court 1", "5", "25", 10000, 200),
    ("Tennis Court 2", "5", "25", 8000, 200),
    ("Badminton Court", "0", "15.5", 4000, 50),
    ("Table Tennis", "0", "5", 320, 10),
    ("Massage Room 1", "35", "80", 4000, 3000),
    ("Massage Room 2", "35", "80", 4000, 3000),
    ("Squash Court", "3.5", "17.5", 5000, 80),
    ("Snooker Table", "0", "5", 450, 15),
    ("Climbing Wall", "9.9", "20", 12000, 400),
]


def rows(seed: int, members: int, bookings: int) -> dict[str, list[tuple[object, ...]]]:
    """The rows of each table."""
    chance = random.Random(seed)
    start = datetime(2012, 7, 1, 8)
    people: list[tuple[object, ...]] = [
        (0, "GUEST", "GUEST", 0, "(000) 000-0000", None, datetime(2012, 7, 1))
    ]
    for number in range(1, members):
        known = chance.choice([None, *range(1, number)]) if number > 3 else None
        joined = start + timedelta(days=2 * number, minutes=chance.randrange(600))
        phone = (
            f"{chance.choice(['(844)', '844', '(822)'])} {chance.randrange(100, 999)}-{number:04}"
        )
        people.append(
            (
                *(number, chance.choice(SURNAMES), chance.choice(FIRST)),
                *(chance.randrange(100, 99999), phone, known, joined),
            )
        )
    facilities: list[tuple[object, ...]] = [
        (number, name, member, guest, outlay, upkeep)
        for number, (name, member, guest, outlay, upkeep) in enumerate(FACILITIES)
    ]
    booked: list[tuple[object, ...]] = []
    for number in range(bookings):
        day = timedelta(days=chance.randrange(92), minutes=30 * chance.randrange(24))
        if number % 60 == 7:
            day = timedelta(days=75, hours=16)  # midnight of 15 September
        who = chance.choice([0, 0, *range(1, members - 2)])
        where = chance.choice([0, 0, 0, 1, 2, 3, 4, 4, 5, 6, 7])  # the climbing wall stays empty
        if number % 30 == 8:
            day, where = timedelta(days=76, hours=2), 3  # table tennis on that day
        booked.append((number, where, who, start + day, chance.choice([1, 1, 2, 2, 3, 4])))
    return {"members": people, "facilities": facilities, "bookings": booked}


def data(seed: int, members: int, bookings: int) -> str:
    """The rows as INSERT statements that every engine takes."""
    statements = []
    for table, some in rows(seed, members, bookings).items():
        for start in range(0, len(some), 500):
            values = ",\n".join(
                "(" + ", ".join(map(_literal, row)) + ")" for row in some[start : start + 500]
            )
            statements.append(f"INSERT INTO {table} VALUES\n{values};")
    return "\n".join(statements)


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, datetime):
        return f"'{value:%Y-%m-%d %H:%M:%S}'"
    if isinstance(value, str) and not value.replace(".", "").isdigit():
        return f"'{value}'"
    return str(value)


CASES = (
    SqlCase(1, data(1, 24, 150), is_visible=True),
    SqlCase(2, data(2, 31, 260), is_visible=False),
    SqlCase(3, data(3, 12, 40), is_visible=False),
)


def spec(engine: Engine, solution: str, **changes: object) -> SqlSpec:
    """A challenge about the club."""
    # DuckDB checks a foreign key row by row: rows of one INSERT may not refer to each other.
    init = INIT.replace(" REFERENCES members (memid),\n    joindate", ",\n    joindate")
    given = {"cases": CASES, "init": init if engine == "duckdb" else INIT, "type": "FE", **changes}
    return SqlSpec(engine=engine, solution=solution, **given)  # type: ignore[arg-type]
