"""All cases of a challenge while it is checked, in the two groups that attempts see them in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mlarena.challenges.sql.engines.ran import Built, Engine, Images, Lap, Ran
from mlarena.challenges.sql.spec import SqlCase


def groups_of(cases: Sequence[SqlCase]) -> list[list[int]]:
    """The numbers of the visible cases, and those of the hidden ones."""
    groups = [
        [number for number, case in enumerate(cases) if case.is_visible == visible]
        for visible in (True, False)
    ]
    return [group for group in groups if group]


class Grouped:
    """The images of all cases, those that an attempt sees together in one group."""

    def __init__(self, cases: Sequence[SqlCase], built: list[Built]) -> None:
        self._groups = [
            (numbers, Images([built[number].image for number in numbers], reused=True))
            for numbers in groups_of(cases)
        ]

    def run(
        self,
        engine: Engine,
        query: str,
        milliseconds: float,
        take: Callable[[int, Ran], bool],
        wanted: Sequence[int] | None = None,
    ) -> None:
        """As Engine.run, with the numbers of the cases in the challenge."""
        for numbers, images in self._groups:
            places = [
                place for place, number in enumerate(numbers) if wanted is None or number in wanted
            ]
            going = True

            def told(place: int, ran: Ran, numbers: list[int] = numbers) -> bool:
                nonlocal going
                going = take(numbers[place], ran)
                return going

            if places:
                engine.run(query, images, places, milliseconds, told)
            if not going:
                return

    def race(self, engine: Engine, query: str, number: int, milliseconds: float) -> Sequence[Lap]:
        """The laps of one query on one case; none where it fails."""
        for numbers, images in self._groups:
            if number in numbers:
                place = numbers.index(number)
                return engine.race(query, images, place, milliseconds) or []
        return []

    def release(self, engine: Engine) -> None:
        for _, images in self._groups:
            engine.release(images)
