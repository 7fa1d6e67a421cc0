-- Where a file's deltas together would take quantity on hand below zero, those that take away are refused.
-- Reads inventory_item; writes resolved_row. The caller holds the stock's write lock.
UPDATE resolved_row
SET complaint = format(
    'the delta of %%s would leave %%s on hand; expected to take away no more than the %%s there are',
    trim_scale(resolved_row.quantity), trim_scale(short.on_hand + short.delta), trim_scale(short.on_hand)
)
FROM (
    SELECT
        delta.product_id,
        delta.facility_id,
        coalesce(item.quantity_on_hand_total, 0) AS on_hand,
        sum(delta.quantity) AS delta
    FROM resolved_row AS delta
    LEFT JOIN inventory_item AS item
        ON delta.product_id = item.product_id AND delta.facility_id = item.facility_id
    WHERE delta.usable AND delta.complaint IS NULL
    GROUP BY delta.product_id, delta.facility_id, item.quantity_on_hand_total
) AS short
WHERE
    resolved_row.usable AND resolved_row.quantity < 0
    AND resolved_row.product_id = short.product_id AND resolved_row.facility_id = short.facility_id
    AND short.on_hand + short.delta < 0
