-- Every mapped level of a shop, or of some of its locations, whose target is not its position, less what is held back,
-- cut into batches of one reason each; those that move while under way into batches of their own. Locations where
-- Shopify is master, and held products, are left alone. Locks those levels.
-- Reads inventory_level by its partial index, changed_level, inventory_channel, shopify_shop_product, held_product;
-- writes chosen_row.
INSERT INTO chosen_row (batch_number, inventory_item_id, location_id, delta, change_from_quantity, shopify_reason)
WITH differing AS (
    SELECT
        inventory_item_id,
        location_id,
        delta - CASE
            WHEN %(with_held)s THEN 0
            WHEN delta > 0 THEN least(greatest(held_back, 0), delta)
            ELSE greatest(least(held_back, 0), delta)
        END AS delta,
        position,
        coalesce(moves_until > now(), FALSE) AS moves,
        shopify_reason
    FROM inventory_level AS level
    WHERE
        shop_id = %(shop_id)s AND delta <> 0 AND outbox_batch_id IS NULL AND quarantine_reason IS NULL
        AND (%(location_ids)s::text[] IS NULL OR location_id IN (SELECT unnest(%(location_ids)s::text[])))
        AND EXISTS (
            SELECT
            FROM inventory_channel AS channel
            WHERE
                channel.shop_id = level.shop_id AND channel.location_id = level.location_id
                AND channel.from_date <= now() AND channel.thru_date > now()
                AND channel.inventory_master = 'OMS'
        )
        AND EXISTS (
            SELECT
            FROM shopify_shop_product AS mapped
            WHERE mapped.shop_id = level.shop_id AND mapped.inventory_item_id = level.inventory_item_id
        )
        AND (
            %(with_held)s
            OR NOT EXISTS (
                SELECT
                FROM held_product AS held
                WHERE held.shop_id = level.shop_id AND held.product_id = level.product_id
            )
        )
    ORDER BY location_id, inventory_item_id
    FOR UPDATE
),

to_push AS (
    SELECT
        differing.inventory_item_id,
        differing.location_id,
        differing.delta,
        differing.position,
        differing.moves,
        CASE
            WHEN differing.shopify_reason <> changed.shopify_reason THEN 'correction'
            ELSE coalesce(changed.shopify_reason, differing.shopify_reason, 'correction')
        END AS shopify_reason
    FROM differing
    LEFT JOIN changed_level AS changed
        ON
            differing.inventory_item_id = changed.inventory_item_id
            AND differing.location_id = changed.location_id
    WHERE differing.delta <> 0
),

numbered AS (
    SELECT
        *,
        dense_rank() OVER (ORDER BY moves, shopify_reason) AS kind,
        row_number() OVER (PARTITION BY moves, shopify_reason ORDER BY location_id, inventory_item_id) - 1 AS number
    FROM to_push
)

SELECT
    kind * 10000000 + number / %(rows_per_batch)s,
    inventory_item_id,
    location_id,
    delta,
    position,
    shopify_reason
FROM numbered
