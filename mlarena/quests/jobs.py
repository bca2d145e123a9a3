"""What the queue runs for the quests: thin tasks that call one verb, imported when a job runs."""

from __future__ import annotations

from typing import Any


def try_out(user_id: int, number: str) -> str:
    from mlarena.quests import trying

    return trying.run(user_id, number)


def make_data(
    name: str,
    about: dict[str, Any],
    wanted: dict[str, Any],
    kept: str | None,
    dry: bool = False,
) -> dict[str, Any]:
    from mlarena.quests.desk import making

    return making.make(name, about, wanted, kept, dry)


def rehearse(quest_id: int, values: dict[str, Any]) -> dict[str, Any]:
    from mlarena.quests.desk import checking

    return checking.run(quest_id, values)
