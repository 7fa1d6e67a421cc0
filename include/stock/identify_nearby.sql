-- The names that stand next to one in the order of each kind of identification, written as it is, large or small.
-- Reads product, good_identification by their keys.
WITH RECURSIVE kind AS (
    SELECT min(good_identification_type_id) AS id FROM good_identification
    UNION ALL
    SELECT (SELECT min(next_one.good_identification_type_id)
        FROM good_identification AS next_one
        WHERE next_one.good_identification_type_id > kind.id)
    FROM kind
    WHERE kind.id IS NOT NULL
),

spelling AS (
    SELECT unnest(ARRAY[%(identification)s, upper(%(identification)s), lower(%(identification)s)]) AS written
)

SELECT nearby.id_value
FROM kind
CROSS JOIN spelling
CROSS JOIN LATERAL (
    (
        SELECT behind.id_value
        FROM good_identification AS behind
        WHERE behind.good_identification_type_id = kind.id AND behind.id_value >= spelling.written
        ORDER BY behind.id_value
        LIMIT 10
    )
    UNION ALL
    (
        SELECT before.id_value
        FROM good_identification AS before
        WHERE before.good_identification_type_id = kind.id AND before.id_value < spelling.written
        ORDER BY before.id_value DESC
        LIMIT 10
    )
) AS nearby
WHERE kind.id IS NOT NULL
UNION
(SELECT product_id FROM product WHERE product_id >= %(identification)s ORDER BY product_id LIMIT 10)
UNION
(SELECT product_id FROM product WHERE product_id < %(identification)s ORDER BY product_id DESC LIMIT 10)
