-- Files that the data manager has put aside for good: their changes were not made, and may be found again. Of several
-- logs of one file the latest tells. Reads data_manager_log; writes rule_file.
UPDATE rule_file
SET status_id = 'GIVEN_UP', data_manager_log_id = log.data_manager_log_id
FROM (
    SELECT DISTINCT ON (file_name)
        file_name,
        data_manager_log_id,
        status_id
    FROM data_manager_log
    WHERE config_id = %(config_id)s AND file_name IN (SELECT file_name FROM rule_file WHERE status_id = 'PLANNED')
    ORDER BY file_name ASC, data_manager_log_id DESC
) AS log
WHERE
    rule_file.status_id = 'PLANNED'
    AND rule_file.file_name = log.file_name
    AND log.status_id IN ('FAILED', 'CRASHED', 'CANCELLED')
