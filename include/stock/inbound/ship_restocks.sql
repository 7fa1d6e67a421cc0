-- A restock is a shipment from nowhere that is announced and not received yet. Reads restock_row; writes shipment_row.
INSERT INTO shipment_row (
    line_number, shipment_id, shipment_key, status_id, destination_facility_id, product_id, quantity
)
SELECT
    line_number,
    shipment_id,
    'id ' || shipment_id,
    CASE WHEN is_new THEN 'PURCH_SHIP_CREATED' END,
    facility_id,
    product_id,
    quantity
FROM restock_row
