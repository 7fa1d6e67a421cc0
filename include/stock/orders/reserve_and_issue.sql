-- What orders have taken is reserved in the queue of their location, and the reservation ends once for each unit when
-- that has left. What a store's customers bring back is its stock again; what came back to an online location, the ERP
-- has to place. Reads order_behind; writes shopify_order_item, order_event.
WITH due AS (
    SELECT
        behind.*,
        change.to_reserve,
        change.to_issue,
        change.to_hand_over,
        change.to_take_back
    FROM order_behind AS behind
    INNER JOIN shopify_order_item AS item
        ON
            behind.shop_id = item.shop_id
            AND behind.order_id = item.order_id
            AND behind.inventory_item_id = item.inventory_item_id
            AND behind.location_id = item.location_id
    CROSS JOIN LATERAL (
        SELECT
            greatest(item.taken, behind.has_left) - item.reserved AS to_reserve,
            behind.has_left - item.issued AS to_issue,
            CASE
                WHEN behind.is_online THEN 0
                ELSE greatest(0, behind.has_left - (item.issued - item.handed_over)) - item.handed_over
            END AS to_hand_over,
            item.returned - item.taken_back AS to_take_back
    ) AS change
    WHERE change.to_reserve <> 0 OR change.to_issue <> 0 OR change.to_take_back <> 0
),

done AS (
    UPDATE shopify_order_item AS item
    SET
        reserved = item.reserved + due.to_reserve,
        issued = item.issued + due.to_issue,
        handed_over = item.handed_over + due.to_hand_over,
        reserved_at = coalesce(item.reserved_at, CASE WHEN due.to_reserve > 0 THEN due.effective_at END),
        handed_over_at = coalesce(item.handed_over_at, CASE WHEN due.to_hand_over > 0 THEN due.effective_at END),
        taken_back = item.returned,
        queue_facility_id = due.queue_facility_id
    FROM due
    WHERE
        item.shop_id = due.shop_id
        AND item.order_id = due.order_id
        AND item.inventory_item_id = due.inventory_item_id
        AND item.location_id = due.location_id
)

INSERT INTO order_event (
    shop_id,
    order_id,
    inventory_item_id,
    product_id,
    facility_id,
    quantity_on_hand_diff,
    available_to_promise_diff,
    reason_enum_id,
    effective_at
)
SELECT
    due.shop_id,
    due.order_id,
    due.inventory_item_id,
    due.product_id,
    due.queue_facility_id,
    event.on_hand,
    event.to_promise,
    event.reason_enum_id,
    event.effective_at
FROM due
CROSS JOIN LATERAL (
    VALUES
    (
        0,
        -due.to_reserve,
        CASE WHEN due.to_reserve > 0 THEN 'INV_RES_CREATE' ELSE 'INV_RES_RELEASE' END,
        due.effective_at
    ),
    (-due.to_hand_over, due.to_issue - due.to_hand_over, 'ITEM_ISSUANCE', due.effective_at),
    (
        CASE WHEN due.is_online THEN 0 ELSE due.to_take_back END,
        CASE WHEN due.is_online THEN 0 ELSE due.to_take_back END,
        'RTN_ITM_RCPT',
        due.came_back_at
    )
) AS event (on_hand, to_promise, reason_enum_id, effective_at)
WHERE event.on_hand <> 0 OR event.to_promise <> 0
