INSERT INTO people VALUES (1, 'Ada', 'vision'), (2, 'Kay', 'vision'), (3, 'Lin', 'language'), (4, 'Moe', NULL);
INSERT INTO datasets VALUES (1, 'digits', 1797), (2, 'reviews', 50000);
INSERT INTO runs VALUES
    (1, 1, 1, NULL, '2024-03-04 09:00:00', 12, 'done'),
    (2, 1, 1, 1, '2024-03-04 10:30:00', 15, 'done'),
    (3, 2, 1, 1, '2024-03-05 08:15:00', 40, 'failed'),
    (4, 3, 2, NULL, '2024-03-05 11:00:00', 95, 'done'),
    (5, 3, 2, 4, '2024-03-06 09:45:00', 80, 'done'),
    (6, 1, 1, 2, '2024-03-06 16:20:00', 18, 'done'),
    (7, 2, 1, NULL, '2024-03-07 09:10:00', NULL, 'running'),
    (8, 3, 1, 5, '2024-03-07 13:00:00', 30, 'failed');
INSERT INTO scores VALUES
    (1, 'accuracy', 1, 0.71), (1, 'accuracy', 2, 0.83), (1, 'accuracy', 3, 0.86), (1, 'loss', 3, 0.44),
    (2, 'accuracy', 1, 0.80), (2, 'accuracy', 2, 0.91), (2, 'loss', 2, 0.30),
    (4, 'accuracy', 1, 0.62), (4, 'accuracy', 2, 0.60), (4, 'accuracy', 3, 0.74), (4, 'loss', 3, 0.58),
    (5, 'accuracy', 1, 0.77), (5, 'accuracy', 2, 0.79),
    (6, 'accuracy', 1, 0.90), (6, 'accuracy', 2, 0.91), (6, 'accuracy', 3, 0.89), (6, 'loss', 3, 0.35);
