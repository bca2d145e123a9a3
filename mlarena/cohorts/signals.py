"""What rooms above may listen to."""

from blinker import Signal

# cohort_id: int, user_id: int | None (everybody) – something that grades are computed from has changed.
# Sent in the transaction that changes it, after the change: what a listener writes stands or falls with it.
grades_changing = Signal()
