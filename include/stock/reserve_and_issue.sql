-- What orders have taken is reserved in the queue of their location, as soon as product and location are mapped.
-- A reservation ends once for each unit, by the first of three to know: a store has handed it over; the ERP has said
-- where it left from (see fulfilments.py); or, of an online order that Shopify calls fulfilled, every facility that
-- may have sent it was counted since.
-- Reads mappings, inventory_snapshot, inventory_item; writes shopify_order_item, movement.
WITH behind AS (
    SELECT
        item.*,
        shop_product.product_id,
        channel.facility_group_id,
        queue.facility_id AS queue_id,
        queue.facility_type_id = 'VIRTUAL_FACILITY' AS is_virtual
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
    WHERE
        item.issued <> greatest(item.fulfilled, item.completed)
        OR item.reserved <> greatest(item.taken, item.issued)
),

waiting AS (
    SELECT * FROM behind
    WHERE is_virtual AND fulfilled > issued
),

counted AS (
    SELECT
        snapshot.facility_id,
        covered.product_id,
        max(snapshot.as_of) AS as_of
    FROM inventory_snapshot AS snapshot
    CROSS JOIN LATERAL unnest(snapshot.product_ids) AS covered (product_id)
    WHERE
        snapshot.as_of > (SELECT min(waiting.fulfilled_at) FROM waiting)
        AND covered.product_id IN (SELECT waiting.product_id FROM waiting)
    GROUP BY snapshot.facility_id, covered.product_id
),

counted_since AS (
    SELECT
        waiting.shop_id,
        waiting.order_id,
        waiting.inventory_item_id,
        waiting.location_id
    FROM waiting
    INNER JOIN facility_group_member AS member
        ON
            waiting.facility_group_id = member.facility_group_id
            AND member.from_date <= now() AND member.thru_date > now()
    LEFT JOIN counted
        ON
            waiting.product_id = counted.product_id
            AND member.facility_id = counted.facility_id
            AND waiting.fulfilled_at < counted.as_of
    LEFT JOIN inventory_item AS stock
        ON waiting.product_id = stock.product_id AND member.facility_id = stock.facility_id
    GROUP BY waiting.shop_id, waiting.order_id, waiting.inventory_item_id, waiting.location_id
    HAVING
        bool_or(counted.as_of IS NOT NULL)
        AND bool_and(
            counted.as_of IS NOT NULL
            OR coalesce(greatest(stock.quantity_on_hand_total, stock.available_to_promise_total), 0) <= 0
        )
),

known AS (
    SELECT
        behind.*,
        CASE
            WHEN NOT behind.is_virtual OR counted_since.order_id IS NOT NULL
                THEN greatest(behind.fulfilled, behind.completed)
            ELSE greatest(behind.completed, least(behind.issued, behind.fulfilled))
        END AS has_left
    FROM behind
    LEFT JOIN counted_since
        ON
            behind.shop_id = counted_since.shop_id
            AND behind.order_id = counted_since.order_id
            AND behind.inventory_item_id = counted_since.inventory_item_id
            AND behind.location_id = counted_since.location_id
),

due AS (
    SELECT
        *,
        greatest(taken, has_left) - reserved AS to_reserve,
        has_left - issued AS to_issue,
        CASE WHEN is_virtual THEN 0 ELSE greatest(0, has_left - (issued - handed_over)) - handed_over END
            AS to_hand_over
    FROM known
),

done AS (
    UPDATE shopify_order_item AS item
    SET
        reserved = item.reserved + due.to_reserve,
        issued = item.issued + due.to_issue,
        handed_over = item.handed_over + due.to_hand_over,
        reserved_at = coalesce(item.reserved_at, CASE WHEN due.to_reserve > 0 THEN now() END),
        handed_over_at = coalesce(item.handed_over_at, CASE WHEN due.to_hand_over > 0 THEN now() END),
        queue_facility_id = due.queue_id
    FROM due
    WHERE
        item.shop_id = due.shop_id
        AND item.order_id = due.order_id
        AND item.inventory_item_id = due.inventory_item_id
        AND item.location_id = due.location_id
        AND (due.to_reserve <> 0 OR due.to_issue <> 0)
)

INSERT INTO movement (
    product_id,
    facility_id,
    quantity_on_hand_diff,
    available_to_promise_diff,
    reason_enum_id,
    order_id,
    effective_at
)
SELECT
    product_id,
    queue_id,
    0,
    -to_reserve,
    CASE WHEN to_reserve > 0 THEN 'INV_RES_CREATE' ELSE 'INV_RES_RELEASE' END,
    order_id,
    now()
FROM due
WHERE to_reserve <> 0
UNION ALL
SELECT
    product_id,
    queue_id,
    -to_hand_over,
    to_issue - to_hand_over,
    'ITEM_ISSUANCE',
    order_id,
    now()
FROM due
WHERE to_issue <> 0
