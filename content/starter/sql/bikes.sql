-- A city's rental bikes: where they stand, who rides them, and every trip.
CREATE TABLE station (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    district TEXT NOT NULL,
    docks INTEGER NOT NULL CHECK (docks > 0)
);
CREATE TABLE rider (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    member_since DATE NOT NULL
);
CREATE TABLE trip (
    id INTEGER PRIMARY KEY,
    rider_id INTEGER NOT NULL REFERENCES rider (id),
    from_id INTEGER NOT NULL REFERENCES station (id),
    to_id INTEGER REFERENCES station (id),  -- NULL while the bike is out
    started_at TIMESTAMP NOT NULL,
    minutes INTEGER
);
