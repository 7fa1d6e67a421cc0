-- Items received in this transaction of which more has arrived than was shipped.
-- Reads received_item, shipment, shipment_item_open, shipment_receipt.
SELECT
    coalesce(shipment.external_id, shipment.shipment_id) AS shipment,
    coalesce(item.item_external_id, item.shipment_item_seq_id) AS item,
    item.product_id,
    trim_scale(item.accepted + item.rejected)::text AS received,
    trim_scale(item.quantity)::text AS shipped
FROM shipment_item_open AS item
INNER JOIN shipment ON item.shipment_id = shipment.shipment_id
WHERE
    item.shipment_id IN (SELECT received_item.found_shipment_id FROM received_item)
    AND item.accepted + item.rejected > item.quantity
    AND EXISTS (
        SELECT FROM shipment_receipt AS receipt
        WHERE
            receipt.shipment_id = item.shipment_id AND receipt.shipment_item_seq_id = item.shipment_item_seq_id
            AND receipt.recorded_at = now()
    )
ORDER BY shipment.shipment_id, item.shipment_item_seq_id
