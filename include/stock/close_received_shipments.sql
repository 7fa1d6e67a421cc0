-- A shipment of which nothing is open any more is received. Reads received_item, shipment_item_open; writes shipment.
UPDATE shipment SET status_id = 'PURCH_SHIP_RECEIVED'
WHERE
    shipment.shipment_id IN (SELECT received_item.found_shipment_id FROM received_item)
    AND NOT EXISTS (
        SELECT FROM shipment_item_open AS item
        WHERE item.shipment_id = shipment.shipment_id AND item.open_quantity > 0
    )
    AND EXISTS (SELECT FROM shipment_receipt AS receipt WHERE receipt.shipment_id = shipment.shipment_id)
