-- The floor of receipts: the one statement that joins the file, records the receipts, writes the ledger, moves the
-- stock and calls the shipments received. No checks, no rejects, no snapshots, no marks, no log.
WITH arrived AS (
    SELECT
        item.shipment_id,
        item.shipment_item_seq_id,
        item.product_id,
        shipment.destination_facility_id AS facility_id,
        raw.quantity_accepted::numeric AS accepted,
        raw.quantity_rejected::numeric AS rejected,
        raw.received_date::timestamptz AS received_at
    FROM raw
    INNER JOIN shipment ON raw.external_shipment_id = shipment.external_id
    INNER JOIN shipment_item AS item
        ON shipment.shipment_id = item.shipment_id AND raw.item_external_id = item.item_external_id
),

recorded AS (
    INSERT INTO shipment_receipt (
        shipment_id, shipment_item_seq_id, product_id, facility_id, quantity_accepted, quantity_rejected, received_at,
        is_in_snapshot, line_number
    )
    SELECT
        shipment_id,
        shipment_item_seq_id,
        product_id,
        facility_id,
        accepted,
        rejected,
        received_at,
        FALSE,
        0
    FROM arrived
),

detail AS (
    INSERT INTO inventory_item_detail (
        product_id, facility_id, quantity_on_hand_diff, available_to_promise_diff, reason_enum_id, shipment_id,
        effective_at
    )
    SELECT
        product_id,
        facility_id,
        accepted,
        accepted,
        'VAR_SHIP_RECV',
        shipment_id,
        received_at
    FROM arrived
),

closed AS (
    UPDATE shipment SET status_id = 'PURCH_SHIP_RECEIVED'
    WHERE shipment_id IN (SELECT arrived.shipment_id FROM arrived)
)

MERGE INTO inventory_item AS item
USING (
    SELECT
        product_id,
        facility_id,
        sum(accepted) AS quantity
    FROM arrived
    GROUP BY product_id, facility_id
) AS moved
    ON item.product_id = moved.product_id AND item.facility_id = moved.facility_id
WHEN MATCHED THEN UPDATE SET
    quantity_on_hand_total = item.quantity_on_hand_total + moved.quantity,
    available_to_promise_total = item.available_to_promise_total + moved.quantity
WHEN NOT MATCHED THEN INSERT VALUES (moved.product_id, moved.facility_id, moved.quantity, moved.quantity)
