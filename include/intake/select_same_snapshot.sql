-- The latest application of the very same snapshot, by name, content and moment. Reads data_manager_log.
SELECT max(data_manager_log_id)
FROM data_manager_log
WHERE
    file_sha256 = %(file_sha256)s AND config_id = %(config_id)s AND file_name = %(file_name)s AND as_of = %(as_of)s
    AND status_id IN ('FINISHED', 'FINISHED_WITH_ERRORS')
