-- A snapshot becomes a difference to the stock as of its moment: the stock now, less what took effect since.
-- Reads resolved_row, staged, inventory_item, inventory_item_detail; writes movement. The caller holds the stock's
-- write lock.
INSERT INTO movement (
    product_id, facility_id, quantity_on_hand_diff, available_to_promise_diff, reason_enum_id, line_number
)
WITH since AS (
    SELECT
        product_id,
        facility_id,
        sum(quantity_on_hand_diff) AS quantity_on_hand,
        sum(available_to_promise_diff) AS available_to_promise
    FROM inventory_item_detail
    WHERE effective_at > %(as_of)s
    GROUP BY product_id, facility_id
)

SELECT
    resolved_row.product_id,
    resolved_row.facility_id,
    difference.quantity,
    difference.quantity,
    %(reason_enum_id)s,
    resolved_row.line_number
FROM resolved_row
LEFT JOIN staged ON %(has_reset_by)s AND resolved_row.staged_at = staged.ctid
LEFT JOIN inventory_item AS item
    ON resolved_row.product_id = item.product_id AND resolved_row.facility_id = item.facility_id
LEFT JOIN since
    ON resolved_row.product_id = since.product_id AND resolved_row.facility_id = since.facility_id
CROSS JOIN LATERAL (
    SELECT
        resolved_row.quantity - CASE
            WHEN coalesce(as_flag(staged.reset_by_atp), upper(trim(staged.reset_by)) = 'ATP', %(by_atp)s)
                THEN coalesce(item.available_to_promise_total, 0) - coalesce(since.available_to_promise, 0)
            ELSE coalesce(item.quantity_on_hand_total, 0) - coalesce(since.quantity_on_hand, 0)
        END AS quantity
) AS difference
WHERE resolved_row.usable AND difference.quantity <> 0
