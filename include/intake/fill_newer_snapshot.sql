-- Of what newer snapshots have spoken: those of a later moment and, for a snapshot, of the same one and written later;
-- for a delta, of the same one. What is born here, and the ERP has yet to be told of, is in no snapshot of the ERP.
-- Reads inventory_snapshot, data_manager_log, data_manager_config, variance_feed; writes newer_snapshot.
INSERT INTO newer_snapshot (product_id, facility_id, misses_untold)
SELECT DISTINCT
    covered.product_id,
    snapshot.facility_id,
    coalesce(config.is_of_erp, FALSE)
    AND %(is_told_to_erp)s
    AND coalesce(%(as_of)s >= (SELECT min(feed.export_from) FROM variance_feed AS feed), FALSE)
FROM inventory_snapshot AS snapshot
LEFT JOIN data_manager_log AS log ON snapshot.data_manager_log_id = log.data_manager_log_id
LEFT JOIN data_manager_config AS config ON log.config_id = config.config_id
CROSS JOIN LATERAL unnest(snapshot.product_ids) AS covered (product_id)
WHERE
    snapshot.as_of >= %(as_of)s
    AND (
        NOT %(is_snapshot)s
        OR (snapshot.as_of, log.file_modified_at, log.file_name)
        > (%(as_of)s, %(file_modified_at)s, %(file_name)s::text)
    )
