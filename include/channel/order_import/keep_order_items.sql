-- The imported state follows, and each change of it is kept. No snapshot that was applied before has counted what is
-- heard to have left only now.
-- Reads order_movement, inventory_snapshot; writes shopify_order_item, shopify_order_movement.
WITH kept AS (
    INSERT INTO shopify_order_movement (
        shop_id, order_id, inventory_item_id, location_id, taken_diff, fulfilled_diff, returned_diff
    )
    SELECT
        %(shop_id)s,
        order_id,
        inventory_item_id,
        location_id,
        taken_diff,
        fulfilled_diff,
        returned_diff
    FROM order_movement
)

INSERT INTO shopify_order_item AS item (
    shop_id, order_id, inventory_item_id, location_id, taken, fulfilled, fulfilled_at, returned, returned_at
)
SELECT
    %(shop_id)s,
    order_id,
    inventory_item_id,
    location_id,
    taken_diff,
    fulfilled_diff,
    CASE WHEN fulfilled_diff <> 0 THEN (SELECT heard_at()) END,
    returned_diff,
    returned_at
FROM order_movement
ON CONFLICT (shop_id, order_id, inventory_item_id, location_id) DO UPDATE SET
    taken = item.taken + excluded.taken,
    fulfilled = item.fulfilled + excluded.fulfilled,
    fulfilled_at = coalesce(excluded.fulfilled_at, item.fulfilled_at),
    returned = item.returned + excluded.returned,
    returned_at = coalesce(excluded.returned_at, item.returned_at)
