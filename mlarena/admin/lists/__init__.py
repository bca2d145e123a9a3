"""A list of everything that exists, each with the same filter, sort, search, order and bulk actions."""
