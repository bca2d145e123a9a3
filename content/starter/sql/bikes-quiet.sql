-- Nobody starts at Campus, two districts have one station each, and two trips are still out.
INSERT INTO station VALUES
    (1, 'Harbour', 'Old Town', 20),
    (2, 'Campus', 'North', 30),
    (3, 'Stadium', 'North', 12),
    (4, 'Hilltop', 'Heights', 8),
    (5, 'Quarry', 'Outskirts', 6);
INSERT INTO rider VALUES (1, 'Ada', '2024-03-01'), (2, 'Bo', '2024-05-17');
INSERT INTO trip VALUES
    (1, 1, 1, 2, '2025-06-02 08:05', 18),
    (2, 2, 3, 2, '2025-06-02 09:40', 8),
    (3, 1, 4, NULL, '2025-06-03 09:12', NULL),
    (4, 2, 1, NULL, '2025-06-03 12:30', NULL),
    (5, 2, 1, 1, '2025-06-04 12:30', 30);
