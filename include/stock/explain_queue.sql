-- Where orders of the location reserve, and what is available of the product there.
-- Reads inventory_channel, facility, inventory_item.
SELECT
    queue.facility_id,
    queue.facility_type_id,
    coalesce(item.available_to_promise_total, 0)
FROM inventory_channel AS channel
INNER JOIN facility AS queue ON channel.queue_facility_id = queue.facility_id
LEFT JOIN inventory_item AS item ON queue.facility_id = item.facility_id AND item.product_id = %(product_id)s
WHERE channel.inventory_channel_id = %(inventory_channel_id)s
