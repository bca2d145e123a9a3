WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 16)
INSERT INTO stations SELECT i, 'Station ' || i, 1 + i % 4 FROM n;
INSERT INTO lines VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd');
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6)
INSERT INTO stops SELECT l.id, n.i, 1 + (l.id * 3 + n.i * l.id) % 16, CASE WHEN n.i < 6 THEN 2 + (n.i + l.id) % 5 END FROM n CROSS JOIN lines l WHERE l.id < 4;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25)
INSERT INTO riders SELECT i, 'Rider ' || i, CASE i % 3 WHEN 0 THEN 'month' WHEN 1 THEN NULL ELSE 'year' END FROM n;
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 599)
INSERT INTO taps SELECT i * 2 + 1, 1 + i * i % 23, 1 + i * 5 % 16, datetime('2024-03-01 05:00:00', '+' || (i * 73 + i % 7 * 11) || ' minutes'), 'in' FROM n
UNION ALL SELECT i * 2 + 2, 1 + i * i % 23, 1 + i * 11 % 16, datetime('2024-03-01 05:00:00', '+' || (i * 73 + i % 7 * 11 + 6 + i % 29) || ' minutes'), 'out' FROM n WHERE i % 31 <> 0;
