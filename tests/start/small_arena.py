"""A supervisor over the processes named on the command line, for test_supervisor.py.

python small_arena.py first=COMMAND … : `first` is started first and stopped last, like Redis.
patience=SECONDS among them: how long it waits for a process that was asked to end.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from mlarena.core import supervisor
from mlarena.core.processes import Child
from mlarena.core.supervisor import GaveUp, Supervisor


def main() -> None:
    commands = dict(word.split("=", 1) for word in sys.argv[1:])
    if patience := commands.pop("patience", None):
        supervisor.STOPPING_SECONDS = float(patience)
    children = [
        Child(name, shlex.split(command), Path.cwd(), dict(os.environ))
        for name, command in commands.items()
    ]
    whole = Supervisor(last=[child for child in children if child.name == "first"])
    try:
        whole.launch(*children)
        whole.run(until=lambda: True)
        whole.say("ready")
        whole.run()
    except GaveUp as reason:
        whole.say(str(reason))
        sys.exit(1)
    finally:
        whole.stop()


if __name__ == "__main__":
    main()
