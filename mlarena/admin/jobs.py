"""What the clock has the workers do for the console."""

from __future__ import annotations


def compare() -> int:
    from mlarena.admin.integrity import comparing

    return comparing.go_on()
