-- Which item of its shipment each line of a receipt is about, and where that comes to. Units of a product that is named
-- alone go to its items one after the other, as far as they are open, and what is too many to the last.
-- Reads received_item, shipment, shipment_item, shipment_item_open; writes arrived_item.
INSERT INTO arrived_item (
    line_number, shipment_id, shipment_item_seq_id, product_id, facility_id, rejection_reason, received_at,
    quantity_accepted, quantity_rejected
)
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
)

SELECT
    shared_out.line_number,
    shared_out.shipment_id,
    shared_out.shipment_item_seq_id,
    shared_out.product_id,
    shipment.destination_facility_id,
    shared_out.rejection_reason,
    shared_out.received_at,
    shared_out.accepted,
    shared_out.rejected
FROM shared_out
INNER JOIN shipment ON shared_out.shipment_id = shipment.shipment_id
