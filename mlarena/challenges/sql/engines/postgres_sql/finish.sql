-- What a template database ends with: building is over, and what a run goes through is added.
DROP FUNCTION mlarena.put_aside(int), mlarena.drop_case(), mlarena.reverse_rows(), mlarena.tables(),
    mlarena.rows_of(regclass);
DROP VIEW mlarena.own_spaces;
DROP SCHEMA public;

-- Bring back the schemas of case `wanted`, and put aside those of the case before. Under the rights of
-- the owner, whom nobody can become; a reading transaction, as every attempt's is, cannot do it.
CREATE FUNCTION mlarena.turn_to(wanted int) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    space record;
BEGIN
    FOR space IN SELECT * FROM mlarena.spaces WHERE out AND place <> wanted LOOP
        EXECUTE format('REVOKE USAGE ON SCHEMA %I FROM PUBLIC', space.real_name);
        EXECUTE format('ALTER SCHEMA %I RENAME TO %I', space.real_name, space.kept_name);
    END LOOP;
    FOR space IN SELECT * FROM mlarena.spaces WHERE NOT out AND place = wanted LOOP
        EXECUTE format('ALTER SCHEMA %I RENAME TO %I', space.kept_name, space.real_name);
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO PUBLIC', space.real_name);
    END LOOP;
    UPDATE mlarena.spaces SET out = (place = wanted);
END
$$;

-- A cursor takes one statement, and one that reads: anything else is refused by PostgreSQL itself.
CREATE FUNCTION mlarena.opened(query text) RETURNS refcursor LANGUAGE plpgsql AS $$
DECLARE
    attempt refcursor := 'attempt';
BEGIN
    OPEN attempt NO SCROLL FOR EXECUTE query;
    RETURN attempt;
END
$$;

-- Its rows as text, as far as they are wanted; NULL at the end when there are more.
CREATE FUNCTION mlarena.taken(most_rows bigint, most_bytes bigint) RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
    attempt refcursor := 'attempt';
    found_row record;
    written text;
    seen bigint := 0;
    size bigint := 0;
BEGIN
    LOOP
        FETCH attempt INTO found_row;
        EXIT WHEN NOT FOUND;
        seen := seen + 1;
        IF seen > most_rows THEN
            RETURN NEXT NULL;
            RETURN;
        END IF;
        written := found_row::text;
        size := size + octet_length(written);
        IF size > most_bytes THEN
            RAISE EXCEPTION USING ERRCODE = '54000', MESSAGE = 'mlarena: too big';
        END IF;
        RETURN NEXT written;
    END LOOP;
END
$$;

ANALYZE;
