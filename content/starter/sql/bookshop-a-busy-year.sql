WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 14)
INSERT INTO authors SELECT i, 'Author ' || i,
    CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN 'Kenya' WHEN 2 THEN 'Peru' WHEN 3 THEN 'India' ELSE 'Wales' END,
    1940 + i * 37 % 55 FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 45)
INSERT INTO books SELECT i, 'Book ' || (i * 29 % 46), 1 + i * 5 % 11,
    CASE i * 7 % 6 WHEN 0 THEN 'novel' WHEN 1 THEN 'crime' WHEN 2 THEN 'travel' WHEN 3 THEN 'science' WHEN 4 THEN 'poetry' ELSE 'novel' END,
    6 + i * 13 % 40 * 0.75, 1980 + i * 17 % 44 FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30)
INSERT INTO customers SELECT i, 'Customer ' || i,
    CASE i % 4 WHEN 0 THEN 'Riga' WHEN 1 THEN 'Lyon' WHEN 2 THEN NULL ELSE 'Brno' END,
    date('2021-01-01', '+' || (i * 53 % 700) || ' days') FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120)
INSERT INTO orders SELECT i, 1 + i * i % 27, date('2023-01-01', '+' || (i * 31 % 365) || ' days') FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
INSERT OR IGNORE INTO order_lines SELECT 1 + i * 7 % 118, 1 + i * i % 41, 1 + i % 4 FROM n;
