-- Takes what Shopify shows as the position, row by row, where it was judged to prove something; puts levels of items
-- that Shopify does not have into quarantine. Of a batch with an unknown outcome it tells how the level looks: an edit
-- in Shopify looks just the same.
-- What waits is looked at again. Reads judged_level; writes inventory_level, outbox_batch_row.
WITH told AS (
    UPDATE outbox_batch_row AS batch_row
    SET outcome = CASE
        WHEN judged.outcome = 'QUARANTINED' THEN 'QUARANTINED'
        WHEN judged.available = judged.position + judged.delta THEN 'LOOKS_APPLIED'
        WHEN judged.available = judged.position THEN 'LOOKS_NOT_APPLIED'
        ELSE 'OBSERVED'
    END
    FROM judged_level AS judged
    WHERE
        judged.outcome IN ('REBASED', 'QUARANTINED')
        AND batch_row.outbox_batch_id = judged.outbox_batch_id
        AND batch_row.inventory_item_id = judged.inventory_item_id
        AND batch_row.location_id = judged.location_id
)

UPDATE inventory_level AS level
SET
    -- A difference beyond Shopify's bounds would be refused, and beyond ours stop the look at all levels. What is as
    -- low as that is raised in two steps.
    position = CASE
        WHEN judged.outcome = 'REBASED' THEN greatest(judged.available, -1000000000) ELSE level.position
    END,
    position_as_of = CASE WHEN judged.outcome = 'REBASED' THEN %(looked_from)s ELSE level.position_as_of END,
    outbox_batch_id = CASE WHEN judged.outcome = 'WAITING' THEN level.outbox_batch_id END,
    to_observe = judged.outcome = 'WAITING',
    quarantine_reason = CASE
        WHEN judged.outcome = 'QUARANTINED' THEN 'Shopify has no such inventory item: correct the mapping'
        ELSE level.quarantine_reason
    END
FROM judged_level AS judged
WHERE
    level.shop_id = %(shop_id)s
    AND level.inventory_item_id = judged.inventory_item_id
    AND level.location_id = judged.location_id
    AND (judged.outcome IN ('REBASED', 'QUARANTINED') OR level.to_observe <> (judged.outcome = 'WAITING'))
