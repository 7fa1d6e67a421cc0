-- The good rows of a batch that was surely not applied, as they are: in one batch, or in two if cut at a row. Those
-- that would raise their level above what it should show by now are left to the next plan.
-- Reads outbox_batch, outbox_batch_row, overtaken_row; writes chosen_row.
INSERT INTO chosen_row (
    batch_number,
    inventory_item_id,
    location_id,
    delta,
    change_from_quantity,
    shopify_reason,
    replaces_batch_id,
    outbox_plan_id
)
SELECT
    (batch_row.row_index >= %(cut_at)s)::integer,
    batch_row.inventory_item_id,
    batch_row.location_id,
    batch_row.delta,
    batch_row.change_from_quantity,
    batch.shopify_reason,
    batch.outbox_batch_id,
    batch.outbox_plan_id
FROM outbox_batch_row AS batch_row
INNER JOIN outbox_batch AS batch ON batch_row.outbox_batch_id = batch.outbox_batch_id
WHERE
    batch_row.outbox_batch_id = %(outbox_batch_id)s AND batch_row.outcome = 'NOT_APPLIED'
    AND NOT EXISTS (
        SELECT
        FROM overtaken_row AS overtaken
        WHERE
            overtaken.outbox_batch_id = batch_row.outbox_batch_id
            AND overtaken.inventory_item_id = batch_row.inventory_item_id
            AND overtaken.location_id = batch_row.location_id
    )
