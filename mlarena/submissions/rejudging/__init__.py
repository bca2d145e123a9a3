"""Judging again what was judged: asked for, judged behind live work, compared, applied or dropped."""
