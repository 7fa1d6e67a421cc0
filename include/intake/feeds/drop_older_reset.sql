-- Rows about a product and facility of which a newer snapshot has already spoken are out of date. Of two snapshots of
-- the same moment the one that was written later is the newer, whichever comes first.
-- Reads understood_row, inventory_snapshot, data_manager_log; writes staged.
DELETE FROM staged
USING
    understood_row AS understood,
    (
        SELECT
            snapshot.facility_id,
            covered.product_id
        FROM inventory_snapshot AS snapshot
        INNER JOIN data_manager_log AS log ON snapshot.data_manager_log_id = log.data_manager_log_id
        CROSS JOIN LATERAL unnest(snapshot.product_ids) AS covered (product_id)
        WHERE
            snapshot.as_of >= %(as_of)s
            AND (snapshot.as_of, log.file_modified_at, log.file_name)
            > (%(as_of)s, %(file_modified_at)s, %(file_name)s::text)
    ) AS newer
WHERE
    staged.ctid = understood.staged_at
    AND understood.usable
    AND understood.product_id = newer.product_id
    AND understood.facility_id = newer.facility_id
