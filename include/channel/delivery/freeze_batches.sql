-- Freezes the chosen rows into batches: rows, key and the very text that will be sent. Marks the levels as under way.
-- A batch that replaces one leaves what has come to its levels since.
-- Reads chosen_row; writes outbox_batch, outbox_batch_row, inventory_level.
WITH numbered AS (
    SELECT
        batch_number,
        nextval(pg_get_serial_sequence('outbox_batch', 'outbox_batch_id')) AS outbox_batch_id,
        gen_random_uuid() AS idempotency_key
    FROM (SELECT DISTINCT batch_number FROM chosen_row ORDER BY batch_number) AS each_batch
),

batch_row AS (
    SELECT
        numbered.outbox_batch_id,
        numbered.idempotency_key,
        chosen.*,
        row_number() OVER (
            PARTITION BY chosen.batch_number ORDER BY chosen.location_id, chosen.inventory_item_id
        ) - 1 AS row_index
    FROM chosen_row AS chosen
    INNER JOIN numbered ON chosen.batch_number = numbered.batch_number
),

frozen AS (
    INSERT INTO outbox_batch (
        outbox_batch_id,
        shop_id,
        replaces_batch_id,
        outbox_plan_id,
        status_id,
        transport,
        shopify_reason,
        idempotency_key,
        variables
    )
    SELECT
        outbox_batch_id,
        %(shop_id)s,
        min(replaces_batch_id),
        min(outbox_plan_id),
        %(status_id)s,
        %(transport)s,
        min(shopify_reason),
        idempotency_key,
        json_build_object(
            'input', json_build_object(
                'name', 'available',
                'reason', min(shopify_reason),
                'referenceDocumentUri', 'gid://trueup/Batch/' || outbox_batch_id,
                'changes', json_agg(
                    json_build_object(
                        'inventoryItemId', inventory_item_id,
                        'locationId', location_id,
                        'delta', delta,
                        'changeFromQuantity', change_from_quantity
                    ) ORDER BY row_index
                )
            ),
            'key', idempotency_key
        )::text
    FROM batch_row
    GROUP BY outbox_batch_id, idempotency_key
    RETURNING outbox_batch_id
),

frozen_row AS (
    INSERT INTO outbox_batch_row (
        outbox_batch_id, row_index, inventory_item_id, location_id, delta, change_from_quantity
    )
    SELECT
        outbox_batch_id,
        row_index,
        inventory_item_id,
        location_id,
        delta,
        change_from_quantity
    FROM batch_row
),

under_way AS (
    UPDATE inventory_level AS level
    SET
        outbox_batch_id = batch_row.outbox_batch_id,
        shopify_reason = CASE WHEN batch_row.replaces_batch_id IS NOT NULL THEN level.shopify_reason END,
        held_back = CASE
            WHEN batch_row.replaces_batch_id IS NULL THEN level.delta - batch_row.delta ELSE level.held_back
        END
    FROM batch_row
    WHERE
        level.shop_id = %(shop_id)s
        AND level.inventory_item_id = batch_row.inventory_item_id
        AND level.location_id = batch_row.location_id
)

SELECT outbox_batch_id FROM frozen ORDER BY outbox_batch_id
