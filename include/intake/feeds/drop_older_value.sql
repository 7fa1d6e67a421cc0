-- Values of which a newer file has already spoken are out of date. Of two files of the same moment the one that was
-- written later is the newer, then the one with the greater name, whichever comes first.
-- Reads product_facility_snapshot, data_manager_log; writes product_value.
DELETE FROM product_value
USING (
    SELECT
        snapshot.facility_id,
        snapshot.field,
        covered.product_id
    FROM product_facility_snapshot AS snapshot
    INNER JOIN data_manager_log AS log ON snapshot.data_manager_log_id = log.data_manager_log_id
    CROSS JOIN LATERAL unnest(snapshot.product_ids) AS covered (product_id)
    WHERE
        snapshot.as_of >= %(as_of)s
        AND (snapshot.as_of, log.file_modified_at, log.file_name)
        > (%(as_of)s, %(file_modified_at)s, %(file_name)s::text)
) AS newer
WHERE
    product_value.product_id = newer.product_id
    AND product_value.facility_id = newer.facility_id
    AND product_value.field = newer.field
