"""The queues that evaluations wait in."""

from __future__ import annotations

EVALUATIONS = "evaluations"
# Each may take a minute: a queue of their own, so that a verdict on an upload never waits for one.
TRAININGS = "trainings"
# The house's own baselines, behind everything that somebody waits for.
HOUSE = "house"
# Questions that a page waits for: a run of code or a query, and the checks of what somebody saves.
RUNS = "runs"
CHECKS = "checks"
# What waits for somebody else's servers, in a thread where nothing else waits.
OUTSIDE = "outside"
# Other people's servers, told of events: some of them hang.
WEBHOOKS = "webhooks"
EVERY = (EVALUATIONS, TRAININGS, HOUSE)
