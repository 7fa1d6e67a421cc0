-- What to do about each level seen: take it over only where nothing unseen can hide in what it shows. No batch of it
-- can still arrive; nothing newer is known of it than the first of the two reads, from an answer or another look; it
-- stood still between them, no order has touched it since the first one, and what Shopify has committed is what the
-- imported orders say. A level that shows what it should needs nothing.
-- Locks the levels.
-- Reads seen_level, outbox_batch, outbox_batch_row, shopify_order_item, shopify_order_movement; writes judged_level.
INSERT INTO judged_level (
    inventory_item_id,
    location_id,
    product_id,
    position,
    available,
    delta,
    outbox_batch_id,
    committed_imported,
    has_unseen_order,
    outcome
)
WITH facing AS (
    SELECT
        seen.inventory_item_id,
        seen.location_id,
        level.product_id,
        level.position,
        seen.available,
        batch_row.delta,
        level.outbox_batch_id,
        seen.is_still,
        coalesce(open_order.units, 0)::integer AS committed_imported,
        seen.committed <> coalesce(open_order.units, 0) AS has_other_commitments,
        CASE
            WHEN coalesce(level.position_as_of > %(looked_from)s, FALSE) THEN FALSE
            WHEN level.outbox_batch_id IS NULL THEN TRUE
            ELSE batch.status_id = 'UNKNOWN'
                AND batch.sent_at + make_interval(secs => %(seconds_to_arrive)s) <= %(looked_from)s
        END AS is_at_rest,
        moved.shopify_order_movement_id IS NOT NULL AS has_order
    FROM seen_level AS seen
    INNER JOIN inventory_level AS level
        ON
            level.shop_id = %(shop_id)s
            AND seen.inventory_item_id = level.inventory_item_id
            AND seen.location_id = level.location_id
    LEFT JOIN outbox_batch AS batch ON level.outbox_batch_id = batch.outbox_batch_id
    LEFT JOIN outbox_batch_row AS batch_row
        ON
            level.outbox_batch_id = batch_row.outbox_batch_id
            AND level.inventory_item_id = batch_row.inventory_item_id
            AND level.location_id = batch_row.location_id
    LEFT JOIN LATERAL (
        SELECT movement.shopify_order_movement_id
        FROM shopify_order_movement AS movement
        WHERE
            movement.shop_id = %(shop_id)s
            AND movement.inventory_item_id = seen.inventory_item_id
            AND movement.location_id = seen.location_id
            AND movement.shopify_order_movement_id > %(last_movement)s
        ORDER BY movement.shopify_order_movement_id DESC
        LIMIT 1
    ) AS moved ON TRUE
    CROSS JOIN LATERAL (
        SELECT sum(item.taken - item.fulfilled) AS units
        FROM shopify_order_item AS item
        WHERE
            item.shop_id = %(shop_id)s
            AND item.inventory_item_id = seen.inventory_item_id
            AND item.location_id = seen.location_id
            AND item.taken <> item.fulfilled
    ) AS open_order
    FOR UPDATE OF level
)

SELECT
    inventory_item_id,
    location_id,
    product_id,
    position,
    available,
    delta,
    outbox_batch_id,
    committed_imported,
    coalesce(has_order OR has_other_commitments, FALSE),
    CASE
        WHEN NOT is_at_rest THEN 'WAITING'
        WHEN available IS NULL THEN 'QUARANTINED'
        WHEN outbox_batch_id IS NULL AND available = position THEN 'AGREED'
        WHEN is_still AND NOT has_order AND NOT has_other_commitments THEN 'REBASED'
        ELSE 'WAITING'
    END
FROM facing
