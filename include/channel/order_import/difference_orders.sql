-- How the orders seen differ from their imported state. An item that is no longer at a location has taken nothing
-- there.
-- Reads seen_order, seen_order_item, shopify_order_item; writes order_movement.
INSERT INTO order_movement (
    order_id, inventory_item_id, location_id, taken_diff, fulfilled_diff, returned_diff, returned_at
)
WITH known AS (
    SELECT shopify_order_item.*
    FROM shopify_order_item
    INNER JOIN seen_order ON shopify_order_item.order_id = seen_order.order_id
    WHERE shopify_order_item.shop_id = %(shop_id)s
)

SELECT
    coalesce(seen.order_id, known.order_id),
    coalesce(seen.inventory_item_id, known.inventory_item_id),
    coalesce(seen.location_id, known.location_id),
    coalesce(seen.taken, 0) - coalesce(known.taken, 0),
    coalesce(seen.fulfilled, 0) - coalesce(known.fulfilled, 0),
    coalesce(seen.returned, 0) - coalesce(known.returned, 0),
    seen.returned_at
FROM seen_order_item AS seen
FULL JOIN known
    ON
        seen.order_id = known.order_id
        AND seen.inventory_item_id = known.inventory_item_id
        AND seen.location_id = known.location_id
WHERE
    coalesce(seen.taken, 0) <> coalesce(known.taken, 0)
    OR coalesce(seen.fulfilled, 0) <> coalesce(known.fulfilled, 0)
    OR coalesce(seen.returned, 0) <> coalesce(known.returned, 0)
