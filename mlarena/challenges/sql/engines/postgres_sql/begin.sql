-- What a template database begins with: functions that put cases aside and bring them back.
ALTER SCHEMA public OWNER TO CURRENT_USER;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA mlarena;
GRANT USAGE ON SCHEMA mlarena TO PUBLIC;

-- Schemas of the cases: the name the scripts gave, the name while put aside.
CREATE TABLE mlarena.spaces (
    place int NOT NULL,
    real_name name NOT NULL,
    kept_name name NOT NULL,
    out boolean NOT NULL DEFAULT false
);

CREATE VIEW mlarena.own_spaces AS
SELECT oid, nspname FROM pg_namespace
WHERE nspname !~ '^(pg_|mlarena)' AND nspname <> 'information_schema';

-- Grant reading of what the scripts have made, to whoever may enter its schema, and put it aside as
-- case `place`.
CREATE FUNCTION mlarena.put_aside(place int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    space record;
    kept name;
BEGIN
    FOR space IN SELECT * FROM mlarena.own_spaces LOOP
        EXECUTE format('REVOKE ALL ON SCHEMA %I FROM PUBLIC', space.nspname);
        EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO PUBLIC', space.nspname);
        kept := format('mlarena_%s_%s', place, space.oid);
        EXECUTE format('ALTER SCHEMA %I RENAME TO %I', space.nspname, kept);
        INSERT INTO mlarena.spaces VALUES (place, space.nspname, kept);
    END LOOP;
    CREATE SCHEMA public;
END
$$;

-- A case that failed leaves nothing behind.
CREATE FUNCTION mlarena.drop_case() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    space name;
BEGIN
    FOR space IN SELECT nspname FROM mlarena.own_spaces LOOP
        EXECUTE format('DROP SCHEMA %I CASCADE', space);
    END LOOP;
    CREATE SCHEMA public;
END
$$;

-- Lay the rows of each table down in the opposite order: CLUSTER by a column that comes and goes.
CREATE FUNCTION mlarena.reverse_rows() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    target regclass;
BEGIN
    FOR target IN
        SELECT c.oid FROM pg_class c JOIN mlarena.own_spaces s ON s.oid = c.relnamespace
        WHERE c.relkind = 'r' AND NOT c.relispartition
    LOOP
        EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER, ADD COLUMN mlarena_at bigint', target);
        EXECUTE format(
            'UPDATE %1$s t SET mlarena_at = x.n '
            'FROM (SELECT ctid AS c, row_number() OVER (ORDER BY ctid DESC) AS n FROM %1$s) x '
            'WHERE t.ctid = x.c', target
        );
        EXECUTE format('CREATE INDEX mlarena_order ON %s (mlarena_at)', target);
        EXECUTE format('CLUSTER %s USING mlarena_order', target);
        EXECUTE format('ALTER TABLE %s DROP COLUMN mlarena_at, ENABLE TRIGGER USER', target);
    END LOOP;
END
$$;

CREATE FUNCTION mlarena.rows_of(target regclass) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    found bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM %s', target) INTO found;
    RETURN found;
END
$$;

-- The tables and views of the case being built: columns, keys, number of rows.
CREATE FUNCTION mlarena.tables() RETURNS json LANGUAGE sql AS $$
SELECT json_agg(
    json_build_object(
        'name', CASE WHEN s.nspname = 'public' THEN c.relname ELSE s.nspname || '.' || c.relname END,
        'path', json_build_array(s.nspname, c.relname),
        'kind', CASE WHEN c.relkind IN ('v', 'm') THEN 'view' ELSE 'table' END,
        'rows', mlarena.rows_of(c.oid),
        'columns', (
            SELECT coalesce(json_agg(
                json_build_object(
                    'name', a.attname,
                    'type', format_type(a.atttypid, a.atttypmod),
                    'nullable', NOT a.attnotnull,
                    'key', coalesce(a.attnum = ANY (k.conkey), false)
                ) ORDER BY a.attnum
            ), '[]')
            FROM pg_attribute a
            LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p'
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        ),
        'links', (
            SELECT coalesce(json_agg(
                json_build_object(
                    'columns', (
                        SELECT json_agg(a.attname ORDER BY u.place)
                        FROM unnest(f.conkey) WITH ORDINALITY AS u (number, place)
                        JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = u.number
                    ),
                    'table', CASE WHEN ts.nspname = 'public' THEN t.relname
                        ELSE ts.nspname || '.' || t.relname END,
                    'references', (
                        SELECT json_agg(a.attname ORDER BY u.place)
                        FROM unnest(f.confkey) WITH ORDINALITY AS u (number, place)
                        JOIN pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = u.number
                    )
                ) ORDER BY f.conname
            ), '[]')
            FROM pg_constraint f
            JOIN pg_class t ON t.oid = f.confrelid
            JOIN pg_namespace ts ON ts.oid = t.relnamespace
            WHERE f.conrelid = c.oid AND f.contype = 'f'
        )
    ) ORDER BY s.nspname, c.oid
)
FROM pg_class c
JOIN mlarena.own_spaces s ON s.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition
$$;
