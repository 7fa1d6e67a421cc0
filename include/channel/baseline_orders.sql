-- The first import of a shop: what has left the building before Trueup came is not in its stock, and is not taken out
-- of it again. Reads seen_order_item; writes shopify_order_item.
INSERT INTO shopify_order_item (
    shop_id, order_id, inventory_item_id, location_id, taken, fulfilled, reserved, issued
)
SELECT
    %(shop_id)s,
    order_id,
    inventory_item_id,
    location_id,
    fulfilled,
    fulfilled,
    fulfilled,
    fulfilled
FROM seen_order_item
WHERE fulfilled > 0
