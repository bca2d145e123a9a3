"""The jail: runs strangers' models and code, and gives back what they answered.

It imports neither Flask nor the database nor Redis. See docs/sandbox.md.
"""

from mlarena.sandbox.client import Refused, Sandbox
from mlarena.sandbox.limits import Limits
from mlarena.sandbox.outcome import Outcome, OutcomeError
from mlarena.sandbox.probing import Layers, probe
from mlarena.sandbox.table import Table

__all__ = ["Layers", "Limits", "Outcome", "OutcomeError", "Refused", "Sandbox", "Table", "probe"]
