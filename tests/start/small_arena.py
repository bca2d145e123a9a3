"""A supervisor over the processes named on the command line, for test_supervisor.py.

python small_arena.py first=COMMAND … : `first` is started first and stopped last, like Redis.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from mlarena.core.processes import Child
from mlarena.core.supervisor import GaveUp, Supervisor


def main() -> None:
    children = [
        Child(name, shlex.split(command), Path.cwd(), dict(os.environ))
        for name, _, command in (word.partition("=") for word in sys.argv[1:])
    ]
    supervisor = Supervisor(last=[child for child in children if child.name == "first"])
    try:
        supervisor.launch(*children)
        supervisor.run(until=lambda: True)
        supervisor.say("ready")
        supervisor.run()
    except GaveUp as reason:
        supervisor.say(str(reason))
        sys.exit(1)
    finally:
        supervisor.stop()


if __name__ == "__main__":
    main()
