-- Each delta is a movement of both totals. Reads resolved_row, staged; writes movement.
INSERT INTO movement (
    product_id, facility_id, quantity_on_hand_diff, available_to_promise_diff, reason_enum_id, line_number
)
SELECT
    resolved_row.product_id,
    resolved_row.facility_id,
    resolved_row.quantity,
    resolved_row.quantity,
    coalesce(upper(trim(staged.variance_reason_id)), %(reason_enum_id)s),
    resolved_row.line_number
FROM resolved_row
LEFT JOIN staged ON %(has_reason)s AND resolved_row.staged_at = staged.ctid
WHERE resolved_row.usable AND resolved_row.quantity <> 0
