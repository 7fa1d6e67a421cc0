-- The rows of a batch that was refused as stale, each with its delta and what Shopify shows now. Rows that have moved
-- go into a batch of their own, now and for some time, so that those that keep moving hold up nobody; and the next job
-- that compares looks at them, as it may have been an edit that moved them. Those that would raise their level above
-- what it should show by now are left to the next plan.
-- Reads outbox_batch, outbox_batch_row, overtaken_row; writes chosen_row, inventory_level.
WITH seen AS (
    SELECT
        stale.*,
        seen.available,
        seen.available <> stale.change_from_quantity AS has_moved
    FROM outbox_batch_row AS stale
    INNER JOIN
        unnest(%(items)s::text[], %(locations)s::text[], %(available)s::integer[])
        AS seen (inventory_item_id, location_id, available)
        ON stale.inventory_item_id = seen.inventory_item_id AND stale.location_id = seen.location_id
    WHERE stale.outbox_batch_id = %(outbox_batch_id)s
),

marked AS (
    UPDATE inventory_level AS level
    SET moves_until = now() + make_interval(secs => %(seconds_apart)s), to_observe = TRUE
    FROM seen
    WHERE
        seen.has_moved
        AND level.shop_id = %(shop_id)s
        AND level.inventory_item_id = seen.inventory_item_id
        AND level.location_id = seen.location_id
)

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
    seen.has_moved::integer,
    seen.inventory_item_id,
    seen.location_id,
    seen.delta,
    seen.available,
    batch.shopify_reason,
    batch.outbox_batch_id,
    batch.outbox_plan_id
FROM seen
INNER JOIN outbox_batch AS batch ON seen.outbox_batch_id = batch.outbox_batch_id
WHERE
    NOT EXISTS (
        SELECT
        FROM overtaken_row AS overtaken
        WHERE
            overtaken.outbox_batch_id = seen.outbox_batch_id
            AND overtaken.inventory_item_id = seen.inventory_item_id
            AND overtaken.location_id = seen.location_id
    )
