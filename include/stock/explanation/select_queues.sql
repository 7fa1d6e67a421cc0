-- The virtual queues whose orders an online channel has yet to serve: those of channels of its own store, and those
-- that are no channel's. Reads inventory_channel, shopify_shop, facility.
WITH mapped AS (
    SELECT
        channel.inventory_channel_id,
        channel.queue_facility_id,
        coalesce('store ' || shop.product_store_id, 'shop ' || shop.shop_id) AS seller
    FROM inventory_channel AS channel
    INNER JOIN shopify_shop AS shop ON channel.shop_id = shop.shop_id
    WHERE channel.from_date <= now() AND channel.thru_date > now()
)

SELECT
    queue.facility_id,
    queue.order_queue_type_id
FROM mapped AS asked
INNER JOIN facility AS reserving
    ON asked.queue_facility_id = reserving.facility_id AND reserving.facility_type_id = 'VIRTUAL_FACILITY'
INNER JOIN facility AS queue ON queue.facility_type_id = 'VIRTUAL_FACILITY'
WHERE
    asked.inventory_channel_id = %(inventory_channel_id)s
    AND (
        queue.facility_id IN (SELECT own.queue_facility_id FROM mapped AS own WHERE own.seller = asked.seller)
        OR queue.facility_id NOT IN (SELECT any_channel.queue_facility_id FROM mapped AS any_channel)
    )
ORDER BY queue.facility_id
