"""The jail: runs strangers' models and code, and gives back what they answered.

It imports neither Flask nor the database nor Redis. See docs/sandbox.md.
"""

from mlarena.sandbox.client import Refused, Sandbox
from mlarena.sandbox.conversation import Conversation, Ended
from mlarena.sandbox.fitting import Fold
from mlarena.sandbox.following import Follower, Stop
from mlarena.sandbox.limits import Limits
from mlarena.sandbox.outcome import Outcome, OutcomeError
from mlarena.sandbox.probing import Layers, probe
from mlarena.sandbox.table import Table

__all__ = [
    "Conversation",
    "Ended",
    "Fold",
    "Follower",
    "Layers",
    "Limits",
    "Outcome",
    "OutcomeError",
    "Refused",
    "Sandbox",
    "Stop",
    "Table",
    "probe",
]
