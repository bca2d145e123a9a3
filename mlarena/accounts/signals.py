"""What rooms above may listen to. Imports run downwards, so accounts cannot call them.

The first two are sent inside the transaction: a listener may write and never commits; what it raises
undoes the whole. The others are sent after the commit: a listener refreshes what is derived.
The sender is always the class `User`.
"""

from blinker import Signal

# user: User, fields: set[str] – the names of the columns that changed
user_changing = Signal()
# user: User – its rows are still there
user_deleting = Signal()

# user_id: int, fields: set[str]
user_changed = Signal()
# user_id: int
user_deleted = Signal()
# user_id: int – a session, token or password of theirs stopped working
login_ended = Signal()
