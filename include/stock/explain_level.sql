-- The level's product and channel, with the channel's threshold and switch.
-- Reads product, good_identification, shopify_shop_product, inventory_channel, product_facility, dirty_product.
SELECT
    (
        SELECT min(sku.id_value)
        FROM good_identification AS sku
        WHERE sku.product_id = product.product_id AND sku.good_identification_type_id = 'SKU'
    ),
    product.internal_name,
    shop_product.inventory_item_id,
    channel.facility_group_id,
    channel_group.facility_group_name,
    channel.configuration_facility_id,
    coalesce(rule.minimum_stock, 0),
    coalesce(rule.allow_brokering, TRUE),
    channel.use_valid_atp,
    channel.inventory_master,
    product.product_id IN (SELECT dirty_product.product_id FROM dirty_product),
    now()
FROM product
INNER JOIN inventory_channel AS channel ON channel.inventory_channel_id = %(inventory_channel_id)s
INNER JOIN facility_group AS channel_group ON channel.facility_group_id = channel_group.facility_group_id
LEFT JOIN shopify_shop_product AS shop_product
    ON shop_product.shop_id = %(shop_id)s AND product.product_id = shop_product.product_id
LEFT JOIN product_facility AS rule
    ON product.product_id = rule.product_id AND channel.configuration_facility_id = rule.facility_id
WHERE product.product_id = %(product_id)s
