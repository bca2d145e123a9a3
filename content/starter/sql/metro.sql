CREATE TABLE stations (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    zone INTEGER NOT NULL
);
CREATE TABLE lines (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
CREATE TABLE stops (
    line_id INTEGER NOT NULL REFERENCES lines (id),
    position INTEGER NOT NULL,
    station_id INTEGER NOT NULL REFERENCES stations (id),
    minutes_to_next INTEGER,
    PRIMARY KEY (line_id, position)
);
CREATE TABLE riders (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    pass TEXT
);
CREATE TABLE taps (
    id INTEGER PRIMARY KEY,
    rider_id INTEGER NOT NULL REFERENCES riders (id),
    station_id INTEGER NOT NULL REFERENCES stations (id),
    at TIMESTAMP NOT NULL,
    direction TEXT NOT NULL CHECK (direction IN ('in', 'out'))
);
