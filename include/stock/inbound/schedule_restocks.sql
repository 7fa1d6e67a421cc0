-- The restocks that there were not. Reads restock_row; writes scheduled_restock.
INSERT INTO scheduled_restock (
    shipment_id, restock_name, facility_id, shop_id, product_store_id, scheduled_at, requested_name, requested_at,
    data_manager_log_id
)
SELECT
    shipment_id,
    requested_name,
    facility_id,
    shop_id,
    (array_agg(product_store_id ORDER BY line_number DESC) FILTER (WHERE product_store_id IS NOT NULL))[1],
    requested_at,
    requested_name,
    requested_at,
    %(data_manager_log_id)s
FROM restock_row
WHERE is_new
GROUP BY shipment_id, requested_name, facility_id, shop_id, requested_at
