"""Figures as commands: each prints what it ran, the versions, the figure and what it is compared with."""
