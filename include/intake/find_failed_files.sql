-- Files that failed or crashed since a moment, and that neither were retried nor came again under their name.
-- Reads data_manager_log.
SELECT
    log.data_manager_log_id,
    log.config_id,
    log.file_name,
    log.status_id,
    log.message
FROM data_manager_log AS log
WHERE
    log.status_id IN ('FAILED', 'CRASHED')
    AND coalesce(log.finished_at, log.created_at) > %(since)s
    AND NOT EXISTS (
        SELECT FROM data_manager_log AS later
        WHERE
            later.data_manager_log_id > log.data_manager_log_id
            AND (
                later.parent_log_id = log.data_manager_log_id
                OR (later.config_id = log.config_id AND later.file_name = log.file_name)
            )
    )
ORDER BY log.data_manager_log_id
