-- The last that we know of what Shopify showed at a level: read from it, or left there by a change that it confirmed.
-- Reads inventory_drift, outbox_batch_row by their levels, outbox_batch.
SELECT
    known.available,
    known.seen_at,
    known.how
FROM (
    SELECT
        drift.observed AS available,
        drift.observed_at AS seen_at,
        'read: ' || drift.cause || CASE drift.outcome WHEN 'WAITING' THEN ', to be looked at again' ELSE '' END AS how
    FROM inventory_drift AS drift
    WHERE
        drift.shop_id = %(shop_id)s AND drift.observed IS NOT NULL
        AND drift.inventory_item_id = %(inventory_item_id)s AND drift.location_id = %(location_id)s
    UNION ALL
    SELECT
        change.change_from_quantity + change.delta,
        batch.finished_at,
        'confirmed: batch ' || batch.outbox_batch_id
    FROM outbox_batch_row AS change
    INNER JOIN outbox_batch AS batch ON change.outbox_batch_id = batch.outbox_batch_id
    WHERE
        batch.shop_id = %(shop_id)s
        AND change.inventory_item_id = %(inventory_item_id)s AND change.location_id = %(location_id)s
        AND batch.status_id = 'CONFIRMED'
) AS known
ORDER BY known.seen_at DESC
LIMIT 1
