-- Each difference is a movement of both totals. Reads resolved_row; writes movement.
INSERT INTO movement (
    product_id, facility_id, quantity_on_hand_diff, available_to_promise_diff, reason_enum_id, line_number
)
SELECT
    product_id,
    facility_id,
    quantity,
    quantity,
    %(reason_enum_id)s,
    line_number
FROM resolved_row
WHERE usable
