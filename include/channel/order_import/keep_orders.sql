-- Which version of each order is imported now. Reads seen_order; writes shopify_order.
INSERT INTO shopify_order AS known (shop_id, order_id, order_name, processed_at, updated_at)
SELECT
    %(shop_id)s,
    order_id,
    order_name,
    processed_at,
    updated_at
FROM seen_order
ON CONFLICT (order_id, shop_id) DO UPDATE SET
    order_name = excluded.order_name,
    processed_at = excluded.processed_at,
    updated_at = excluded.updated_at
WHERE
    known.updated_at <> excluded.updated_at
    OR known.order_name <> excluded.order_name
    OR known.processed_at IS DISTINCT FROM excluded.processed_at
