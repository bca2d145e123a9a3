"""The XP ledger, learning levels, streaks and badges."""
