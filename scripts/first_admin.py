"""Ask for a password, then `flask users create USERNAME EMAIL --role admin --password-stdin`."""

from __future__ import annotations

import getpass
import subprocess
import sys


def main() -> int:
    _program, username, email = sys.argv
    if not username or not email:
        print("Say who: make admin USERNAME=ada EMAIL=ada@example.org")
        return 2
    password = getpass.getpass(f"Password for {username}: ")
    if password != getpass.getpass("Once more: "):
        print("The two passwords differ; nothing was made.")
        return 1
    command = ["users", "create", username, email, "--role", "admin", "--password-stdin"]
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", *command],
        input=password,
        text=True,
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
