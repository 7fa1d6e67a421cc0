-- Files of the same name that were applied and are shorter than this one: it may begin with one of them.
-- Reads data_manager_log.
SELECT
    data_manager_log_id,
    file_size,
    file_sha256
FROM data_manager_log
WHERE
    config_id = %(config_id)s AND file_name = %(file_name)s AND file_size < %(file_size)s
    AND status_id IN ('FINISHED', 'FINISHED_WITH_ERRORS')
ORDER BY file_size DESC
