-- What was found, and the movement that follows from it, if any. Answers its number.
-- Writes physical_inventory, movement.
WITH found AS (
    INSERT INTO physical_inventory (
        request_key,
        product_id,
        facility_id,
        variance_reason_id,
        counted,
        quantity_on_hand_var,
        available_to_promise_var,
        physical_inventory_date,
        party_id,
        general_comments
    )
    VALUES (
        %(request_key)s,
        %(product_id)s,
        %(facility_id)s,
        %(variance_reason_id)s,
        %(counted)s,
        %(difference)s,
        %(difference)s,
        %(moment)s,
        %(party_id)s,
        %(general_comments)s
    )
    RETURNING *
),

moved AS (
    INSERT INTO movement (
        product_id, facility_id, quantity_on_hand_diff, available_to_promise_diff, reason_enum_id,
        physical_inventory_id, description
    )
    SELECT
        product_id,
        facility_id,
        quantity_on_hand_var,
        available_to_promise_var,
        variance_reason_id,
        physical_inventory_id,
        general_comments
    FROM found
    WHERE quantity_on_hand_var <> 0
)

SELECT physical_inventory_id FROM found
