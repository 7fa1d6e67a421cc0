-- The good rows of a batch that was surely not applied, as they are: in one batch, or in two if cut at a row.
-- Reads outbox_batch_row; writes chosen_row.
INSERT INTO chosen_row (
    batch_number, inventory_item_id, location_id, delta, change_from_quantity, replaces_batch_id
)
SELECT
    coalesce(row_index >= %(cut_at)s::integer, FALSE)::integer,
    inventory_item_id,
    location_id,
    delta,
    change_from_quantity,
    outbox_batch_id
FROM outbox_batch_row
WHERE outbox_batch_id = %(outbox_batch_id)s AND outcome = 'NOT_APPLIED'
