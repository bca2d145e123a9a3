"""Predictions as a CSV file: read, joined to the answers by id, scored. Pure; a worker calls it.

`solution` is the organiser's side, `reading` the learner's; `faults` says what is wrong with a file.
"""
