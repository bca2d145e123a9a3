"""What the queue runs for the quests: thin tasks that call one verb, imported when a job runs."""

from __future__ import annotations


def try_out(user_id: int, number: str) -> str:
    from mlarena.quests import trying

    return trying.run(user_id, number)
