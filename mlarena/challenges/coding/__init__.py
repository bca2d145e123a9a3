"""Coding challenges: a Python function, judged on JSON cases in the jail."""
