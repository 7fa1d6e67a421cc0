-- Which of the orders that the search has found to look up: those not known, those of which an older version is, and
-- all that were changed of late, as two changes may bear the same second. Reads shopify_order.
SELECT seen.order_id
FROM unnest(%(order_ids)s::text[], %(updated_at)s::timestamptz[]) AS seen (order_id, updated_at)
LEFT JOIN shopify_order AS known ON seen.order_id = known.order_id AND known.shop_id = %(shop_id)s
WHERE
    known.order_id IS NULL
    OR known.updated_at < seen.updated_at
    OR seen.updated_at >= %(again_from)s
ORDER BY seen.updated_at, seen.order_id
