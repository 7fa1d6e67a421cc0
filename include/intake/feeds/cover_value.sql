-- Notes of which products' values this file has spoken, changed or not. Reads product_value; writes
-- product_facility_snapshot.
INSERT INTO product_facility_snapshot (data_manager_log_id, facility_id, field, as_of, product_ids)
SELECT
    %(data_manager_log_id)s,
    facility_id,
    field,
    %(as_of)s,
    array_agg(product_id)
FROM product_value
GROUP BY facility_id, field
