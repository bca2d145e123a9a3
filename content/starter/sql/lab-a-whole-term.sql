WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 18)
INSERT INTO people SELECT i, 'Person ' || i, CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN 'vision' WHEN 2 THEN 'language' WHEN 3 THEN 'speech' ELSE 'tabular' END FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6)
INSERT INTO datasets SELECT i, 'set-' || i, i * i * 731 FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 240)
INSERT INTO runs SELECT i, 1 + i * i % 17, 1 + i * 3 % 5,
    CASE WHEN i > 9 AND i % 4 <> 0 THEN i - 1 - i * 5 % 9 END,
    datetime('2024-01-08 08:00:00', '+' || (i * 613 + i * i % 59) || ' minutes'),
    CASE WHEN i % 19 = 0 THEN NULL ELSE 5 + i * 37 % 90 END,
    CASE WHEN i % 19 = 0 THEN 'running' WHEN i % 7 = 0 THEN 'failed' ELSE 'done' END FROM n;
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1499)
INSERT OR IGNORE INTO scores SELECT 1 + i * 11 % 240, CASE WHEN i % 3 = 0 THEN 'loss' ELSE 'accuracy' END, 1 + i / 240,
    (i * 7919 % 1000) / 1000.0 FROM n WHERE (1 + i * 11 % 240) % 7 <> 0;
