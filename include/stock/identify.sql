-- Products that something may be the name of; the lower the rank, the more likely.
-- Reads product, good_identification by type and value, shopify_shop_product.
WITH RECURSIVE kind AS (
    SELECT min(good_identification_type_id) AS id FROM good_identification
    UNION ALL
    SELECT (SELECT min(next_one.good_identification_type_id)
        FROM good_identification AS next_one
        WHERE next_one.good_identification_type_id > kind.id)
    FROM kind
    WHERE kind.id IS NOT NULL
)

SELECT
    1 AS rank,
    'SKU' AS kind,
    product_id
FROM good_identification
WHERE good_identification_type_id = 'SKU' AND id_value = %(identification)s
UNION ALL
SELECT
    2,
    'product id',
    product_id
FROM product
WHERE product_id = %(identification)s
UNION ALL
SELECT
    3,
    identification.good_identification_type_id,
    identification.product_id
FROM kind
INNER JOIN good_identification AS identification ON kind.id = identification.good_identification_type_id
WHERE identification.id_value = %(identification)s
UNION ALL
SELECT
    3,
    'inventory item of shop ' || shop_id,
    product_id
FROM shopify_shop_product
WHERE
    shop_id = %(shop_id)s
    AND inventory_item_id IN (%(identification)s, 'gid://shopify/InventoryItem/' || %(identification)s)
ORDER BY rank, product_id
