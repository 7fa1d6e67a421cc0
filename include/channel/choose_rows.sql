-- Every mapped level of a shop, or of some of its locations, whose target is not its position, cut into batches; those
-- that move while under way into batches of their own. Locations where Shopify is master, and held products, are left
-- alone. Locks those levels.
-- Reads inventory_level by its partial index, inventory_channel, shopify_shop_product, held_product; writes chosen_row.
INSERT INTO chosen_row (batch_number, inventory_item_id, location_id, delta, change_from_quantity)
WITH to_push AS (
    SELECT
        inventory_item_id,
        location_id,
        delta,
        position,
        coalesce(moves_until > now(), FALSE)::integer AS moves
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
)

SELECT
    (row_number() OVER (PARTITION BY moves ORDER BY location_id, inventory_item_id) - 1)
    / %(rows_per_batch)s * 2 + moves,
    inventory_item_id,
    location_id,
    delta,
    position
FROM to_push
