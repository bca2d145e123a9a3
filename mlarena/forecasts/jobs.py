"""What the clock asks of this wing: thin tasks that call one verb, each alone in all processes."""

from __future__ import annotations

from mlarena.forecasts.once import alone

# How long each may take; the clock's table and the locks read it here.
LIVE_SECONDS = 120
SYNC_SECONDS = 600
HISTORY_SECONDS = 1800
SIMULATED_SECONDS = 300
DOCUMENTS_SECONDS = 1800
PREDICT_SECONDS = 600
RETRAIN_SECONDS = 1800


@alone("simulated", SIMULATED_SECONDS)
def keep_simulated() -> str:
    """The simulated league up to the minute, with a model that has learnt from it and what it says."""
    from mlarena.forecasts import sync

    return sync.keep_simulated_and_predict()


@alone("live", LIVE_SECONDS)
def live() -> str:
    """Scores of what is being played in the real leagues; nothing is asked where nothing is."""
    from mlarena.forecasts import live as scores

    return scores.sync_live()


@alone("sync", SYNC_SECONDS)
def sync() -> str:
    """Fixtures and results of the real leagues, where there is a key to ask with."""
    from mlarena.forecasts import sync as syncing

    return syncing.sync_all()


@alone("history", HISTORY_SECONDS)
def history() -> str:
    """Seasons of the past that are missing, and what there is to know of matches besides results."""
    from mlarena.forecasts import backfill, details

    return f"{backfill.sync_history()}; {details.sync_details()}"


@alone("documents", DOCUMENTS_SECONDS)
def documents() -> str:
    """What the feeds have that is new, and its vectors where meaning search is installed."""
    from mlarena.forecasts.documents import ingest, meaning

    return f"{ingest.sync_documents()}; {meaning.embed_missing()} vectors"


@alone("predict", PREDICT_SECONDS)
def predict() -> str:
    """What the house says of the coming matches."""
    from mlarena.forecasts import sync

    return sync.predict()


@alone("retrain", RETRAIN_SECONDS)
def retrain() -> str:
    """Every family's model anew; a worse one is kept out of use."""
    from mlarena.forecasts import sync

    return sync.retrain()


def settle() -> dict[str, int]:
    """Score the forecasts of what is over, pay who has earned something, tell the boards: a page that then
    reads itself again finds both. Two at a time do no harm: every match is claimed."""
    from mlarena.forecasts import game, prizes
    from mlarena.live import publish

    leagues = game.settle_due()
    try:
        paid = prizes.pay_due() if leagues else 0
    finally:
        for league_id in leagues:
            publish.board_changed(f"forecasts:{league_id}")
    # After a matchday thousands may have earned something: boards do not wait for the last of them.
    return {"boards": len(leagues), "paid": paid + (prizes.pay_all() if paid else 0)}
