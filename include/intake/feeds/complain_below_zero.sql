-- Where a file's deltas together would take quantity on hand below zero, those that take away are refused. What a newer
-- snapshot holds already will not be posted.
-- Reads inventory_item, newer_snapshot, variance_reason, staged; writes movement, resolved_row. The caller holds the
-- stock's write lock.
WITH short AS (
    SELECT
        delta.product_id,
        delta.facility_id,
        coalesce(item.quantity_on_hand_total, 0) AS on_hand,
        sum(delta.quantity_on_hand_diff) AS delta
    FROM movement AS delta
    LEFT JOIN inventory_item AS item
        ON delta.product_id = item.product_id AND delta.facility_id = item.facility_id
    WHERE NOT EXISTS (
        SELECT
        FROM newer_snapshot AS newer
        WHERE
            newer.product_id = delta.product_id
            AND newer.facility_id = delta.facility_id
            AND NOT (newer.misses_untold AND delta.reason_enum_id NOT IN (
                SELECT reason.variance_reason_id FROM variance_reason AS reason WHERE NOT reason.is_told_to_erp
            ))
    )
    GROUP BY delta.product_id, delta.facility_id, item.quantity_on_hand_total
    HAVING coalesce(item.quantity_on_hand_total, 0) + sum(delta.quantity_on_hand_diff) < 0
),

refused AS (
    DELETE FROM movement
    USING short
    WHERE
        movement.quantity_on_hand_diff < 0
        AND movement.product_id = short.product_id AND movement.facility_id = short.facility_id
    RETURNING
        movement.line_number,
        movement.product_id,
        movement.facility_id,
        movement.quantity_on_hand_diff AS quantity,
        short.on_hand,
        short.delta
)

INSERT INTO resolved_row (line_number, staged_at, product_id, facility_id, quantity, usable, complaint)
SELECT
    refused.line_number,
    staged.ctid,
    refused.product_id,
    refused.facility_id,
    refused.quantity,
    TRUE,
    format(
        'the delta of %%s would leave %%s on hand; expected to take away no more than the %%s there are',
        trim_scale(refused.quantity), trim_scale(refused.on_hand + refused.delta), trim_scale(refused.on_hand)
    )
FROM refused
INNER JOIN staged ON refused.line_number = staged.line_number
