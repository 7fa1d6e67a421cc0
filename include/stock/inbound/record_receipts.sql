-- Records what has arrived and adds to movement what it does to stock. Units from before the newest snapshot of their
-- product and facility are in its number already; units of a kit are no stock, for what it promises is computed from
-- its components.
-- Reads arrived_item, inventory_snapshot, product; writes shipment_receipt, movement.
WITH newest AS (
    SELECT
        snapshot.facility_id,
        covered.product_id,
        max(snapshot.as_of) AS as_of
    FROM inventory_snapshot AS snapshot
    CROSS JOIN LATERAL unnest(snapshot.product_ids) AS covered (product_id)
    WHERE
        snapshot.as_of >= (SELECT min(arrived.received_at) FROM arrived_item AS arrived)
        AND snapshot.facility_id IN (SELECT arrived.facility_id FROM arrived_item AS arrived)
    GROUP BY snapshot.facility_id, covered.product_id
),

recorded AS (
    INSERT INTO shipment_receipt (
        shipment_id, shipment_item_seq_id, product_id, facility_id, quantity_accepted, quantity_rejected,
        rejection_reason, received_at, is_in_snapshot, receipt_key, data_manager_log_id, line_number
    )
    SELECT
        arrived.shipment_id,
        arrived.shipment_item_seq_id,
        arrived.product_id,
        arrived.facility_id,
        arrived.quantity_accepted,
        arrived.quantity_rejected,
        CASE WHEN arrived.quantity_rejected > 0 THEN arrived.rejection_reason END,
        arrived.received_at,
        newest.as_of IS NOT NULL,
        %(receipt_key)s::text,
        %(data_manager_log_id)s::bigint,
        arrived.line_number
    FROM arrived_item AS arrived
    LEFT JOIN newest
        ON
            arrived.product_id = newest.product_id AND arrived.facility_id = newest.facility_id
            AND arrived.received_at <= newest.as_of
    ORDER BY arrived.line_number, arrived.shipment_item_seq_id
    RETURNING *
),

moved AS (
    INSERT INTO movement (
        product_id, facility_id, quantity_on_hand_diff, available_to_promise_diff, reason_enum_id, line_number,
        shipment_id, effective_at
    )
    SELECT
        product_id,
        facility_id,
        quantity_accepted,
        quantity_accepted,
        %(reason_enum_id)s,
        line_number,
        shipment_id,
        received_at
    FROM recorded
    WHERE
        quantity_accepted > 0
        AND NOT is_in_snapshot
        AND product_id NOT IN (SELECT kit.product_id FROM product AS kit WHERE kit.is_kit)
)

SELECT
    count(DISTINCT line_number),
    count(DISTINCT line_number) FILTER (WHERE is_in_snapshot AND quantity_accepted > 0),
    coalesce(sum(quantity_accepted), 0)
FROM recorded
