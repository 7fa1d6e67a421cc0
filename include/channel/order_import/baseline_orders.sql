-- The first import of a shop: what has left the building before Trueup came is not in its stock, and is not taken out
-- of it again; what came back since is in it. Reads seen_order, seen_order_item; writes shopify_order_item.
INSERT INTO shopify_order_item (
    shop_id, order_id, inventory_item_id, location_id, taken, fulfilled, reserved, issued, returned, taken_back
)
SELECT
    %(shop_id)s,
    item.order_id,
    item.inventory_item_id,
    item.location_id,
    item.fulfilled,
    item.fulfilled,
    item.fulfilled,
    item.fulfilled,
    item.returned,
    item.returned
FROM seen_order_item AS item
INNER JOIN seen_order ON item.order_id = seen_order.order_id AND seen_order.is_baseline
WHERE item.fulfilled > 0 OR item.returned > 0
