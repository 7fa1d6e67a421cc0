-- Levels of the given products that are not mapped to them any more, or whose location is not, have no target: from now
-- on somebody else decides what they show.
-- Reads refresh_product, shopify_shop_product, inventory_channel; writes inventory_level.
UPDATE inventory_level AS level
SET target = NULL
FROM refresh_product
WHERE
    level.product_id = refresh_product.product_id
    AND level.target IS NOT NULL
    -- Two questions: pairs of products and locations would be as many as there are levels.
    AND (
        NOT EXISTS (
            SELECT
            FROM shopify_shop_product AS mapped
            WHERE
                level.shop_id = mapped.shop_id
                AND level.inventory_item_id = mapped.inventory_item_id
                AND level.product_id = mapped.product_id
        )
        OR NOT EXISTS (
            SELECT
            FROM inventory_channel AS channel
            WHERE
                level.shop_id = channel.shop_id
                AND level.location_id = channel.location_id
                AND channel.from_date <= now() AND channel.thru_date > now()
        )
    )
