"""What rooms above may listen to. Sent inside the transaction: a listener may write and never commits."""

from blinker import Signal

# user_id: int, badge: Badge – the sender is the class `Badge`
badge_given = Signal()
# the same: what it was given for turned out not to be so
badge_taken = Signal()
# user_id: int, before: int, after: int – their XP; the sender is the class `LearnerTotals`
xp_rose = Signal()
