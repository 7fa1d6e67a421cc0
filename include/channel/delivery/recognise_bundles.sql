-- Items that Shopify has refused because it computes their number itself are the parents of bundles: they have no
-- target in this shop any more, at whatever location. The reason stays with the level that was refused.
-- Reads inventory_level by its quarantined rows; writes shopify_shop_product, whose triggers mark the products, and
-- inventory_level.
WITH refused AS (
    SELECT DISTINCT inventory_item_id
    FROM inventory_level
    WHERE shop_id = %(shop_id)s AND starts_with(quarantine_reason, %(code)s)
),

bundle AS (
    UPDATE shopify_shop_product AS mapped SET is_bundle = TRUE
    FROM refused
    WHERE
        mapped.shop_id = %(shop_id)s
        AND mapped.inventory_item_id = refused.inventory_item_id
        AND NOT mapped.is_bundle
    RETURNING mapped.product_id, mapped.inventory_item_id
),

freed AS (
    UPDATE inventory_level AS level SET target = NULL
    FROM bundle
    WHERE level.shop_id = %(shop_id)s AND level.inventory_item_id = bundle.inventory_item_id
)

SELECT product_id FROM bundle ORDER BY product_id
