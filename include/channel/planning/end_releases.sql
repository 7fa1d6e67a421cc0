-- Products of a restock that the shop shows by now are held again, if their category is.
-- Reads inventory_level, inventory_channel, dirty_product; writes released_product.
DELETE FROM released_product AS released
WHERE
    released.shop_id = %(shop_id)s
    AND NOT EXISTS (SELECT FROM dirty_product AS dirty WHERE dirty.product_id = released.product_id)
    AND NOT EXISTS (
        SELECT
        FROM inventory_level AS level
        INNER JOIN inventory_channel AS channel
            ON
                level.shop_id = channel.shop_id AND level.location_id = channel.location_id
                AND channel.from_date <= now() AND channel.thru_date > now()
        WHERE
            level.product_id = released.product_id AND level.shop_id = released.shop_id
            AND level.quarantine_reason IS NULL
            AND (level.delta IS DISTINCT FROM 0 OR level.outbox_batch_id IS NOT NULL)
    )
