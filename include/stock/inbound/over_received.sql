-- Items received in this transaction of which more has arrived than was shipped.
-- Reads received_item, shipment, shipment_item, shipment_receipt.
WITH received AS (
    SELECT
        shipment_id,
        shipment_item_seq_id,
        sum(quantity_accepted + quantity_rejected) AS units
    FROM shipment_receipt
    WHERE shipment_id IN (SELECT received_item.found_shipment_id FROM received_item)
    GROUP BY shipment_id, shipment_item_seq_id
    HAVING bool_or(recorded_at = now())
)

SELECT
    coalesce(shipment.external_id, shipment.shipment_id) AS shipment,
    coalesce(item.item_external_id, item.shipment_item_seq_id) AS item,
    item.product_id,
    trim_scale(received.units)::text AS received,
    trim_scale(item.quantity)::text AS shipped
FROM received
INNER JOIN shipment_item AS item
    ON received.shipment_id = item.shipment_id AND received.shipment_item_seq_id = item.shipment_item_seq_id
INNER JOIN shipment ON item.shipment_id = shipment.shipment_id
WHERE received.units > item.quantity
ORDER BY shipment.shipment_id, item.shipment_item_seq_id
