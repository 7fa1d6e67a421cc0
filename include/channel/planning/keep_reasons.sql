-- The reasons of levels that are not planned now are kept until they are: they are under way, in quarantine, held, not
-- seen yet, or their target has not been recomputed yet.
-- Reads changed_level, chosen_row, dirty_product; writes inventory_level.
UPDATE inventory_level AS level
SET
    shopify_reason = CASE
        WHEN level.shopify_reason <> changed.shopify_reason THEN 'correction' ELSE changed.shopify_reason
    END
FROM changed_level AS changed
WHERE
    level.shop_id = %(shop_id)s
    AND level.inventory_item_id = changed.inventory_item_id
    AND level.location_id = changed.location_id
    AND level.shopify_reason IS DISTINCT FROM changed.shopify_reason
    AND NOT EXISTS (
        SELECT FROM chosen_row AS chosen
        WHERE
            chosen.inventory_item_id = changed.inventory_item_id
            AND chosen.location_id = changed.location_id
    )
    AND (
        level.outbox_batch_id IS NOT NULL
        OR level.delta IS NULL
        OR level.delta <> 0
        OR level.product_id IN (SELECT dirty_product.product_id FROM dirty_product)
    )
