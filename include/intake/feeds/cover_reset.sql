-- Notes which products this snapshot has spoken of, per facility; answers how many rows that were.
-- Reads resolved_row; writes inventory_snapshot.
WITH covered AS (
    INSERT INTO inventory_snapshot (data_manager_log_id, facility_id, as_of, product_ids)
    SELECT
        %(data_manager_log_id)s,
        facility_id,
        %(as_of)s,
        array_agg(product_id)
    FROM resolved_row
    WHERE usable
    GROUP BY facility_id
    RETURNING cardinality(product_ids) AS products
)

SELECT coalesce(sum(products), 0) FROM covered
