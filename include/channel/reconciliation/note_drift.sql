-- Each level that is other than believed, with the likeliest cause. Orders explain what waits. Else the item itself may
-- (not there, another SKU, not tracked, not stocked there); or the newest confirmed push, where the level is exactly
-- without it and has not changed since before it was sent; or an edit, where Shopify says that the level has changed
-- since it was last known.
-- Reads judged_level, seen_level, good_identification, outbox_batch, outbox_batch_row; writes inventory_drift.
INSERT INTO inventory_drift (
    shop_id,
    inventory_item_id,
    location_id,
    position,
    observed,
    cause,
    outcome,
    outbox_batch_id,
    inventory_observation_id,
    committed,
    committed_imported,
    shopify_updated_at
)
SELECT
    %(shop_id)s,
    judged.inventory_item_id,
    judged.location_id,
    judged.position,
    judged.available,
    CASE
        WHEN judged.outcome = 'WAITING' AND judged.has_unseen_order THEN 'UNSEEN_ORDER'
        WHEN judged.outcome = 'WAITING' THEN 'MOVING'
        WHEN judged.outcome = 'QUARANTINED' THEN 'WRONG_MAPPING'
        WHEN named.is_another THEN 'WRONG_MAPPING'
        WHEN NOT seen.tracked THEN 'UNTRACKED'
        WHEN NOT seen.is_active THEN 'INACTIVE'
        WHEN judged.position IS NULL THEN 'FIRST_OBSERVATION'
        WHEN
            judged.available = judged.position - pushed.delta
            AND seen.updated_at < date_trunc('second', pushed.sent_at)
            THEN 'LOST_PUSH'
        WHEN
            seen.updated_at >= date_trunc('second', greatest(pushed.sent_at, looked.observed_at))
            THEN 'CHANGED_IN_SHOPIFY'
        ELSE 'UNKNOWN'
    END,
    judged.outcome,
    judged.outbox_batch_id,
    %(observation_id)s,
    seen.committed,
    judged.committed_imported,
    seen.updated_at
FROM judged_level AS judged
INNER JOIN seen_level AS seen
    ON judged.inventory_item_id = seen.inventory_item_id AND judged.location_id = seen.location_id
LEFT JOIN LATERAL (
    SELECT bool_and(sku.id_value <> seen.sku) AS is_another
    FROM good_identification AS sku
    WHERE sku.product_id = judged.product_id AND sku.good_identification_type_id = 'SKU'
) AS named ON TRUE
LEFT JOIN LATERAL (
    SELECT
        batch_row.delta,
        batch.sent_at
    FROM outbox_batch_row AS batch_row
    INNER JOIN outbox_batch AS batch ON batch_row.outbox_batch_id = batch.outbox_batch_id
    WHERE
        batch_row.inventory_item_id = judged.inventory_item_id
        AND batch_row.location_id = judged.location_id
        AND batch.shop_id = %(shop_id)s
        AND batch.status_id = 'CONFIRMED'
    ORDER BY batch_row.outbox_batch_id DESC
    LIMIT 1
) AS pushed ON TRUE
LEFT JOIN LATERAL (
    SELECT max(drift.observed_at) AS observed_at
    FROM inventory_drift AS drift
    WHERE
        drift.shop_id = %(shop_id)s
        AND drift.inventory_item_id = judged.inventory_item_id
        AND drift.location_id = judged.location_id
        AND drift.outcome = 'REBASED'
) AS looked ON TRUE
WHERE
    judged.outcome <> 'AGREED'
    AND (
        judged.outcome = 'QUARANTINED'
        OR judged.position IS NULL
        OR (judged.available <> judged.position AND judged.available <> judged.position + coalesce(judged.delta, 0))
    )
