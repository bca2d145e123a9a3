"""The queues that evaluations wait in."""

from __future__ import annotations

EVALUATIONS = "evaluations"
# Each may take a minute: a queue of their own, so that a verdict on an upload never waits for one.
TRAININGS = "trainings"
EVERY = (EVALUATIONS, TRAININGS)
