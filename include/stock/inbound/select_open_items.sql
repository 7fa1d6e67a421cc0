-- What is still open of a shipment. Reads shipment_item_open.
SELECT
    shipment_item_seq_id,
    product_id,
    open_quantity
FROM shipment_item_open
WHERE shipment_id = %(shipment_id)s AND open_quantity > 0
ORDER BY shipment_item_seq_id
