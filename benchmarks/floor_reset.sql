-- The floor of a reset: the one statement that joins the file, writes the ledger and moves the stock. No checks, no
-- rejects, no as-of, no marks, no log.
WITH difference AS (
    SELECT
        identified.product_id,
        facility.facility_id,
        raw.available_qty::numeric - coalesce(item.available_to_promise_total, 0) AS quantity
    FROM raw
    INNER JOIN facility ON raw.external_facility_id = facility.external_id
    INNER JOIN good_identification AS identified
        ON
            identified.good_identification_type_id = 'NETSUITE_PRODUCT_ID'
            AND raw.id_value = identified.id_value
    LEFT JOIN inventory_item AS item
        ON identified.product_id = item.product_id AND facility.facility_id = item.facility_id
    WHERE raw.available_qty ~ '^\d+$'
),

detail AS (
    INSERT INTO inventory_item_detail (
        product_id, facility_id, quantity_on_hand_diff, available_to_promise_diff, reason_enum_id, effective_at
    )
    SELECT
        product_id,
        facility_id,
        quantity,
        quantity,
        'VAR_EXT_RESET',
        now()
    FROM difference
    WHERE quantity <> 0
)

MERGE INTO inventory_item AS item
USING (SELECT * FROM difference WHERE quantity <> 0) AS moved
    ON item.product_id = moved.product_id AND item.facility_id = moved.facility_id
WHEN MATCHED THEN UPDATE SET
    quantity_on_hand_total = item.quantity_on_hand_total + moved.quantity,
    available_to_promise_total = item.available_to_promise_total + moved.quantity
WHEN NOT MATCHED THEN INSERT VALUES (moved.product_id, moved.facility_id, moved.quantity, moved.quantity)
