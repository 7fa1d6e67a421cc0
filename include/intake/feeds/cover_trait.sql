-- Notes of which products this file has the newest word, changed or not. Reads trait_row; writes
-- product_trait_snapshot.
INSERT INTO product_trait_snapshot (data_manager_log_id, field, as_of, product_ids)
SELECT
    %(data_manager_log_id)s,
    field,
    %(as_of)s,
    array_agg(product_id)
FROM trait_row
GROUP BY field
