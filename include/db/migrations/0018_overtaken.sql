-- A delta that has waited until the target fell: see docs/sync.md.
CREATE VIEW overtaken_row AS
SELECT
    batch_row.outbox_batch_id,
    batch_row.inventory_item_id,
    batch_row.location_id
FROM outbox_batch_row AS batch_row
INNER JOIN outbox_batch AS batch ON batch_row.outbox_batch_id = batch.outbox_batch_id
INNER JOIN inventory_level AS level
    ON
        batch.shop_id = level.shop_id
        AND batch_row.inventory_item_id = level.inventory_item_id
        AND batch_row.location_id = level.location_id
WHERE batch_row.delta > greatest(level.delta, 0);
COMMENT ON VIEW overtaken_row IS 'Rows of batches that would raise their level above what it should show by now.';
