CREATE TABLE people (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    team TEXT
);
CREATE TABLE datasets (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    row_count INTEGER NOT NULL
);
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    person_id INTEGER NOT NULL REFERENCES people (id),
    dataset_id INTEGER NOT NULL REFERENCES datasets (id),
    parent_id INTEGER REFERENCES runs (id),
    started TIMESTAMP NOT NULL,
    minutes INTEGER,
    status TEXT NOT NULL CHECK (status IN ('done', 'failed', 'running'))
);
CREATE TABLE scores (
    run_id INTEGER NOT NULL REFERENCES runs (id),
    metric TEXT NOT NULL,
    step INTEGER NOT NULL,
    value REAL NOT NULL,
    PRIMARY KEY (run_id, metric, step)
);
