-- Orders reserve in the queue of their location. What a store has handed over is issued there; what an online order was
-- sent from is only known once the ERP says so, and stays reserved until then.
-- Reads order_movement, mappings; writes movement.
INSERT INTO movement (
    product_id, facility_id, quantity_on_hand_diff, available_to_promise_diff, reason_enum_id, order_id
)
WITH mapped AS (
    SELECT
        shop_product.product_id,
        queue.facility_id,
        queue.facility_type_id,
        order_movement.order_id,
        order_movement.taken_diff,
        order_movement.fulfilled_diff
    FROM order_movement
    INNER JOIN shopify_shop_product AS shop_product
        ON
            shop_product.shop_id = %(shop_id)s
            AND order_movement.inventory_item_id = shop_product.inventory_item_id
    INNER JOIN inventory_channel AS channel
        ON
            channel.shop_id = %(shop_id)s
            AND order_movement.location_id = channel.location_id
            AND channel.from_date <= now() AND channel.thru_date > now()
    INNER JOIN facility AS queue ON channel.queue_facility_id = queue.facility_id
)

SELECT
    product_id,
    facility_id,
    0,
    -taken_diff,
    CASE WHEN taken_diff > 0 THEN 'INV_RES_CREATE' ELSE 'INV_RES_RELEASE' END,
    order_id
FROM mapped
WHERE taken_diff <> 0
UNION ALL
SELECT
    product_id,
    facility_id,
    -fulfilled_diff,
    0,
    'ITEM_ISSUANCE',
    order_id
FROM mapped
WHERE fulfilled_diff <> 0 AND facility_type_id <> 'VIRTUAL_FACILITY'
