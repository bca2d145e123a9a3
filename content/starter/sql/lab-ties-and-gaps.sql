INSERT INTO people VALUES (10, 'Ben', 'speech'), (11, 'Ben', 'vision'), (12, 'Cleo', NULL), (13, 'Dag', 'speech'), (14, 'Eve', 'vision');
INSERT INTO datasets VALUES (5, 'tones', 900), (6, 'faces', 12000), (7, 'unused', 10);
INSERT INTO runs VALUES
    (20, 10, 5, NULL, '2024-05-01 10:00:00', 10, 'done'),
    (21, 11, 6, NULL, '2024-05-01 10:00:00', 10, 'done'),
    (22, 11, 6, 21, '2024-05-01 10:00:01', 20, 'done'),
    (23, 13, 5, 20, '2024-04-30 23:59:59', 30, 'failed'),
    (24, 13, 5, 23, '2024-05-02 00:00:00', NULL, 'running'),
    (25, 10, 6, 22, '2024-05-02 07:00:00', 10, 'done'),
    (26, 10, 5, 25, '2024-05-03 07:00:00', 50, 'done'),
    (27, 14, 6, NULL, '2024-05-03 07:00:00', 5, 'failed'),
    (28, 14, 6, NULL, '2024-05-04 07:00:00', 7, 'failed');
INSERT INTO scores VALUES
    (20, 'accuracy', 1, 0.5), (20, 'accuracy', 2, 0.5), (20, 'accuracy', 5, 0.7),
    (21, 'accuracy', 1, 0.9), (22, 'accuracy', 1, 0.9), (22, 'loss', 1, 0.2),
    (25, 'accuracy', 1, 0.4), (25, 'accuracy', 2, 0.9),
    (26, 'loss', 1, 1.5), (26, 'loss', 2, 1.2),
    (26, 'accuracy', 1, 0.7), (26, 'accuracy', 3, 0.65);
