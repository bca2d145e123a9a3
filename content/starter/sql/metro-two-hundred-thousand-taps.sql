WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
INSERT INTO stations SELECT i, 'Station ' || i, 1 + i % 6 FROM n;
INSERT INTO lines VALUES (1, 'a'), (2, 'b');
INSERT INTO stops SELECT 1 + id % 2, id, id, 3 FROM stations;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
INSERT INTO riders SELECT i, 'Rider ' || i, CASE i % 3 WHEN 0 THEN 'month' WHEN 1 THEN NULL ELSE 'year' END FROM n;
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 199999)
INSERT INTO taps SELECT i + 1, 1 + (i / 2 * 7919) % 2000, 1 + (i * 104729) % 200,
    datetime('2024-01-01 04:00:00', '+' || (i / 2 * 1 + i % 2 * 17) || ' minutes'), CASE i % 2 WHEN 0 THEN 'in' ELSE 'out' END FROM n;
