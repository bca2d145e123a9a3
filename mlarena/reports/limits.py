"""How often one may report: each is somebody's time to read."""

from __future__ import annotations

from mlarena.core.security import limiter
from mlarena.reports.service import LIMIT

# The page and its twin in the API count together.
limit_reports = limiter.shared_limit(LIMIT, scope="reports", methods=["POST"])
