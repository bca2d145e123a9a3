"""The ground floor: configuration, database, storage, errors, clock. It knows no other room."""
