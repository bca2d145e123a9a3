INSERT INTO authors VALUES
    (1, 'Ines Marlow', 'Portugal', 1961),
    (2, 'Tomas Okafor', 'Nigeria', 1974),
    (3, 'Sigrid Halvorsen', 'Norway', 1958),
    (4, 'Mei Tanaka', 'Japan', 1983),
    (5, 'Ruben Adler', NULL, 1990);
INSERT INTO books VALUES
    (1, 'The Salt Road', 1, 'novel', 14.50, 1999),
    (2, 'Letters from Evora', 1, 'novel', 12.00, 2004),
    (3, 'Harmattan', 2, 'novel', 16.00, 2011),
    (4, 'A Field Guide to Lagos', 2, 'travel', 22.50, 2015),
    (5, 'Fjord', 3, 'crime', 11.00, 1994),
    (6, 'The Ninth Winter', 3, 'crime', 13.50, 2001),
    (7, 'Counting Rooms', 4, 'science', 27.00, 2018),
    (8, 'Small Numbers', 4, 'science', 19.00, 2021);
INSERT INTO customers VALUES
    (1, 'Olga', 'Riga', '2022-01-10'),
    (2, 'Pavel', 'Brno', '2022-03-02'),
    (3, 'Quentin', 'Lyon', '2022-06-21'),
    (4, 'Rosa', 'Riga', '2023-02-14');
INSERT INTO orders VALUES
    (1, 1, '2023-01-05'),
    (2, 1, '2023-02-11'),
    (3, 2, '2023-02-11'),
    (4, 3, '2023-04-30'),
    (5, 2, '2023-05-01');
INSERT INTO order_lines VALUES
    (1, 1, 1), (1, 5, 2), (2, 7, 1), (3, 3, 1), (3, 4, 1), (4, 6, 3), (4, 1, 1), (5, 8, 2), (5, 3, 1);
