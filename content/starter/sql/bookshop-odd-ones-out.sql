INSERT INTO authors VALUES
    (10, 'Ana Prado', 'Spain', 1970),
    (11, 'Ana Prado', 'Chile', 1982),
    (12, 'Bo Lind', NULL, NULL),
    (13, 'Cato Vries', NULL, 1949),
    (14, 'Dina Roth', 'Spain', 1955),
    (15, 'Emil Zola', 'France', NULL);
INSERT INTO books VALUES
    (20, 'Echo', 10, 'novel', 10.00, 2000),
    (21, 'Echo', 11, 'novel', 10.00, 2000),
    (22, 'Delta', 10, 'poetry', 8.00, 1990),
    (23, 'Delta Blues', 12, 'music', 8.00, 2020),
    (24, 'Zenith', 12, 'novel', 25.00, 2022),
    (25, 'Aurora', 13, 'poetry', 8.00, 1975),
    (26, 'Borealis', 13, 'poetry', 14.00, 1976);
INSERT INTO customers VALUES
    (30, 'Sam', NULL, '2020-12-31'),
    (31, 'Sam', 'Oslo', '2021-01-01'),
    (32, 'Tess', 'Oslo', '2021-01-01'),
    (33, 'Uma', NULL, '2024-02-29'),
    (34, 'Vik', 'Turin', '2019-07-07');
INSERT INTO orders VALUES
    (40, 30, '2021-01-01'),
    (41, 31, '2021-01-01'),
    (42, 31, '2021-12-31'),
    (43, 34, '2022-01-01'),
    (44, 34, '2022-01-01'),
    (45, 32, '2024-02-29');
INSERT INTO order_lines VALUES
    (40, 20, 2), (40, 22, 1), (41, 21, 2), (41, 25, 1), (42, 24, 1), (43, 24, 1), (43, 20, 1), (44, 20, 3);
