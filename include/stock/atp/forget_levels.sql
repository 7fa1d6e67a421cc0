-- Levels of the given products that are not mapped to them any more, or whose location is not, have no target: from now
-- on somebody else decides what they show.
-- Reads refresh_product, shopify_shop_product, inventory_channel; writes inventory_level.
UPDATE inventory_level AS level
SET target = NULL
FROM refresh_product
WHERE
    level.product_id = refresh_product.product_id
    AND level.target IS NOT NULL
    AND NOT EXISTS (
        SELECT
        FROM shopify_shop_product AS mapped
        INNER JOIN inventory_channel AS channel ON mapped.shop_id = channel.shop_id
        WHERE
            mapped.shop_id = level.shop_id
            AND mapped.inventory_item_id = level.inventory_item_id
            AND mapped.product_id = level.product_id
            AND channel.location_id = level.location_id
            AND channel.from_date <= now() AND channel.thru_date > now()
    )
