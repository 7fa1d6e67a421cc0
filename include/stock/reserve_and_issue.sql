-- What orders have taken is reserved in the queue of their location, as soon as product and location are mapped.
-- A store issues what it has handed over. What an online order was sent from only the ERP knows: its reservation ends
-- once a snapshot from after the fulfilment has counted the product where the channel sells it from.
-- Reads mappings, inventory_snapshot; writes shopify_order_item, movement.
WITH due AS (
    SELECT
        item.shop_id,
        item.order_id,
        item.inventory_item_id,
        item.location_id,
        shop_product.product_id,
        queue.facility_id,
        queue.facility_type_id = 'VIRTUAL_FACILITY' AS is_virtual,
        item.taken - item.reserved AS to_reserve,
        CASE
            WHEN queue.facility_type_id <> 'VIRTUAL_FACILITY' OR EXISTS (
                SELECT
                FROM inventory_snapshot AS snapshot
                INNER JOIN facility_group_member AS member ON snapshot.facility_id = member.facility_id
                WHERE
                    snapshot.as_of > item.fulfilled_at
                    AND member.facility_group_id = channel.facility_group_id
                    AND shop_product.product_id = any(snapshot.product_ids)
            ) THEN item.fulfilled - item.issued
            ELSE 0
        END AS to_issue
    FROM shopify_order_item AS item
    INNER JOIN shopify_shop_product AS shop_product
        ON
            item.shop_id = shop_product.shop_id
            AND item.inventory_item_id = shop_product.inventory_item_id
    INNER JOIN inventory_channel AS channel
        ON
            item.shop_id = channel.shop_id
            AND item.location_id = channel.location_id
            AND channel.from_date <= now() AND channel.thru_date > now()
    INNER JOIN facility AS queue ON coalesce(item.queue_facility_id, channel.queue_facility_id) = queue.facility_id
    WHERE item.reserved <> item.taken OR item.issued <> item.fulfilled
),

done AS (
    UPDATE shopify_order_item AS item
    SET
        reserved = item.reserved + due.to_reserve,
        issued = item.issued + due.to_issue,
        queue_facility_id = due.facility_id
    FROM due
    WHERE
        item.shop_id = due.shop_id
        AND item.order_id = due.order_id
        AND item.inventory_item_id = due.inventory_item_id
        AND item.location_id = due.location_id
        AND (due.to_reserve <> 0 OR due.to_issue <> 0)
)

INSERT INTO movement (
    product_id, facility_id, quantity_on_hand_diff, available_to_promise_diff, reason_enum_id, order_id
)
SELECT
    product_id,
    facility_id,
    0,
    -to_reserve,
    CASE WHEN to_reserve > 0 THEN 'INV_RES_CREATE' ELSE 'INV_RES_RELEASE' END,
    order_id
FROM due
WHERE to_reserve <> 0
UNION ALL
SELECT
    product_id,
    facility_id,
    CASE WHEN is_virtual THEN 0 ELSE -to_issue END,
    CASE WHEN is_virtual THEN to_issue ELSE 0 END,
    'ITEM_ISSUANCE',
    order_id
FROM due
WHERE to_issue <> 0
