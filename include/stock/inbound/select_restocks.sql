-- Restocks: one by its shipment, or those that wait and are due. Reads scheduled_restock.
SELECT
    shipment_id,
    restock_name,
    facility_id,
    shop_id,
    product_store_id,
    scheduled_at,
    status_id,
    closed_at
FROM scheduled_restock
WHERE
    shipment_id = %(shipment_id)s::text
    OR (status_id = 'SCHEDULED' AND scheduled_at <= %(due)s::timestamptz)
ORDER BY scheduled_at, shipment_id
