-- 120,000 trips between 60 stations: what the ranking is measured on.
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
INSERT INTO station SELECT i, 'Station ' || i, 'District ' || (i % 9), 8 + i % 25 FROM n;
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
INSERT INTO rider SELECT i, 'Rider ' || i, '2024-01-01' FROM n;
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120000)
INSERT INTO trip
SELECT i, 1 + (i * 7919) % 2000, 1 + (i * 31) % 58, CASE WHEN i % 97 = 0 THEN NULL ELSE 1 + (i * 17) % 60 END,
       '2025-01-01 08:00', CASE WHEN i % 97 = 0 THEN NULL ELSE 3 + (i * 13) % 55 END
FROM n;
