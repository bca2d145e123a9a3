"""What rooms above may listen to. Sent after the commit, where nothing else is said: a listener refreshes
what is derived."""

from blinker import Signal

# user_id: int – a verdict has moved their XP
xp_changed = Signal()
# submission: Submission – taken in, by the transaction that is still under way
accepted = Signal()
# submission: Submission – somebody's, and it has its verdict
settled = Signal()
# task: Task – the clock has published it
opened = Signal()

# Events have got their places in the order, and the stream has them.
events_published = Signal()
