-- The rows of a batch that was refused as stale, each with its delta and what Shopify shows now. Rows that have moved
-- go into a batch of their own, so that those that keep moving hold up nobody.
-- Reads outbox_batch_row; writes chosen_row.
INSERT INTO chosen_row (
    batch_number, inventory_item_id, location_id, delta, change_from_quantity, replaces_batch_id
)
SELECT
    (seen.available <> stale.change_from_quantity)::integer,
    stale.inventory_item_id,
    stale.location_id,
    stale.delta,
    seen.available,
    stale.outbox_batch_id
FROM outbox_batch_row AS stale
INNER JOIN
    unnest(%(items)s::text[], %(locations)s::text[], %(available)s::integer[])
    AS seen (inventory_item_id, location_id, available)
    ON stale.inventory_item_id = seen.inventory_item_id AND stale.location_id = seen.location_id
WHERE stale.outbox_batch_id = %(outbox_batch_id)s
