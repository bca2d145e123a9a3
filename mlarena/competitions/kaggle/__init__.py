"""Competitions that are held at Kaggle and mirrored here: their boards, their ends, who is who.

`client.py` is the one place that knows Kaggle's own client, and only a worker or a command comes there.
"""
