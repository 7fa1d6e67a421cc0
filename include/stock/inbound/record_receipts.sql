-- Records what has arrived and adds to movement what it does to stock. Units of a product that is named alone go to its
-- items one after the other, as far as they are open, and what is too many to the last.
-- Units from before the newest snapshot of their product and facility are in its number already; units of a kit are no
-- stock, for what it promises is computed from its components.
-- Reads received_item, shipment, shipment_item, shipment_item_open, inventory_snapshot, product; writes
-- shipment_receipt, movement.
WITH part AS (
    SELECT
        line.line_number,
        line.found_shipment_id AS shipment_id,
        line.product_id,
        line.rejection_reason,
        line.received_at,
        kind.is_accepted,
        kind.units,
        sum(kind.units) OVER (
            PARTITION BY line.found_shipment_id, line.product_id
            ORDER BY line.line_number ASC, kind.is_accepted DESC
        ) AS thru_unit
    FROM received_item AS line
    CROSS JOIN LATERAL (
        VALUES (TRUE, line.quantity_accepted), (FALSE, line.quantity_rejected)
    ) AS kind (is_accepted, units)
    WHERE kind.units > 0 AND line.found_seq_id IS NULL
),

named AS (
    SELECT
        found_shipment_id AS shipment_id,
        found_seq_id AS shipment_item_seq_id,
        sum(quantity_accepted + quantity_rejected) AS units
    FROM received_item
    WHERE found_seq_id IS NOT NULL AND found_shipment_id IN (SELECT part.shipment_id FROM part)
    GROUP BY found_shipment_id, found_seq_id
),

room AS (
    SELECT
        item.shipment_id,
        item.shipment_item_seq_id,
        item.product_id,
        greatest(item.open_quantity - coalesce(named.units, 0), 0) AS units,
        lead(item.shipment_item_seq_id) OVER same_product IS NULL AS is_last,
        sum(greatest(item.open_quantity - coalesce(named.units, 0), 0)) OVER same_product AS thru_unit
    FROM shipment_item_open AS item
    INNER JOIN (SELECT DISTINCT part.shipment_id FROM part) AS begun ON item.shipment_id = begun.shipment_id
    LEFT JOIN named
        ON item.shipment_id = named.shipment_id AND item.shipment_item_seq_id = named.shipment_item_seq_id
    WINDOW same_product AS (PARTITION BY item.shipment_id, item.product_id ORDER BY item.shipment_item_seq_id)
),

piece AS (
    SELECT
        part.line_number,
        part.shipment_id,
        room.shipment_item_seq_id,
        room.product_id,
        part.rejection_reason,
        part.received_at,
        part.is_accepted,
        least(part.thru_unit, CASE WHEN room.is_last THEN 'Infinity' ELSE room.thru_unit END)
        - greatest(part.thru_unit - part.units, room.thru_unit - room.units) AS units
    FROM part
    INNER JOIN room ON part.shipment_id = room.shipment_id AND part.product_id = room.product_id
),

shared_out AS (
    SELECT
        line.line_number,
        line.found_shipment_id AS shipment_id,
        line.found_seq_id AS shipment_item_seq_id,
        item.product_id,
        line.rejection_reason,
        line.received_at,
        line.quantity_accepted AS accepted,
        line.quantity_rejected AS rejected
    FROM received_item AS line
    INNER JOIN shipment_item AS item
        ON line.found_shipment_id = item.shipment_id AND line.found_seq_id = item.shipment_item_seq_id
    WHERE line.quantity_accepted > 0 OR line.quantity_rejected > 0
    UNION ALL
    SELECT
        line_number,
        shipment_id,
        shipment_item_seq_id,
        product_id,
        rejection_reason,
        received_at,
        coalesce(sum(units) FILTER (WHERE is_accepted), 0),
        coalesce(sum(units) FILTER (WHERE NOT is_accepted), 0)
    FROM piece
    WHERE units > 0
    GROUP BY line_number, shipment_id, shipment_item_seq_id, product_id, rejection_reason, received_at
),

arrived AS MATERIALIZED (
    SELECT
        shared_out.*,
        shipment.destination_facility_id AS facility_id
    FROM shared_out
    INNER JOIN shipment ON shared_out.shipment_id = shipment.shipment_id
),

newest AS (
    SELECT
        snapshot.facility_id,
        covered.product_id,
        max(snapshot.as_of) AS as_of
    FROM inventory_snapshot AS snapshot
    CROSS JOIN LATERAL unnest(snapshot.product_ids) AS covered (product_id)
    WHERE
        snapshot.as_of >= (SELECT min(arrived.received_at) FROM arrived)
        AND snapshot.facility_id IN (SELECT arrived.facility_id FROM arrived)
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
        arrived.accepted,
        arrived.rejected,
        CASE WHEN arrived.rejected > 0 THEN arrived.rejection_reason END,
        arrived.received_at,
        newest.as_of IS NOT NULL,
        %(receipt_key)s::text,
        %(data_manager_log_id)s::bigint,
        arrived.line_number
    FROM arrived
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
