-- Each delta is a movement of both totals; what cannot be used is kept apart, with what is wrong with its reason. Rows
-- about kits are left out: what a kit promises is computed from its components.
-- Reads understood_row, staged, variance_reason, product; writes movement, resolved_row.
WITH understood AS MATERIALIZED (
    SELECT
        understood_row.line_number,
        understood_row.staged_at,
        understood_row.product_id,
        understood_row.facility_id,
        understood_row.quantity,
        understood_row.usable,
        coalesce(upper(trim(staged.variance_reason_id)), %(reason_enum_id)s) AS reason_enum_id,
        CASE
            WHEN staged.variance_reason_id IS NOT NULL AND known.variance_reason_id IS NULL
                THEN format(
                    'varianceReasonId %%L: no such reason; correct it or add it to variance_reason',
                    staged.variance_reason_id
                )
        END AS complaint
    FROM understood_row
    LEFT JOIN staged ON %(has_reason)s AND understood_row.staged_at = staged.ctid
    LEFT JOIN variance_reason AS known ON upper(trim(staged.variance_reason_id)) = known.variance_reason_id
),

kept AS (
    INSERT INTO resolved_row (line_number, staged_at, product_id, facility_id, quantity, usable, complaint)
    SELECT
        line_number,
        staged_at,
        product_id,
        facility_id,
        quantity,
        usable,
        complaint
    FROM understood
    WHERE NOT usable OR complaint IS NOT NULL
)

INSERT INTO movement (
    product_id, facility_id, quantity_on_hand_diff, available_to_promise_diff, reason_enum_id, line_number
)
SELECT
    product_id,
    facility_id,
    quantity,
    quantity,
    reason_enum_id,
    line_number
FROM understood
WHERE usable AND complaint IS NULL AND product_id NOT IN (SELECT kit.product_id FROM product AS kit WHERE kit.is_kit)
