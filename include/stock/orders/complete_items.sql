-- One turn: what was counted leaves its facility, and ends as much of a reservation as is still held.
-- Units go first to what a location's own store has sent, then to the online order, and there first to what Shopify
-- calls fulfilled already. What Shopify's word alone had taken out of a store goes back in, now that the ERP says from
-- where it left. Reads fulfilled_item, memberships, facility; writes shopify_order_item, order_event.
WITH counted AS (
    SELECT * FROM fulfilled_item
    WHERE turn = %(turn)s AND complaint IS NULL AND NOT is_repeated AND product_id IS NOT NULL
),

holder AS (
    SELECT
        counted.line_number,
        counted.product_id,
        counted.shipped_at,
        counted.quantity,
        held.shop_id,
        held.order_id,
        held.inventory_item_id,
        held.location_id,
        part.is_fulfilled,
        part.units,
        coalesce(held.queue_facility_id = counted.facility_id, FALSE) AS is_here,
        queue.facility_type_id IS NULL OR queue.facility_type_id = 'VIRTUAL_FACILITY' AS is_online,
        counted.facility_id IN (
            SELECT member.facility_id
            FROM inventory_channel AS channel
            INNER JOIN facility_group_member AS member ON channel.facility_group_id = member.facility_group_id
            WHERE
                channel.shop_id = held.shop_id
                AND channel.location_id = held.location_id
        ) AS may_be_here
    FROM counted
    INNER JOIN shopify_order_item AS held
        ON
            counted.found_order_id = held.order_id
            AND counted.shop_id = held.shop_id
            AND counted.inventory_item_id = held.inventory_item_id
    LEFT JOIN facility AS queue ON held.queue_facility_id = queue.facility_id
    CROSS JOIN LATERAL (
        VALUES
        (TRUE, held.fulfilled - held.completed),
        (FALSE, held.taken - greatest(held.fulfilled, held.completed))
    ) AS part (is_fulfilled, units)
    WHERE part.units > 0
),

share AS (
    SELECT
        *,
        sum(units) OVER (
            PARTITION BY line_number
            ORDER BY is_here DESC, is_online DESC, is_fulfilled DESC, may_be_here DESC, location_id ASC
            ROWS UNBOUNDED PRECEDING
        ) - units AS before
    FROM holder
),

completed AS (
    SELECT
        line_number,
        product_id,
        shipped_at,
        shop_id,
        order_id,
        inventory_item_id,
        location_id,
        sum(least(units, quantity - before))::integer AS units
    FROM share
    WHERE before < quantity
    GROUP BY line_number, product_id, shipped_at, shop_id, order_id, inventory_item_id, location_id
),

change AS (
    SELECT
        completed.*,
        held.queue_facility_id,
        held.reserved_at,
        held.handed_over_at,
        held.reserved - held.issued AS held_before,
        held.handed_over AS handed_over_before,
        now.issued,
        least(held.reserved - held.issued, greatest(0, held.taken - now.issued)) AS held_now,
        now.issued - greatest(held.issued - held.handed_over, held.completed + completed.units) AS handed_over_now
    FROM completed
    INNER JOIN shopify_order_item AS held
        ON
            completed.order_id = held.order_id
            AND completed.shop_id = held.shop_id
            AND completed.inventory_item_id = held.inventory_item_id
            AND completed.location_id = held.location_id
    CROSS JOIN LATERAL (SELECT greatest(held.issued, held.completed + completed.units) AS issued) AS now
),

done AS (
    UPDATE shopify_order_item AS item
    SET
        completed = item.completed + change.units,
        issued = change.issued,
        reserved = change.issued + change.held_now,
        handed_over = change.handed_over_now
    FROM change
    WHERE
        item.shop_id = change.shop_id
        AND item.order_id = change.order_id
        AND item.inventory_item_id = change.inventory_item_id
        AND item.location_id = change.location_id
)

INSERT INTO order_event (
    line_number,
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
    line_number,
    shop_id,
    found_order_id,
    inventory_item_id,
    product_id,
    facility_id,
    -quantity,
    -quantity,
    'ITEM_ISSUANCE',
    shipped_at
FROM counted
UNION ALL
-- A reservation cannot end before the moment it has in the ledger.
SELECT
    line_number,
    shop_id,
    order_id,
    inventory_item_id,
    product_id,
    queue_facility_id,
    0,
    held_before - held_now + handed_over_before - handed_over_now,
    'ITEM_ISSUANCE',
    greatest(shipped_at, reserved_at)
FROM change
WHERE held_before <> held_now OR handed_over_before <> handed_over_now
UNION ALL
SELECT
    line_number,
    shop_id,
    order_id,
    inventory_item_id,
    product_id,
    queue_facility_id,
    handed_over_before - handed_over_now,
    0,
    'ITEM_ISSUANCE',
    handed_over_at
FROM change
WHERE handed_over_before <> handed_over_now
