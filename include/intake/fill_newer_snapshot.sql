-- Of what newer snapshots have spoken: those of a later moment and, for a snapshot, of the same one and written later;
-- for a delta, of the same one. Reads inventory_snapshot, data_manager_log; writes newer_snapshot.
INSERT INTO newer_snapshot (product_id, facility_id)
SELECT DISTINCT
    covered.product_id,
    snapshot.facility_id
FROM inventory_snapshot AS snapshot
LEFT JOIN data_manager_log AS log ON snapshot.data_manager_log_id = log.data_manager_log_id
CROSS JOIN LATERAL unnest(snapshot.product_ids) AS covered (product_id)
WHERE
    snapshot.as_of >= %(as_of)s
    AND (
        NOT %(is_snapshot)s
        OR (snapshot.as_of, log.file_modified_at, log.file_name)
        > (%(as_of)s, %(file_modified_at)s, %(file_name)s::text)
    )
