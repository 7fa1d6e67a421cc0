-- Which rows may be in the file: no order has touched the level since before it was read, and what Shopify has
-- committed is what the imported orders say. Answers rows in the file, and rows left out.
-- Reads shopify_order_item, shopify_order_movement; writes master_row.
WITH settled AS (
    UPDATE master_row
    SET is_settled = TRUE
    WHERE
        NOT EXISTS (
            SELECT
            FROM shopify_order_movement AS movement
            WHERE
                movement.shop_id = %(shop_id)s
                AND movement.inventory_item_id = master_row.inventory_item_id
                AND movement.location_id = master_row.location_id
                AND movement.shopify_order_movement_id > %(last_movement)s
        )
        AND master_row.committed = (
            SELECT coalesce(sum(item.taken - item.fulfilled), 0)
            FROM shopify_order_item AS item
            WHERE
                item.shop_id = %(shop_id)s
                AND item.inventory_item_id = master_row.inventory_item_id
                AND item.location_id = master_row.location_id
                AND item.taken <> item.fulfilled
        )
    RETURNING master_row.product_id
)

SELECT
    (SELECT count(*)::integer FROM settled) AS settled,
    (SELECT count(*)::integer FROM master_row) - (SELECT count(*)::integer FROM settled) AS left_out
