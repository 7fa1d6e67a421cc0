-- Levels to observe, each once: those that have a target and were never seen since they have it, and are in no batch;
-- and those of batches with an unknown outcome that can no longer arrive. Reads inventory_level, outbox_batch.
SELECT
    inventory_item_id,
    location_id
FROM inventory_level
WHERE
    shop_id = %(shop_id)s AND position IS NULL AND target IS NOT NULL
    AND outbox_batch_id IS NULL AND quarantine_reason IS NULL
UNION ALL
SELECT
    level.inventory_item_id,
    level.location_id
FROM outbox_batch AS batch
INNER JOIN inventory_level AS level ON batch.outbox_batch_id = level.outbox_batch_id
WHERE
    batch.shop_id = %(shop_id)s AND batch.status_id = 'UNKNOWN'
    AND batch.sent_at + make_interval(secs => %(seconds_to_arrive)s) <= clock_timestamp()
