-- Takes all products that any shop sells, or that have a target in one, as one slice, and with them every mark that is
-- there.
-- Reads and empties dirty_product; reads shopify_shop_product, inventory_level, product; writes refresh_product.
WITH drained AS (
    DELETE FROM dirty_product
)

INSERT INTO refresh_product (slice, product_id, is_kit)
SELECT
    0,
    product.product_id,
    product.is_kit
FROM product
WHERE EXISTS (
    SELECT
    FROM shopify_shop_product AS mapped
    WHERE mapped.product_id = product.product_id
)
OR EXISTS (
    SELECT
    FROM inventory_level AS level
    WHERE level.product_id = product.product_id AND level.target IS NOT NULL
)
