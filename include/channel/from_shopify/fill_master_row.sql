-- The levels of locations where Shopify is master, by facility and product.
-- Reads exported_level, shopify_shop_product; writes master_row.
INSERT INTO master_row (facility_id, product_id, inventory_item_id, location_id, available, committed)
SELECT
    mapped.facility_id,
    shop_product.product_id,
    level.inventory_item_id,
    level.location_id,
    level.available,
    level.committed
FROM exported_level AS level
INNER JOIN unnest(%(locations)s::text[], %(facilities)s::text[]) AS mapped (location_id, facility_id)
    ON level.location_id = mapped.location_id
INNER JOIN shopify_shop_product AS shop_product
    ON shop_product.shop_id = %(shop_id)s AND level.inventory_item_id = shop_product.inventory_item_id
