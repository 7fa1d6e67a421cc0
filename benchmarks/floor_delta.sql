-- The floor of adjustments, transfers and item receipts: the one statement that joins the file, writes the ledger and
-- moves the stock, several deltas of one product and facility added up. No checks, no rejects, no snapshots, no marks,
-- no log.
WITH delta AS (
    SELECT
        identified.product_id,
        facility.facility_id,
        raw.available_delta::numeric AS quantity
    FROM raw
    INNER JOIN facility ON raw.external_facility_id = facility.external_id
    INNER JOIN good_identification AS identified
        ON
            raw.id_type = identified.good_identification_type_id
            AND raw.id_value = identified.id_value
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
        'VAR_INTEGR',
        now()
    FROM delta
)

MERGE INTO inventory_item AS item
USING (
    SELECT
        product_id,
        facility_id,
        sum(quantity) AS quantity
    FROM delta
    GROUP BY product_id, facility_id
) AS moved
    ON item.product_id = moved.product_id AND item.facility_id = moved.facility_id
WHEN MATCHED THEN UPDATE SET
    quantity_on_hand_total = item.quantity_on_hand_total + moved.quantity,
    available_to_promise_total = item.available_to_promise_total + moved.quantity
WHEN NOT MATCHED THEN INSERT VALUES (moved.product_id, moved.facility_id, moved.quantity, moved.quantity)
