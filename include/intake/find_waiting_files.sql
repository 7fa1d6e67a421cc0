-- Files that were taken or noted for taking before a moment, and have not been processed since, the oldest first.
-- Reads data_manager_log.
SELECT
    data_manager_log_id,
    config_id,
    file_name,
    status_id,
    created_at,
    message
FROM data_manager_log
WHERE status_id IN ('CLAIMED', 'PENDING') AND created_at < %(before)s
ORDER BY data_manager_log_id
