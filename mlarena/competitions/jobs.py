"""What the queue runs for this wing: thin tasks that take ids and call one verb."""

from __future__ import annotations

from typing import Any


def finish() -> dict[str, int]:
    """Openings and ends that have come, or come soon; prizes and ratings that are asked for."""
    from mlarena.competitions import finish as ends
    from mlarena.competitions import notices, prizes, rating

    return {
        "told": notices.tell_due(),
        "finished": ends.finish_due(),
        "prizes": prizes.catch_up(),
        "rated": rating.catch_up(),
    }


def note_ranks() -> int:
    from mlarena.competitions import tracks

    return tracks.note_ranks()


def rescore() -> int:
    """After a correction of answers. It may take long, and stands behind all that somebody waits for."""
    from mlarena.competitions import rescore as rescoring

    return rescoring.rescore_stale()


def check_answers(competition_id: int, answers: str, sample: str | None) -> dict[str, Any]:
    from mlarena.competitions import answers as room

    return room.check(competition_id, answers, sample)
