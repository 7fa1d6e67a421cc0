-- Items of the shipments just received of which more has arrived than was shipped.
-- Reads received_item, shipment, shipment_item_open.
SELECT
    coalesce(shipment.external_id, shipment.shipment_id) AS shipment,
    coalesce(item.item_external_id, item.shipment_item_seq_id) AS item,
    item.product_id,
    trim_scale(item.accepted + item.rejected)::text AS received,
    trim_scale(item.quantity)::text AS shipped
FROM shipment_item_open AS item
INNER JOIN shipment ON item.shipment_id = shipment.shipment_id
WHERE
    item.accepted + item.rejected > item.quantity
    AND EXISTS (
        SELECT FROM received_item AS line
        WHERE
            line.found_shipment_id = item.shipment_id
            AND (
                line.found_seq_id = item.shipment_item_seq_id
                OR (line.found_seq_id IS NULL AND line.product_id = item.product_id)
            )
    )
ORDER BY shipment.shipment_id, item.shipment_item_seq_id
