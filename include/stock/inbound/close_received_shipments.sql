-- A shipment of which nothing is open any more is received.
-- Reads received_item, shipment_item, shipment_receipt; writes shipment.
WITH begun AS (
    SELECT DISTINCT found_shipment_id AS shipment_id FROM received_item
),

received AS (
    SELECT
        shipment_id,
        shipment_item_seq_id,
        sum(quantity_accepted + quantity_rejected) AS units
    FROM shipment_receipt
    WHERE shipment_id IN (SELECT begun.shipment_id FROM begun)
    GROUP BY shipment_id, shipment_item_seq_id
),

closed AS (
    SELECT item.shipment_id
    FROM shipment_item AS item
    LEFT JOIN received
        ON item.shipment_id = received.shipment_id AND item.shipment_item_seq_id = received.shipment_item_seq_id
    WHERE item.shipment_id IN (SELECT begun.shipment_id FROM begun)
    GROUP BY item.shipment_id
    HAVING bool_and(item.quantity <= coalesce(received.units, 0)) AND count(received.units) > 0
)

UPDATE shipment SET status_id = 'PURCH_SHIP_RECEIVED'
FROM closed
WHERE shipment.shipment_id = closed.shipment_id
