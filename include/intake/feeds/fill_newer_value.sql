-- Finds the values of which a newer file has already spoken. Of two files of the same moment the one that was written
-- later is the newer, then the one with the greater name, whichever comes first.
-- Reads product_facility_snapshot, data_manager_log, rule_file; writes newer_value.
INSERT INTO newer_value (product_id, facility_id, field, is_of_rules)
SELECT
    covered.product_id,
    snapshot.facility_id,
    snapshot.field,
    bool_and(rule_file.file_name IS NOT NULL) AS is_of_rules
FROM product_facility_snapshot AS snapshot
INNER JOIN data_manager_log AS log ON snapshot.data_manager_log_id = log.data_manager_log_id
LEFT JOIN rule_file ON log.file_name = rule_file.file_name
CROSS JOIN LATERAL unnest(snapshot.product_ids) AS covered (product_id)
WHERE
    snapshot.as_of >= %(as_of)s
    AND (snapshot.as_of, log.file_modified_at, log.file_name)
    > (%(as_of)s, %(file_modified_at)s, %(file_name)s::text)
GROUP BY covered.product_id, snapshot.facility_id, snapshot.field
