"""The house model: matches in, three probabilities out. Pure: neither Flask nor the database.

matches.py    a table of matches as arrays, read and checked
elo.py  strengths.py  record.py     what is known of teams, day by day
features.py   one pass over the days: every match as it looked before its kick-off
outcomes.py  goals.py               two models on the same features
model.py      their blend: fit, predict, what moved a forecast, to JSON and back
walk.py       what it is worth: seasons forecast from what came before them
"""
